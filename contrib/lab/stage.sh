# The stage: how the steps speak, show, wait and fail; sourced by `lab`, not run.
# shellcheck shell=bash disable=SC2154

wait_for_speaker=yes
bold= dim= red= green= yellow= cyan= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' plain=$'\e[0m'
fi
declare -A mark=()

on_stage() {
	[ -n "$(builder_process)" ] || die "the lab is down; put it up with: $0 up"
	addresses
	[ -t 0 ] && [ -t 1 ] || wait_for_speaker=
	look_around
}

# look_around finds the device that the audience watches.
look_around() {
	first=$(devices | head -n 1)
	host=
	[ -z "$first" ] || host=$(address_of "$first")
}

# scene TITLE
scene() { printf '\n%s== %s ==%s\n' "$bold" "$1" "$plain"; }

# tell LABEL COLOUR TEXT: folded, so that it reads well on a projector.
tell() {
	local label=$1 colour=$2
	shift 2
	fold -s -w 96 <<<"$*" | sed "s/ *$//; 1s/^/$(printf '%-7s' "$label")/; 1!s/^/       /; s/^/$colour/; s/\$/$plain/"
}

# speak TEXT: what the speaker says.
speak() { echo; tell Say "$cyan" "$@"; }

# look_at TEXT: what the audience should look at.
look_at() { tell Watch "$yellow" "$@"; }

# seen TEXT: what has been proved.
seen() { tell Seen "$green" "$@"; }

# breathe lets the speaker finish.
breathe() {
	[ -n "$wait_for_speaker" ] || return 0
	printf '%s       [Enter]%s' "$dim" "$plain"
	read -r _ || true
}

# act COMMAND: shows the line, runs it, and shows what it prints, at most 30 lines.
act() {
	local out
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	out=$(CURL_HOME=$lab_demo && export CURL_HOME && eval "$1" 2>&1) || { printf '%s\n' "$out"; broken "this line failed: $1"; }
	sed 's/^/  /' <<<"$out" | head -n "${2:-30}"
}

# on_device COMMAND…, as_admin COMMAND…: the same on the first device.
on_device() { show_on '#' in "$@"; }
as_admin() { show_on '$' as-user "$@"; }
show_on() {
	local prompt=$1 how=$2 out
	shift 2
	printf '%s%s%s %s%s\n' "$bold" "$first" "$prompt" "$*" "$plain"
	out=$(device "$first" "$how" sh -c "$*" 2>&1) || { printf '%s\n' "$out"; broken "$first could not: $*"; }
	sed 's/^/  /' <<<"$out" | head -n 30
}

broken() {
	printf '%s%s%s\n' "$red" "$*" "$plain" >&2
	die "the step did not go as it should; $0 status, and the console in $(console_of "${first:-edge-1}"), say more. $0 step 1 begins again"
}

# mark NAME: from here on the console counts for the step.
mark() {
	mark[$1]=$(stat -c %s "$(console_of "$1")")
	shown=0
}

# since NAME prints the console since the mark.
since() { tail -c "+$((mark[$1] + 1))" "$(console_of "$1")"; }

# await SECONDS WHAT COMMAND…: tells what the first device does until the command succeeds, and how long that took.
await() {
	local limit=$(($1 * patience)) what=$2 begin
	shift 2
	begin=$(date +%s%N)
	until "$@"; do
		relate
		[ $(($(date +%s%N) - begin)) -lt "${limit}000000000" ] || broken "no $what within $limit seconds"
		sleep 0.2
	done
	relate
	took=$((($(date +%s%N) - begin) / 100000000))
	took=${took%?}.${took: -1}
	[ "${took#.}" = "$took" ] || took=0$took
}

# relate tells what the console says since it was asked last, as far as it matters to an audience. A line that is not
# complete yet is left for the next time.
relate() {
	local text
	[ -n "${first:-}" ] || return 0
	text=$(since "$first" | tail -n "+$((shown + 1))"; echo .) # the dot keeps the newline at the end
	text=${text%.}
	[[ $text == *$'\n'* ]] || return 0
	text=${text%$'\n'*}
	shown=$((shown + $(wc -l <<<"$text")))
	narrate <<<"$text"
}

# narrate turns the console into a story.
narrate() {
	awk -v now="$(date +%T)" -v name="$first" -v dim="$dim" -v red="$red" -v green="$green" -v yellow="$yellow" -v plain="$plain" '
		function out(colour, text) {
			while (match(text, /sha256:[0-9a-f]+/) && RLENGTH > 19) text = substr(text, 1, RSTART + 18) substr(text, RSTART + RLENGTH)
			printf "  %s%s %s%s  %s%s%s\n", dim, now, name, plain, colour, substr(text, 1, 150), plain
		}
		{ sub(/\r$/, "") }
		/GRUB default=/ {
			counter = $0; sub(/.*boot_counter=/, "", counter); sub(/ .*/, "", counter)
			entry = "the default entry"; if (/default=1/) entry = "the second entry"
			if (match($0, / boots "/)) { entry = substr($0, RSTART + RLENGTH); sub(/ \(ostree.*/, "", entry) }
			out(yellow, "boots " entry (counter == "" ? "" : counter < 0 ? ": its trials are used up" : ", on trial, " counter " more after this"))
		}
		/ machine ended with 133/ { out(yellow, "shuts down and restarts") }
		/ power cut$/ { out(red, "loses its power") }
		!/appliance\[[0-9]+\]: / { next }
		{ sub(/^.*appliance\[[0-9]+\]: /, "") }
		/: (pulling|trying) / { out("", $0) }
		/: going back to / { out(red, $0) }
		/^[a-z0-9-]+ +[a-z0-9-]+ +(updated|failed) / { out(green, $1 " is updated") }
		/^[a-z0-9-]+ +[a-z0-9-]+ +rolled back / { out(red, $1 " is rolled back") }
		/ gets [0-9]+ boots?$|^rebooting into |^giving up |^booted into / { out(yellow, $0) }
		/^FAIL  .*\/required\.d\// { out(red, "a required check fails") }
		/^reason: +in quarantine / { sub(/^reason: +/, ""); out("", "looks again, and passes it over: " $0) }
		/^boot is green/ { out(green, $0) }
		/^boot is red/ { out(red, $0) }'
}
