# The builder of the lab: its program, its configuration, its process, its releases; sourced by `lab`, not run.
# shellcheck shell=bash disable=SC2154

lab_demo=$lab_cache/demo # all that `lab up` makes, but for the devices
lab_blueprint=debian_edge
lab_data=$lab_demo/data
AUTH=$lab_demo/auth # the token as a header, so that it is in no list of processes; the curl lines on the stage name it
export AUTH

# setting NAME: what `up` was told.
setting() { sed -n "s/^$1=//p" "$lab_demo/settings" 2>/dev/null || true; }

# addresses sets the variables that name the builder: url for devices, near for this machine.
addresses() {
	port=$(setting port)
	url=http://$(setting network).1:$port
	patience=1
	if [ "$(setting kind)" = vm ]; then url=http://10.0.2.2:$port patience=15; fi # qemu's name for this machine
	near=http://127.0.0.1:$port
}

# builder_process prints the builder's process, if it is that.
builder_process() {
	local process
	process=$(cat "$lab_demo/builder.pid" 2>/dev/null) || return 0
	! tr '\0' '\n' <"/proc/$process/cmdline" 2>/dev/null | grep -qxF "$lab_data" || echo "$process"
}

# api METHOD PATH [CURL-ARGUMENT…]: a request of the API, whose answer is JSON.
api() {
	local method=$1 path=$2
	shift 2
	curl --silent --show-error --fail-with-body --max-time 120 --request "$method" --header "@$AUTH" "$@" "$near/api/v1/$path"
}

# program prints the appliance to be shown.
program() {
	local file
	for file in "${APPLIANCE:-}" "$lab_scripts/../../bin/appliance" "$(type -P appliance || true)"; do
		[ -z "$file" ] || [ ! -x "$file" ] || { realpath "$file"; return; }
	done
	die "there is no appliance to show; build it with: make build (or name it in APPLIANCE)"
}

# configure writes what an audience has the patience for. Everything else is the default. A machine whose code is
# translated needs more time for its checks.
configure() {
	local deadline=40s
	[ "$(setting kind)" != vm ] || deadline=10m
	cat >"$lab_demo/appliance.toml" <<TOML
# Of the lab: an audience waits seconds where an edge site waits hours.
[device.os]
updates = "now"
every = "10s"
delay = "0s"

[device.updates]
every = "10s"
jitter = "0s"
settle = "3s"

[device.health]
attempts = 2
deadline = "$deadline"
settle = "2s"

[device.report]
enabled = true
every = "10s"
TOML
	echo fail-with-body >"$lab_demo/.curlrc" # a refusal ends the step
}

# start_builder starts it, or finds that it runs. It signs nothing: Debian's OSTree cannot verify ed25519.
start_builder() {
	local i
	addresses
	[ -z "$(builder_process)" ] || return 0
	! curl --silent --max-time 2 --output /dev/null "$near/" || die "something else answers on port $port; take another one with: $0 up --port N"
	setsid "$lab_demo/appliance" serve --sample --no-sign --listen ":$port" --url "$url" --data "$lab_data" \
		--config "$lab_demo/appliance.toml" </dev/null >>"$lab_demo/builder.log" 2>&1 7>&- &
	echo $! >"$lab_demo/builder.pid"
	disown
	for ((i = 0; i < 300; i++)); do
		! curl --silent --fail --max-time 2 --output /dev/null "$near/healthz" || break
		kill -0 "$(cat "$lab_demo/builder.pid")" 2>/dev/null || i=300
		sleep 0.1
	done
	if [ "$i" -ge 300 ]; then
		tail -n 5 "$lab_demo/builder.log" >&2
		die "the builder does not start; all that it said is in $lab_demo/builder.log"
	fi
	(umask 077 && printf 'Authorization: Bearer %s\n' "$(cat "$lab_data/token")" >"$AUTH")
}

# stop_builder lets it end by itself; one that does not in ten seconds is ended.
stop_builder() {
	local process i
	process=$(builder_process)
	[ -n "$process" ] || return 0
	kill -TERM "$process" 2>/dev/null || true
	for ((i = 0; i < 150; i++)); do
		[ -n "$(builder_process)" ] || return 0
		sleep 0.1
	done
	kill -KILL "$process" 2>/dev/null || true
	until [ -z "$(builder_process)" ]; do sleep 0.1; done
}

# release_state VERSION: staged, published, superseded; or nothing where the builder has no such release.
release_state() { api GET "releases/$lab_blueprint/$1" 2>/dev/null | jq -r '.state // empty' || true; }

published() { api GET "releases/$lab_blueprint" | jq -r '.[] | select(.state == "published").version'; }

# digest_of APP TAG
digest_of() { api GET "apps/$1/tags" | jq -r --arg tag "$2" '.[] | select(.name == $tag).digest'; }

# fill_builder DIR imports the releases of DIR, and publishes the first where none is.
fill_builder() {
	local n
	for n in 1 2 3; do
		[ -z "$(release_state "0.0.$n")" ] || continue
		say "importing $lab_blueprint@0.0.$n"
		api PUT "releases/$lab_blueprint/0.0.$n" --upload-file "$1/v$n.tar" >/dev/null
	done
	[ -n "$(published)" ] || api POST "releases/$lab_blueprint/0.0.1/publish" >/dev/null
}

# remove_cache removes what took minutes, unless devices of somebody else are made of it.
remove_cache() {
	local others
	others=$(find "$lab_cache"/{devices,vms} -mindepth 1 -maxdepth 1 -type d -printf '%f ' 2>/dev/null || true)
	[ -z "$others" ] || die "the releases stay, because other devices were made of them: $others"
	rm -rf "$lab_cache"/{,vm-}{tree,releases}{,.made,.log} "$lab_cache"/{devices,vms,lock} "$lab_cache/lab.lock"
	rmdir "$lab_cache" 2>/dev/null || true
}
