# The edge site of the lab: its devices, from the installation to the removal; sourced by `lab`, not run.
# shellcheck shell=bash disable=SC2154

# device NAME VERB…: `device` or `vm`, which have the same verbs.
device() { LAB_NETWORK=$(setting network) "$lab_scripts/$(setting kind)" "$@" 7>&-; }

# devices prints the names of the lab's devices.
devices() { find "$lab_demo/devices" -type f -printf '%f\n' 2>/dev/null | sort -V; }

# home_of, address_of, console_of NAME
home_of() { if [ "$(setting kind)" = vm ]; then echo "$lab_cache/vms/$1"; else echo "$lab_cache/devices/$1"; fi; }
address_of() { cat "$(home_of "$1")/address"; }
console_of() { echo "$(home_of "$1")/console"; }

# build_up KIND PORT DEVICES makes what is missing, so it may be repeated after whatever has gone wrong.
build_up() {
	local kind=$1 releases name
	shift
	mkdir -p "$lab_demo/devices" "$lab_data"
	if [ -n "$(builder_process)$(devices)" ]; then
		[ "$kind" = "$(setting kind)" ] || die "the lab is there already, with devices that are made by \"$(setting kind)\"; take it down before: $0 down"
		[ "${1:-$(setting port)}" = "$(setting port)" ] || die "the lab is there already, on port $(setting port); to have it on $1, take it down before: $0 down"
	else
		printf 'kind=%s\nport=%s\nnetwork=%s\n' "$kind" "${1:-8080}" "$network" >"$lab_demo/settings"
	fi
	if [ -z "$(builder_process)" ]; then
		install -m 755 "$(program)" "$lab_demo/appliance"
		configure
	fi
	say "building the releases, which takes a minute or two the first time"
	if [ "$kind" = vm ]; then releases=$("$lab_scripts/commits" vm); else releases=$("$lab_scripts/commits"); fi
	start_builder
	fill_builder "$releases"
	for name in $(seq -f 'edge-%.0f' "$2"); do
		[ "$(cat "$lab_demo/devices/$name" 2>/dev/null)" = installed ] || make_device "$name" >/dev/null
	done
	for name in $(devices); do
		[ "$(device "$name" status | head -n 1)" = on ] || device "$name" boot
	done
	for name in $(devices); do settle_device "$name"; done
}

# make_device NAME makes one that is off: the published release, and what the kickstart's %post does. It prints what
# that says.
make_device() {
	say "installing $1"
	echo begun >"$lab_demo/devices/$1"
	forget "$1"
	device "$1" destroy
	device "$1" init "$url/$lab_blueprint/repo/" >&2
	post_script | device "$1" post sh -s
	echo installed >"$lab_demo/devices/$1"
}

# post_script is what the builder's kickstart has in its %post. The token comes through a pipe: it lets a device in once.
post_script() {
	local token
	token=$(api POST devices/tokens --json "{\"blueprint\":\"$lab_blueprint\",\"valid\":\"1h\"}" | jq -r .token)
	cat <<SH
set -eu
dir=\$(mktemp -d /var/tmp/appliance-XXXXXX)
trap 'rm -rf "\$dir"' EXIT
cd "\$dir"
for file in appliance-linux-amd64 appliance-linux-amd64.sha256; do
	curl --fail --silent --show-error --output "\$file" $url/download/"\$file"
done
sha256sum --check appliance-linux-amd64.sha256
chmod 0755 appliance-linux-amd64
export APPLIANCE_ENROL_TOKEN=$token
./appliance-linux-amd64 device install --from $url/$lab_blueprint
SH
}

# forget NAME removes what the builder knows of devices of that name: the next one has another key.
forget() {
	local id
	for id in $(api GET devices | jq -r --arg name "$1" '.[] | select(.name == $name).id'); do
		api DELETE "devices/$id" >/dev/null
	done
}

# settle_device NAME waits until the boot is judged green, the apps answer and the builder knows it.
settle_device() {
	say "waiting until $1 is green"
	mark "$1"
	await 90 "green boot of $1" is_green "$1" >/dev/null
	await 30 "answer of the app of $1" answers "$1" 8081 v >/dev/null
	await 30 "report of $1 at the builder" reports "$1" '.state == "green"' >/dev/null
}

# status_of NAME FILTER: from the device's own status.
status_of() { device "$1" in appliance device status -o json | jq -r "$2"; }

# is_green NAME: the present boot was judged green. The console is cheaper to ask than the device.
is_green() { last_boot "$1" | grep -q 'boot is green'; }

# last_boot NAME prints the console since GRUB was there last.
last_boot() { awk '/GRUB default=/ { n = 0 } { line[n++] = $0 } END { for (i = 0; i < n; i++) print line[i] }' "$(console_of "$1")"; }

# answers NAME PORT TEXT: that version of an app answers.
answers() { curl --silent --fail --max-time 2 "http://$(address_of "$1"):$2/version.txt" 2>/dev/null | grep -q "$3"; }

# reports NAME FILTER: what the builder's list says of the device.
reports() { api GET devices | jq -e --arg name "$1" ".[] | select(.name == \$name) | $2" >/dev/null 2>&1; }

remove_devices() {
	local name
	for name in $(devices); do
		say "removing $name"
		device "$name" destroy
		rm -f "$lab_demo/devices/$name"
	done
}

# shell [--user] [NAME]: with a terminal of its own inside, so that keys, colours and jobs work.
shell() {
	local user= how=--pipe arguments=()
	[ "${1:-}" != --user ] || { user=yes; shift; }
	[ $# -le 1 ] || usage
	[ ! -t 0 ] || how=--pty
	[ -z "$user" ] || arguments=(--uid=admin --property=PAMName=login --property=WorkingDirectory=/var/home/admin)
	[ -e "$lab_demo/devices/${1:-edge-1}" ] || die "there is no device \"${1:-edge-1}\"; make one with: $0 up"
	if [ "$(setting kind)" = vm ]; then
		if [ -n "$user" ]; then device "${1:-edge-1}" as-user bash --login; else device "${1:-edge-1}" in bash --login; fi
		return
	fi
	network=$(setting network)
	need_root nsenter
	machine "${1:-edge-1}"
	inside systemd-run --quiet --collect --wait "$how" "${arguments[@]}" --setenv=TERM="${TERM:-dumb}" --setenv=LANG=C.UTF-8 -- bash --login
}

show_status() {
	local name
	need_root curl jq
	[ -e "$lab_demo/settings" ] || { echo "the lab is down; put it up with: $0 up"; return; }
	addresses
	if [ -n "$(builder_process)" ]; then
		echo "builder   on   $near/"
		curl --silent --max-time 10 --header 'Accept: text/plain' "$near/api/v1/releases/$lab_blueprint"
		echo
		curl --silent --max-time 10 --header 'Accept: text/plain' "$near/api/v1/devices"
	else
		echo "builder   off"
	fi
	for name in $(devices); do
		printf '\n%s is %s, http://%s:8081/ and :8080/\n' "$name" "$(device "$name" status | head -n 1)" "$(address_of "$name")"
	done
}

# show_env prints what makes the lines of the stage work in another terminal.
show_env() {
	[ -e "$AUTH" ] || die "the lab is down; put it up with: $0 up"
	addresses
	printf 'export AUTH=%q APPLIANCE_SERVER=%q PATH=%q:$PATH\nexport APPLIANCE_TOKEN=$(cat %q)\n' "$AUTH" "$near" "$lab_demo" "$lab_data/token"
}
