# One device of the lab: its files, its network, its power; sourced by `device` and `boot.sh`, not run.
# shellcheck shell=bash disable=SC2154

network=${LAB_NETWORK:-198.18.0} # of RFC 2544, which no real network uses; the host is .1 on every link

# machine NAME: the variables that speak of this device.
machine() {
	name=$1
	dir=$lab_cache/devices/$name
	sysroot=$dir/sysroot
	number=$(sed 's/.*\.//' "$dir/address" 2>/dev/null) || true
	global=appliance-lab-$number # what is not below a folder is called by the number, which is unique on the host
	cgroup=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)/$global
	init=$cgroup/machine/payload/init.scope
}

running() { grep -qs 'populated 1' "$cgroup/cgroup.events"; }

# entries prints the boot loader's entries as GRUB orders them.
entries() { grep -H '^version ' "$sysroot"/boot/loader/entries/*.conf | sort -t' ' -k2 -rn | cut -d: -f1; }

# deployment_of ENTRY: the folder that the kernel argument names.
deployment_of() { readlink -f "$sysroot$(sed -n 's/^options .*ostree=\([^ ]*\).*/\1/p' "$1")"; }

# deploy URL: what Anaconda does, in its order; then its remote is in /etc, not in the repository.
deploy() {
	local repo=$sysroot/ostree/repo objects=$lab_cache/releases/objects known= root
	mkdir -p "$sysroot"
	address
	: >"$dir/console"
	: >"$dir/ostree-booted"
	mknod -m 666 "$dir/fuse" c 10 229 # as udev makes them; the host's may be for root alone
	mknod -m 666 "$dir/tun" c 10 200
	ostree admin init-fs "$sysroot"
	ostree admin os-init "$lab_os" --sysroot="$sysroot" >/dev/null
	ostree config --repo="$repo" set sysroot.bootloader none
	ostree config --repo="$repo" set core.fsync false # the host has the power that its disk needs
	ostree remote add --repo="$repo" --no-gpg-verify edge "$1"
	[ ! -d "$objects" ] || known=--localcache-repo=$objects
	ostree pull --repo="$repo" ${known:+"$known"} edge "$lab_ref" >>"$dir/console" || return
	ostree admin deploy --sysroot="$sysroot" --os="$lab_os" --karg=root=LABEL=root --karg=rw edge:"$lab_ref" >>"$dir/console" || return
	ostree config --repo="$repo" unset --group='remote "edge"' 2>/dev/null || sed -i '/^\[remote "edge"\]/,/^$/d' "$repo/config"
	root=$(deployment_of "$(entries | head -n 1)")
	printf '[remote "edge"]\nurl=%s\ngpg-verify=false\n' "$1" >"$root/etc/ostree/remotes.d/edge.conf"
	echo "$name" >"$root/etc/hostname"
	printf '127.0.1.1 %s\n%s.1 builder\n' "$name" "$network" >>"$root/etc/hosts"
	mkdir -p "$sysroot/boot/grub"
	ln -s grub "$sysroot/boot/grub2"
	grub-editenv "$sysroot/boot/grub/grubenv" create
	grub-editenv "$sysroot/boot/grub/grubenv" set boot_success=1
}

# address takes a free number for the device, and with it the network namespace of that number.
address() {
	for number in $(seq 2 250); do
		ip netns add "appliance-lab-$number" 2>/dev/null || continue
		echo "$network.$number" >"$dir/address"
		machine "$name"
		connect
		return
	done
	die "all 249 addresses are taken; ip netns list shows them"
}

# connect gives the device its network: one link to the host, which has the same address on the link to each device.
connect() {
	local link=applab$number
	[ -e "/run/netns/$global" ] || ip netns add "$global"
	if ip link show "$link" >/dev/null 2>&1; then
		[ "$(cat "/sys/class/net/$link/ifalias")" = "$dir" ] || die "the address of device \"$name\" now belongs to another; destroy it, and init it again"
		return
	fi
	ip link add "$link" type veth peer name host0 netns "$global"
	ip link set "$link" alias "$dir" up
	ip addr add "$network.1" peer "$network.$number" dev "$link"
	ip -n "$global" link set lo up
	ip -n "$global" addr add "$network.$number" peer "$network.1" dev host0
	ip -n "$global" link set host0 up
	ip -n "$global" route add default via "$network.1"
}

# nspawn DEPLOYMENT ARGUMENT…: a container with the mounts that the initramfs makes.
nspawn() {
	local root=$1
	shift
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$root" --machine="$global" \
		--register=no --keep-unit --resolv-conf=off --timezone=off --link-journal=no --console=read-only \
		--network-namespace-path="/run/netns/$global" \
		--system-call-filter="keyctl add_key request_key bpf" --bind="$dir/fuse:/dev/fuse" --bind="$dir/tun:/dev/net/tun" \
		--bind="$sysroot:/sysroot" --bind="$sysroot/boot:/boot" --bind="$sysroot/ostree/deploy/$lab_os/var:/var" --bind-ro="$root/usr:/usr" \
		"$@"
}

# leader prints the process that is 1 inside, or nothing when the machine is off or not yet that far.
leader() { head -n 1 "$init/cgroup.procs" 2>/dev/null || true; }

# inside CMD…: as root, in the namespaces and the cgroup of the machine.
inside() {
	local leader
	until leader=$(leader) && [ -n "$leader" ]; do
		running || die "device \"$name\" is off; its console is $dir/console"
		sleep 0.02
	done
	(
		echo $BASHPID >"$init/cgroup.procs"
		exec nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wdns=/ \
			env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
	)
}

# as_user CMD…: through PAM, so that logind opens a session and the user's manager runs.
as_user() {
	inside systemd-run --quiet --collect --wait --pipe --uid=admin --property=PAMName=login \
		--property=WorkingDirectory=/var/home/admin --setenv=LANG=C.UTF-8 -- "$@"
}

# post CMD…: in the deployment that boots next, with no systemd running, as the installer runs %post.
post() {
	running && die "device \"$name\" is on; an installer works on one that is off"
	connect
	nspawn "$(deployment_of "$(entries | head -n 1)")" --console=pipe --as-pid2 \
		sh -c 'systemd-tmpfiles --create --boot --prefix=/var 2>/dev/null; exec "$@"' sh "$@"
}

# stop asks the machine to shut down, as a power button does.
stop() {
	local i
	inside systemctl poweroff --no-block >/dev/null 2>&1 || true
	for ((i = 0; i < 900; i++)); do
		running || break
		sleep 0.1
	done
	running && die "device \"$name\" did not shut down in 90 seconds; its console is $dir/console"
	clear_cgroups
}

# cut_power ends every process of the machine and the loop that plays its hardware, at one moment and without a warning.
cut_power() {
	if running; then
		printf '\n%s power cut\n' "$(date +%T.%3N)" >>"$dir/console"
		echo 1 >"$cgroup/cgroup.kill"
		thaw # or who waits for the disk does not end
	fi
	clear_cgroups
	thaw
}

# thaw ends what libostree may have been killed in: it freezes the file system of /boot for a moment when it deploys. A disk
# that loses its power does not stay frozen.
thaw() { fsfreeze --unfreeze "$sysroot" 2>/dev/null || true; }

# clear_cgroups waits for the last process. systemd-nspawn makes the group in the hierarchy of cgroup v1 too, where there is one.
clear_cgroups() {
	local i group
	for group in "$cgroup" "/sys/fs/cgroup/systemd/$global"; do
		for ((i = 0; i < 250; i++)); do
			[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || { sleep 0.02; continue; }
			break
		done
		[ ! -d "$group" ] || die "processes of device \"$name\" are left: $(find "$group" -name cgroup.procs -exec cat {} + | xargs)"
	done
}

destroy() {
	if [ -n "$number" ]; then
		cut_power
		ip link delete "applab$number" 2>/dev/null || true
		ip netns delete "$global" 2>/dev/null || true
		rmdir "/run/systemd/nspawn/propagate/$global" 2>/dev/null || true
	fi
	unmark
	unmount_all
	unmark # what a disk had hidden
	rm -rf --one-file-system "$dir"
}

# unmark takes from the deployments what libostree and systemd-nspawn mark them with.
unmark() {
	local deployment
	for deployment in "$sysroot"/ostree/deploy/*/deploy/*/; do
		[ -d "$deployment" ] || continue
		chattr -f -i "$deployment" || true
		rm -f "/run/systemd/nspawn/locks/inode-$(stat -c %d:%i "$deployment")"
	done
}

# unmount_all takes away what is mounted below the device's folder, the last mount first: a disk that it was given.
unmount_all() {
	local at below
	below=$(readlink -m "$dir")/
	findmnt -rn -o TARGET | tac | while IFS= read -r at; do
		at=$(printf %b "$at") # spaces and the like are \xNN there
		case $at in "$below"*) umount "$at" ;; esac
	done
}
