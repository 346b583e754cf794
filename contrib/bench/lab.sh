# Devices of the lab beside the demonstration's stock units, on one device in one run. Sourced by run; needs root.
# shellcheck shell=bash disable=SC2154

lab_seconds=${BENCH_LAB_SECONDS:-60} # each broken image is watched so long
lab_network=${LAB_NETWORK:-198.19.9}

device() { LAB_NETWORK=$lab_network contrib/lab/device bench-lab "$@"; }
lab_cli() { APPLIANCE_SERVER=$url "$bin" --data "$work/lab" "$@"; }
lab_admin() { device in install -D -o admin -g admin -m 644 /dev/stdin "/var/home/admin/.config/systemd/user/$1"; }

bench_lab() (
	[ "$(id -u)" -eq 0 ] || { note "lab: needs root"; return; }
	trap 'device destroy 2>/dev/null || true; finish' EXIT
	rm -rf "$work/lab" "$work"/lab-*.res
	lab_start
	lab_rollback
	lab_stock
	lab_apps
	lab_cold
)

# lab_start: a builder, and a device set up by device install and nothing else.
lab_start() {
	local releases n address=http://$lab_network.1:$port
	releases=$(contrib/lab/commits)
	cat >"$work/lab.toml" <<-'TOML'
		[device.health]
		settle = "1s"
		[device.updates]
		every = "10s"
		jitter = "0s"
		settle = "3s"
		[[app]]
		name = "2048"
		unit = "app1"
		port = 8081
		start = "10s"
		[[app]]
		name = "simple-http"
		unit = "httpd"
		port = 8080
		cold = true
		idle = "3s"
		[[app]]
		name = "stock"
	TOML
	serve "$work/lab" --sample --no-sign --listen ":$port" --url "$address" --config "$work/lab.toml"
	for n in 1 2 3; do lab_cli release import "debian_edge@0.0.$n" "$releases/v$n.tar" >/dev/null 2>&1; done
	lab_cli release publish debian_edge@0.0.1 >/dev/null
	device destroy 2>/dev/null || true
	device init "$address/debian_edge/repo/" # from here on this host has the address
	for n in v1 v2 v3 v4-mute prod; do
		no_proxy=$lab_network.1 skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false --dest-creds "x:$(cat "$work/lab/token")" "docker://127.0.0.1:$port/2048:$n" "docker://127.0.0.1:$port/stock:$n"
	done
	device post sh -ec "mkdir -p /usr/local/bin; curl -fs $address/download/appliance-linux-amd64 -o /usr/local/bin/appliance; chmod 755 /usr/local/bin/appliance
		appliance device install --from $address/debian_edge >/dev/null" 2>/dev/null
	device boot
	device wait >/dev/null
	host=$(sed -n 's/^address //p' < <(device status))
	serving 8081 "2048 v1"
}
boots() { sed -n 's/^boots //p' < <(device status); }
serving() { # serving PORT TEXT
	local i
	for ((i = 0; i < 1200; i++)); do
		case $(curl -s -m 2 --noproxy "*" "http://$host:$1/version.txt") in "$2"*) return ;; esac
		sleep 0.05
	done
	note "lab: port $1 never says \"$2\"" && exit 1
}

# lab_rollback: from the reboot into a release without git, over its trial boots, to green on the one before.
lab_rollback() {
	local start before
	lab_cli release publish debian_edge@0.0.2 >/dev/null
	for _ in $(seq "$runs"); do
		before=$(boots)
		device in appliance device update os --force >/dev/null 2>&1 || true
		start=$(now)
		until [ "$(boots)" -ge $((before + 4)) ] && [ "$(device in appliance device status -o json 2>/dev/null | jq -r '.boot.verdict + " " + (.os[] | select(.booted).version)')" = "green 0.0.1" ]; do sleep 0.05; done
		{ since "$start" && echo; } >>"$work/lab-os.res"
		device wait >/dev/null
		serving 8081 "2048 v1"
	done
	echo
	echo "Rollback of a broken OS release, s from the reboot to green on the one before, over 3 trial boots: $(median <"$work/lab-os.res") ($(sort -n "$work/lab-os.res" | xargs) in order), load $(cut -d' ' -f1 /proc/loadavg)"
}

