# The device side as processes of this machine: install, check, probe, proxy. Sourced by run; needs root, for chroot.
# shellcheck shell=bash disable=SC2154

# measure FILE CMD…: runs a command and appends "wall CPU" in ms to $work/FILE.res.
measure() {
	local file=$1 TIMEFORMAT='%3R %3U %3S'
	shift
	{ time "$@" >/dev/null 2>"$work/measure.log"; } 2>"$work/measure.time" || { cat "$work/measure.log" >&2; exit 1; }
	awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }' "$work/measure.time" >>"$work/$file.res"
}
# middle FILE: the medians, wall and of them CPU.
middle() { printf '%s (CPU %s)' "$(cut -d' ' -f1 "$work/$1.res" | median)" "$(cut -d' ' -f2 "$work/$1.res" | median)"; }

# bare_root DIR: what a system has before anything is installed.
bare_root() {
	rm -rf "$1"
	mkdir -p "$1"/{etc/systemd/{system,user},etc/greenboot/check/required.d,usr/bin,usr/lib,usr/local/bin,var/lib,var/home/admin,run,tmp,proc}
	ln -s var/home "$1/home"
	printf 'root:x:0:0:root:/root:/bin/sh\nadmin:x:1000:1000::/var/home/admin:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nadmin:x:1000:\n' >"$1/etc/group"
	echo admin:100000:65536 | tee "$1/etc/subuid" >"$1/etc/subgid"
	chown 1000:1000 "$1/var/home/admin"
}

# device_profile: the demonstration's two apps, and checks that take no time.
device_profile() {
	cat <<-'TOML'
		blueprint = "demo_upgrade"
		builder = "http://builder.example:8080"
		user = "admin"
		[os]
		url = "http://builder.example:8080/demo_upgrade/repo/"
		ref = "rhel/9/x86_64/edge"
		updates = "stage"
		[registry]
		insecure = ["builder.example:8080"]
		[[app]]
		name = "2048"
		unit = "app1"
		image = "builder.example:8080/2048:prod"
		port = 18094
		[[app]]
		name = "simple-http"
		unit = "httpd"
		image = "builder.example:8080/simple-http:prod"
		port = 18095
		cold = true
		[[check]]
		name = "users"
		kind = "file"
		target = "/etc/passwd"
		[[check]]
		name = "groups"
		kind = "file"
		target = "/etc/group"
	TOML
}

bench_device() {
	[ "$(id -u)" -eq 0 ] || { note "device: needs root"; return; }
	device_install
	device_check
	device_probe
	device_proxy
}

# device_install: the whole process, into a fresh root and once more; beside a process that does nothing.
device_install() {
	local root=$work/device changed writes
	local install=("$bin" device install --root "$root" --profile "$work/device.toml" --podman-version 4.9)
	rm -f "$work"/device-*.res
	device_profile >"$work/device.toml"
	for _ in $(seq 20); do
		bare_root "$root"
		measure device-fresh "${install[@]}"
		touch "$work/mark" && sleep 0.01
		measure device-again "${install[@]}"
		measure device-version "$bin" version
	done
	changed=$(find "$root" -newercm "$work/mark" | wc -l)
	echo
	echo "Device, ms, medians of 20: install into a fresh root $(middle device-fresh), install again $(middle device-again), appliance version (a process that does nothing) $(middle device-version)"
	if command -v strace >/dev/null; then
		strace -f -qq -o "$work/strace" -e trace=openat,open,mkdirat,renameat,renameat2,symlinkat,linkat,unlinkat,fchmodat,fchownat,fsync "${install[@]}" >/dev/null
		writes=$(grep -v ' = -1 ' "$work/strace" | grep -cE '(mkdirat|renameat2?|symlinkat|linkat|unlinkat|fchmodat|fchownat|fsync)\(|open(at)?\(.*O_(WRONLY|RDWR|CREAT)' || true)
		echo "The second install changes $changed files or folders, and opens for writing, makes, renames, removes or syncs one $writes times"
	fi
}

# device_check: two checks of files, so that all that is left is overhead. The stability window is set to nothing.
device_check() {
	local root=$work/device
	{ sed '/^\[\[app\]\]/,/^\[\[check\]\]/{/^\[\[check\]\]/!d}' "$work/device.toml"; printf '[health]\nsettle = "0s"\n'; } >"$root/etc/appliance/device.toml"
	[ -e "$root/usr/bin/appliance-bench" ] || cp "$bin" "$root/usr/bin/appliance-bench"
	rm -f "$work"/check-*.res
	for _ in $(seq 20); do
		measure check-check chroot "$root" /usr/bin/appliance-bench device check
		measure check-version chroot "$root" /usr/bin/appliance-bench version
	done
	echo "device check with two checks of files $(middle check-check), version in the same chroot $(middle check-version)"
	cp "$work/device.toml" "$root/etc/appliance/device.toml"
}

