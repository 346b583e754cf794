# What the steps share: whom they ask, what they move, how they wait; sourced, not run.
# shellcheck shell=bash disable=SC2034

steps=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=speech.sh
. "$steps/speech.sh"
# shellcheck source-path=SCRIPTDIR source=watch.sh
. "$steps/watch.sh"

server=${APPLIANCE_SERVER:-http://127.0.0.1:8080}
while [[ $server == */ ]]; do server=${server%/}; done
token=${APPLIANCE_TOKEN:-}
patience=${STEPS_WAIT:-600} # seconds that a device has for what a step waits for
text=(-H 'Accept: text/plain')
private='' # set where the builder wants the token for reading, too
blueprint='' first='' broken='' good='' sample=''
app='' tag='' port='' tags=() published='' mark=0 moved='' answer='' code=''

# The status of a refusal is that of the appliance command: 2 usage, 4 not there, 5 refused, 1 anything else.
die() {
	printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit "$1"
}

# call METHOD PATH [JSON]: one request; what the builder says is in $answer, its status in $code. The token goes to curl
# through standard input, because everybody may read the arguments of a process.
call() {
	local body=() header=''
	[ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data "$3")
	[ "$1" = GET ] && [ -z "$private" ] || header="Authorization: Bearer $token"
	answer=$(curl -sS --max-time 60 -X "$1" "${text[@]}" -H @- "${body[@]}" -w '%{http_code}' "$server$2" <<<"$header") ||
		die 1 "no builder answers at $server; APPLIANCE_SERVER says where it is, and this starts one: appliance serve --sample"
	code=${answer: -3}
	answer=${answer%???}
	answer=${answer%$'\n'}
}

# must METHOD PATH [JSON]: the same, and a refusal is the end of the step.
must() {
	call "$@"
	case $code in
	2*) ;;
	401) die 5 "${answer%%$'\n'*}"$'\n'"hint: export APPLIANCE_TOKEN=…, which this prints on the builder: appliance token" ;;
	404) die 4 "$answer" ;;
	*) die 1 "$answer" ;;
	esac
}

