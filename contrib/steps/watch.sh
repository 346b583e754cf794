# What the steps see of devices: the list, the diary as it is written, the applications themselves; sourced, not run.
# shellcheck shell=bash disable=SC2154

# has_device: whether a device follows the blueprint and still reports.
has_device() {
	local head line
	must GET /api/v1/devices
	head=${answer%%$'\n'*}
	[[ $head == *BLUEPRINT* ]] || return 1
	while IFS= read -r line; do
		[ "$(cell BLUEPRINT "$line")" != "$blueprint" ] || [[ $line == *'(stale)' ]] || return 0
	done <<<"$answer"
	return 1
}

# watch KIND TEXT: shows the diary from the step's change on, until a device tells KIND with TEXT in it. Where nothing has
# moved, or nobody will tell, it fails.
watch() {
	if [ -z "$moved" ]; then
		tell Note "$dim" "It was so already, so nothing moves and nothing is waited for."
		return 1
	fi
	if ! has_device || [ "$patience" -eq 0 ]; then
		follow '&follow=0' 10 '' ''
		return 1
	fi
	follow '' "$patience" "$1" "$2" || die 1 "no device told \"$1\" within $patience seconds; appliance device doctor on the device says why, and STEPS_WAIT waits longer"
}

# follow QUERY SECONDS KIND TEXT: prints the diary as it comes; with curl's -N nothing waits in a buffer.
follow() {
	local url="$server/api/v1/events?after=$mark$1" line curl stream header='' found=1
	[ -z "$private" ] || header="Authorization: Bearer $token"
	type_line "curl -sN -H 'Accept: text/plain' '$url'"
	exec {stream}< <(exec curl -sN --max-time "$2" "${text[@]}" -H @- "$url" <<<"$header")
	curl=$!
	while IFS= read -r line <&"$stream"; do
		[[ $line != *' tag.moved '* ]] || continue # app.retagged tells the same
		brief "$line"
		if [ -n "$3" ] && [[ $line == *" device.$3 "*"$4"* ]]; then found=0 && break; fi
	done
	exec {stream}<&-
	kill "$curl" 2>/dev/null || true
	wait "$curl" 2>/dev/null || true
	return "$found"
}

# brief LINE: digests of 64 digits are shortened to what tells them apart.
brief() {
	local line=$1
	while [[ $line =~ ([0-9a-f]{12})[0-9a-f]{52} ]]; do
		line=${line/"${BASH_REMATCH[0]}"/"${BASH_REMATCH[1]}"}
	done
	printf '  %s\n' "$line"
}

# otherwise HINT: what to look at when no device told it just now.
otherwise() {
	if has_device; then
		act GET /api/v1/devices
	else
		todo "No device of $blueprint reports to this builder. Where one follows it nevertheless, look there: $1"
	fi
}

# visit: asks the application on the device that STEPS_DEVICE names.
visit() {
	local url=http://${STEPS_DEVICE:-DEVICE}:$port/version.txt said
	if [ -z "${STEPS_DEVICE:-}" ]; then
		todo "Ask the application: curl -s $url (export STEPS_DEVICE=ADDRESS, and the steps do it)"
		return
	fi
	[[ $STEPS_DEVICE =~ ^[][A-Za-z0-9.:-]+$ ]] || die 2 "STEPS_DEVICE \"$STEPS_DEVICE\" is neither a name nor an address"
	type_line "curl -s -w '\\n%{time_total} seconds\\n' $url"
	said=$(curl -sS --max-time 90 -w '\n%{time_total} seconds\n' "$url" 2>&1) || die 1 "the application does not answer: $said"
	printf '  %s\n' "${said//$'\n'/$'\n'  }"
}