# device_probe: how long after an app listens its probe ends; and with one that listens already.
device_probe() {
	local root=$work/device nginx_port=18094 probing ready us
	rm -f "$work"/probe-*.res
	mkdir -p "$work/www"
	head -c 1000 /dev/zero | tr '\0' x >"$work/www/index.html"
	for _ in $(seq 10); do
		{ chroot "$root" /usr/bin/appliance-bench device probe --app app1 --deadline 20s && echo "${EPOCHREALTIME/./}" >"$work/probe-end"; } &
		probing=$!
		sleep "0.$((RANDOM % 500 + 300))"
		start_nginx_at_once "$work/www"
		until (: <>/dev/tcp/127.0.0.1/$nginx_port) 2>/dev/null; do :; done
		ready=${EPOCHREALTIME/./}
		wait "$probing"
		us=$(($(cat "$work/probe-end") - ready))
		echo $((us / 1000)) >>"$work/probe-after.res"
		measure probe-warm chroot "$root" /usr/bin/appliance-bench device probe --app app1
		kill "$peer" && wait "$peer" || true
		peer=
	done
	echo "Probe, ms, medians of 10: ends $(median <"$work/probe-after.res") after the app listens ($(sort -n "$work/probe-after.res" | tail -n 1) at most), $(middle probe-warm) with an app that listens already"
}
start_nginx_at_once() { # start_nginx without its wait
	mkdir -p "$work/nginx"
	printf 'user root; worker_processes 1; daemon off; pid %s/nginx/pid; error_log %s/nginx/error.log; events { } http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:%d; root %s; } }' \
		"$work" "$work" "$nginx_port" "$1" >"$work/nginx.conf"
	nginx -c "$work/nginx.conf" -p "$work/nginx" 2>/dev/null &
	peer=$!
}

# device_proxy: our proxy of a cold app beside systemd-socket-proxyd, before the same server.
device_proxy() {
	local root=$work/device nginx_port kind stranger=/lib/systemd/systemd-socket-proxyd
	nginx_port=$(grep -oE '127\.0\.0\.1:[0-9]+:' "$root/etc/appliance/units/container-httpd.service" | cut -d: -f2)
	[ -x "$stranger" ] || { note "proxy: systemd-socket-proxyd is not here"; return; }
	rm -f "$work"/proxy-*.res
	start_nginx "$work/www"
	for _ in $(seq "$runs"); do
		proxied appliance 18095 chroot "$root" /usr/bin/appliance-bench device proxy --app httpd
		proxied proxyd 18096 "$stranger" "127.0.0.1:$nginx_port"
		load_of direct "$nginx_port"
	done
	kill "$peer" && wait "$peer" || true
	peer=
	echo
	echo "Proxy of a cold app, 1 KB answers, medians of $runs alternated runs"
	echo
	echo '| proxy | idle RSS / anonymous, MB | after 16 connections | kept connection, ms | new connection, ms | requests/s, 16 connections |'
	echo '|---|---|---|---|---|---|'
	for kind in appliance proxyd direct; do
		printf '| %s | %s | %s | %s | %s | %s |\n' "$kind" "$(memory_row "$kind-idle")" "$(memory_row "$kind-busy")" \
			"$(median <"$work/proxy-$kind-kept.res")" "$(median <"$work/proxy-$kind-new.res")" "$(median <"$work/proxy-$kind-rps.res")"
	done
}
memory_row() {
	[ -e "$work/proxy-$1.res" ] || { printf -- '-'; return; }
	printf '%s / %s' "$(cut -d' ' -f1 "$work/proxy-$1.res" | median)" "$(cut -d' ' -f2 "$work/proxy-$1.res" | median)"
}
proxied() { # proxied NAME PORT CMD…: activated by its socket, as on a device
	local name=$1 at=$2
	shift 2
	systemd-socket-activate -l "127.0.0.1:$at" "$@" 2>/dev/null &
	server=$!
	until curl -sf -o /dev/null "http://127.0.0.1:$at/"; do sleep 0.05; done
	memory "$server" >>"$work/proxy-$name-idle.res"
	load_of "$name" "$at"
	memory "$server" >>"$work/proxy-$name-busy.res"
	kill "$server" && wait "$server" || true
	server=
}
memory() { awk '/^VmRSS/ { r = $2 } /^RssAnon/ { a = $2 } END { printf "%.1f %.1f\n", r / 1024, a / 1024 }' "/proc/$1/status"; }
load_of() { # load_of NAME PORT
	latency 1 "$2" >>"$work/proxy-$1-kept.res"
	latency 1 "$2" -H 'Connection: close' >>"$work/proxy-$1-new.res"
	wrk -t1 -c16 -d3s "http://127.0.0.1:$2/" | awk '/Requests\/sec/ { printf "%d\n", $2 }' >>"$work/proxy-$1-rps.res"
}
latency() { # latency CONNECTIONS PORT [ARG…]: the median, in ms
	local connections=$1 at=$2
	shift 2
	wrk -t1 -c"$connections" -d2s --latency "$@" "http://127.0.0.1:$at/" | awk '$1 == "50%" { v = $2; if (v ~ /us$/) v /= 1000; printf "%.2f\n", v }'
}