# begin review|change: finds the builder, the blueprint and its three releases; before a change it wants the token.
begin() {
	[[ $server =~ ^https?://[][A-Za-z0-9.:-]+$ ]] || die 2 "APPLIANCE_SERVER \"$server\" is not an address such as http://builder:8080"
	[[ ! $token =~ [^[:graph:]] ]] || die 2 "APPLIANCE_TOKEN has a character that no token has; this prints it on the builder: appliance token"
	[[ $patience =~ ^[0-9]{1,6}$ ]] || die 2 "STEPS_WAIT \"$patience\" is no number of seconds"
	if [ "$1" = change ] && [ -z "$token" ]; then
		die 5 "this step changes what devices follow, and APPLIANCE_TOKEN is empty; on the builder: export APPLIANCE_TOKEN=\$(appliance token)"
	fi
	call GET /api/v1/status
	[ "$code" != 401 ] || [ -z "$token" ] || private=yes
	must GET /api/v1/status
	choose_blueprint
	choose_releases
}

# choose_blueprint takes STEPS_BLUEPRINT, or the first one with three releases.
choose_blueprint() {
	local name count
	blueprint=${STEPS_BLUEPRINT:-}
	[[ $blueprint =~ ^[A-Za-z0-9_.-]*$ ]] || die 2 "STEPS_BLUEPRINT \"$blueprint\" is no name of a blueprint"
	[ -z "$blueprint" ] || return 0
	must GET /api/v1/blueprints
	while read -r name _ _ count _; do
		[[ -n $blueprint || ! $count =~ ^[0-9]+$ || $count -lt 3 ]] || blueprint=$name
	done <<<"$answer"
	[ -n "$blueprint" ] || die 4 "no blueprint at $server has three releases; compose or import them, or look at the samples: appliance serve --sample"
}

# choose_releases takes STEPS_RELEASES, or the three oldest of the blueprint: the one to begin with, one that breaks
# devices, one that does not.
choose_releases() {
	local version all=() wanted
	must GET "/api/v1/releases/$blueprint"
	while read -r _ version _; do
		[[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || all=("$version" "${all[@]}") # the newest comes first
	done <<<"$answer"
	[[ ! $answer =~ [[:space:]]sample ]] || sample=yes
	read -ra wanted <<<"${STEPS_RELEASES:-${all[*]:0:3}}"
	[ ${#wanted[@]} -eq 3 ] || die 4 "the steps need three releases of $blueprint, and there are: ${all[*]:-none}; or STEPS_RELEASES does not name three"
	for version in "${wanted[@]}"; do
		[[ " ${all[*]} " == *" $version "* ]] || die 4 "there is no release $blueprint@$version; there are: ${all[*]}"
	done
	first=${wanted[0]} broken=${wanted[1]} good=${wanted[2]}
}

# choose_app warm|cold: the step needs such an application, and its versions come along.
choose_app() {
	find_app "$1" || die 4 "the builder has no such application: ${app:-$1}; this lists them: curl $server/api/v1/apps"
}

# find_app warm|cold: STEPS_APP, or for a cold one STEPS_COLD_APP; without them the first of its kind. Its followed tag,
# its port and the three versions that play come along: STEPS_TAGS, or the first three tags that nobody follows.
find_app() {
	local kind=$1 head line name this
	app=${STEPS_APP:-} tag='' port=''
	[ "$kind" = warm ] || app=${STEPS_COLD_APP:-}
	must GET /api/v1/apps
	head=${answer%%$'\n'*}
	while IFS= read -r line; do
		[ "$line" != "$head" ] || continue
		read -r name _ <<<"$line"
		this=$(cell REMARKS "$line")
		[[ $this == cold* ]] && this=cold || this=warm
		[ -n "$app" ] || [ "$this" != "$kind" ] || app=$name
		[ "$name" != "$app" ] || tag=$(cell FOLLOWED "$line") port=$(cell PORT "$line")
	done <<<"$answer"
	[ -n "$tag" ] || return 1
	choose_tags
}

choose_tags() {
	local name
	tags=()
	must GET "/api/v1/apps/$app/tags"
	while read -r name _; do
		[ "$name" = TAG ] || [ "$name" = "$tag" ] || tags+=("$name")
	done <<<"$answer"
	[ -z "${STEPS_TAGS:-}" ] || read -ra tags <<<"$STEPS_TAGS"
	tags=("${tags[@]:0:3}")
	for name in "${tags[@]}"; do
		[[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ ]] || die 2 "\"$name\" is no tag"
		[ -n "$(digest_of "$name")" ] || die 4 "$app has no tag $name; this lists them: curl $server/api/v1/apps/$app/tags"
	done
}

# need_tags N: the step wants so many versions of the application.
need_tags() { [ ${#tags[@]} -ge "$1" ] || die 4 "$app has ${#tags[@]} versions beside $tag, and this step needs $1: push or mirror them"; }

# digest_of TAG prints it, from the table of tags in $answer.
digest_of() {
	local name digest
	while read -r name digest _; do
		[ "$name" != "$1" ] || printf '%s' "$digest"
	done <<<"$answer"
}

# cell TITLE LINE: what stands under a title of the table that begins with $head.
cell() {
	local before=${head%%"$1"*} rest
	rest=${2:${#before}}
	rest=${rest#"${rest%%[! ]*}"} # numbers stand to the right
	printf '%s' "${rest%%  *}"
}

# look_up_published finds the version that devices follow.
look_up_published() {
	local version state
	published=''
	must GET "/api/v1/releases/$blueprint"
	while read -r _ version state _; do
		[ "$state" != published ] || published=$version
	done <<<"$answer"
}

# remember marks the place in the diary from which a step tells.
remember() {
	text=()
	must GET /api/v1/status
	text=(-H 'Accept: text/plain')
	[[ $answer =~ \"events_last_id\":([0-9]+) ]] || die 1 "the builder at $server does not say where its diary ends; it is of another version"
	mark=${BASH_REMATCH[1]}
}

# publish VERSION and retag TAG do what everything else follows from; $moved says whether anything was to do.
publish() {
	look_up_published
	moved=yes
	[ "$published" != "$1" ] || moved=''
	remember
	act POST "/api/v1/releases/$blueprint/$1/publish"
}
retag() {
	must GET "/api/v1/apps/$app/tags"
	moved=yes
	[ "$(digest_of "$1")" != "$(digest_of "$tag")" ] || moved=''
	remember
	act POST "/api/v1/apps/$app/retag" "{\"from\":\"$1\",\"to\":\"$tag\"}"
}

# act METHOD PATH [JSON]: shows the line that a person would type, and what comes back, at most 24 lines of it.
act() {
	local line="curl -sS -H 'Accept: text/plain'" n=0
	[ "$1" = GET ] || line+=" -X $1"
	[ $# -lt 3 ] || line+=" -H 'Content-Type: application/json' -d '$3'"
	if [ "$1" = GET ] && [ -z "$private" ]; then type_line "$line '$server$2'"; else type_line "$line -H @- '$server$2' <<<\"Authorization: Bearer \$APPLIANCE_TOKEN\""; fi
	must "$@"
	while IFS= read -r line; do
		n=$((n + 1))
		[ "$n" -gt 24 ] || printf '  %s\n' "$line"
	done <<<"$answer"
	[ "$n" -le 24 ] || printf '  %s… and %d lines more%s\n' "$dim" $((n - 24)) "$plain"
}