# lab_stock: what "podman generate systemd --new" writes for an image with auto-update, a timer of 10 s, and the
# trio of socket, proxy and container that is stopped when idle.
lab_stock() {
	local run='/usr/bin/podman run --cidfile=%t/%n.ctr-id --cgroups=no-conmon --rm --sdnotify=conmon --replace -d'
	local service="[Service]
Environment=PODMAN_SYSTEMD_UNIT=%n
Restart=on-failure
TimeoutStopSec=70
ExecStartPre=/bin/rm -f %t/%n.ctr-id
ExecStop=/usr/bin/podman stop --ignore -t 3 --cidfile=%t/%n.ctr-id
ExecStopPost=/usr/bin/podman rm -f --ignore -t 3 --cidfile=%t/%n.ctr-id
Type=notify
NotifyAccess=all
SuccessExitStatus=2 137 143"
	lab_admin container-stock.service <<<"[Unit]
StartLimitIntervalSec=0
$service
ExecStart=$run --name stock -p 8083:8081 --label io.containers.autoupdate=registry $lab_network.1:$port/stock:prod"
	lab_admin stock-update.service <<<$'[Service]\nType=oneshot\nExecStart=/usr/bin/podman auto-update'
	lab_admin stock-update.timer <<<$'[Timer]\nOnActiveSec=1s\nOnUnitInactiveSec=10s\nAccuracySec=100ms'
	lab_admin container-fn.service <<<"[Unit]
StopWhenUnneeded=yes
StartLimitIntervalSec=0
$service
ExecStart=$run --name fn -p 127.0.0.1:8085:8080 $lab_network.1:$port/simple-http:prod"
	lab_admin fn-proxy.socket <<<$'[Socket]\nListenStream=8084'
	lab_admin fn-proxy.service <<<$'[Unit]\nRequires=container-fn.service fn-proxy.socket\nAfter=container-fn.service fn-proxy.socket\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd --exit-idle-time=3s 127.0.0.1:8085'
	device as-user systemctl --user daemon-reload
	device as-user systemctl --user start container-stock.service stock-update.timer fn-proxy.socket
	serving 8083 "2048 v1"
}

# probe PORT NAME: asks 20 times a second until told to stop, and prints how many were asked and not answered.
probe() {
	local asked=0 lost=0 next=${EPOCHREALTIME/./} wait
	while [ ! -e "$work/stop" ]; do
		curl -sf --noproxy '*' -o /dev/null -m 0.5 "http://$host:$1/version.txt" || lost=$((lost + 1))
		asked=$((asked + 1)) next=$((next + 50000)) wait=$((next - ${EPOCHREALTIME/./}))
		if [ $wait -gt 0 ]; then sleep "$(printf '0.%06d' $wait)"; else next=${EPOCHREALTIME/./}; fi
	done
	echo "$asked $lost" >"$work/probe-$2"
}

# lab_apps: a broken image for both at one moment, then a good one.
lab_apps() {
	local tag ours stock after
	echo
	echo "Broken application, watched for $lab_seconds s at 20 requests a second; both look for updates every 10 s; an app has 10 s to start"
	echo
	echo '| image | appliance: lost s | restarts | stock units: lost s | restarts |'
	echo '|---|---|---|---|---|'
	for tag in v2:"entrypoint cannot start" v4-mute:"starts and never listens"; do
		rm -f "$work/stop"
		probe 8081 ours & ours=$!
		probe 8083 stock & stock=$!
		sleep 1
		after=$(date +%H:%M:%S)
		lab_cli app retag 2048 "${tag%%:*}" >/dev/null
		lab_cli app retag stock "${tag%%:*}" >/dev/null
		sleep "$lab_seconds"
		touch "$work/stop"
		wait "$ours" "$stock"
		printf '| %s | %s | %s | %s | %s |\n' "${tag#*:}" "$(lost ours)" "$(starts app1 "$after")" "$(lost stock)" "$(starts stock "$after")"
		lab_cli app retag 2048 v1 >/dev/null
		lab_cli app retag stock v1 >/dev/null
		serving 8081 "2048 v1" && serving 8083 "2048 v1"
	done
	device as-user systemctl --user stop stock-update.timer
	echo
	echo "A probe that is not answered within half a second counts as lost for the time until the next one. Load $(cut -d' ' -f1 /proc/loadavg)"
}
lost() { awk -v s="$((lab_seconds + 1))" '{ printf "%.1f", $1 ? s * $2 / $1 : 0 }' "$work/probe-$1"; }
starts() { device in journalctl -q --since "$2" -o cat "_SYSTEMD_USER_UNIT=container-$1.service" + "USER_UNIT=container-$1.service" | grep -c '^Starting ' || true; }

# lab_cold: the first request of an app that sleeps, and when it sleeps again.
lab_cold() {
	local i
	for i in $(seq "$runs"); do
		cold_request 8080 httpd ours
		cold_request 8084 fn stock
	done
	echo
	echo "First request of a cold application, s, medians of $runs alternated: appliance $(median <"$work/lab-ours-cold.res"), stock trio $(median <"$work/lab-stock-cold.res"); the next one: $(median <"$work/lab-ours-warm.res"), $(median <"$work/lab-stock-warm.res"); asleep again after s (3 s of idle time asked for): $(median <"$work/lab-ours-idle.res"), $(median <"$work/lab-stock-idle.res"). Load $(cut -d' ' -f1 /proc/loadavg)"
}
cold_request() { # cold_request PORT UNIT NAME
	local start
	until asleep "$2"; do sleep 0.2; done
	curl -sf --noproxy '*' -o /dev/null -w '%{time_total}\n' "http://$host:$1/" >>"$work/lab-$3-cold.res"
	curl -sf --noproxy '*' -o /dev/null -w '%{time_total}\n' "http://$host:$1/" >>"$work/lab-$3-warm.res"
	start=$(now)
	until asleep "$2"; do sleep 0.1; done
	{ since "$start" && echo; } >>"$work/lab-$3-idle.res"
}
asleep() { [ "$(device as-user systemctl --user is-active "container-$1.service" || true)" != active ]; }
