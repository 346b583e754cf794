# How the steps speak: what to say, what to watch, what was seen; sourced, not run.
# shellcheck shell=bash disable=SC2034

bold='' dim='' red='' green='' yellow='' cyan='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' plain=$'\e[0m'
fi

# scene TITLE
scene() { printf '\n%s== %s ==%s\n' "$bold" "$1" "$plain"; }

# tell LABEL COLOUR TEXT: folded, so that it reads well on a projector.
tell() {
	local words word line=''
	printf '%s%-7s' "$2" "$1"
	read -ra words <<<"$3"
	for word in "${words[@]}"; do
		if [ $((${#line} + ${#word})) -ge 96 ]; then
			printf '%s\n       ' "$line"
			line=''
		fi
		line+="${line:+ }$word"
	done
	printf '%s%s\n' "$line" "$plain"
}

# speak TEXT: what the speaker says.
speak() { echo; tell Say "$cyan" "$1"; }

# look_at TEXT: what the audience should look at.
look_at() { tell Watch "$yellow" "$1"; }

# seen TEXT: what has been proved.
seen() { tell Seen "$green" "$1"; }

# todo TEXT: what a person does now, because no program can.
todo() { tell Do "$yellow" "$1"; }

# type_line LINE: what a person would type.
type_line() { printf '%s$ %s%s\n' "$bold" "$1" "$plain"; }
