# The disk of a virtual machine: partitions, file systems, GRUB, and what the installer does; sourced by `vm`, not run.
# It expects a mount namespace of its own. Nothing needs a partition scan, which many kernels of containers cannot do.
# shellcheck shell=bash disable=SC2154

# In sectors of 512 bytes: where GRUB's core lies, /boot, and the rest.
core_start=2048 boot_start=4096 boot_size=786432 root_start=790528 root_size=11790336
core_modules="biosdisk part_gpt ext2 serial terminal normal configfile linux loadenv test echo search search_label search_fs_uuid minicmd"

# format makes an empty disk of six gigabytes, which take no room yet.
format() {
	truncate -s 6G "$disk"
	sfdisk --quiet "$disk" <<-EOF
		label: gpt
		start=$core_start, size=$((boot_start - core_start)), type=21686148-6449-6E6F-744E-656564454649
		start=$boot_start, size=$boot_size, type=linux
		start=$root_start, size=$root_size, type=linux
	EOF
	# GRUB 2.06 cannot read a file system whose metadata has checksums in a seed.
	mkfs.ext4 -q -L boot -O ^metadata_csum_seed -E offset=$((boot_start * 512)) "$disk" $((boot_size / 2))k
	mkfs.ext4 -q -L root -E offset=$((root_start * 512)) "$disk" $((root_size / 2))k
}

# attach mounts the disk until the mount namespace ends.
attach() {
	mkdir -p "$sysroot"
	mount -o "loop,offset=$((root_start * 512)),sizelimit=$((root_size * 512))" "$disk" "$sysroot"
	mkdir -p "$sysroot/boot"
	mount -o "loop,offset=$((boot_start * 512)),sizelimit=$((boot_size * 512))" "$disk" "$sysroot/boot"
}

detach() { umount "$@" "$sysroot/boot" "$sysroot"; }

# deploy URL: what Anaconda does, in its order; then its remote is in /etc, not in the repository.
deploy() {
	local repo=$sysroot/ostree/repo objects=$lab_cache/vm-releases/objects known= root
	: >"$dir/console"
	format
	attach
	ostree admin init-fs "$sysroot"
	ostree admin os-init "$lab_os" --sysroot="$sysroot" >/dev/null
	[ ! -d "$objects" ] || known=--localcache-repo=$objects
	# The builder is 10.0.2.2 for the machine, and this host for us.
	ostree remote add --repo="$repo" --no-gpg-verify edge "${1/#http:\/\/10.0.2.2/http://127.0.0.1}"
	ostree pull --repo="$repo" --disable-fsync ${known:+"$known"} edge "$lab_ref" >>"$dir/console"
	# Translated code gains nothing from what guards real processors.
	ostree admin deploy --sysroot="$sysroot" --os="$lab_os" --karg=root=LABEL=root --karg=rw --karg=console=ttyS0,115200 \
		--karg=quiet --karg=mitigations=off edge:"$lab_ref" >>"$dir/console"
	ostree remote delete --repo="$repo" edge
	root=$(deployment_of "$(entries | head -n 1)")
	printf '[remote "edge"]\nurl=%s\ngpg-verify=false\n' "$1" >"$root/etc/ostree/remotes.d/edge.conf"
	echo "$name" >"$root/etc/hostname"
	printf '127.0.1.1 %s\n10.0.2.2 builder\n' "$name" >>"$root/etc/hosts"
	trust "$root"
	grub "$root"
	detach
	embed
}

# trust lets this host in by a key, and lets it know the machine, as a kickstart does.
trust() {
	local home=$sysroot/ostree/deploy/$lab_os/var/roothome
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$key"
	install -d -m 700 "$home" "$home/.ssh"
	install -m 600 "$key.pub" "$home/.ssh/authorized_keys"
	ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$1/etc/ssh/ssh_host_ed25519_key"
	echo "$address $(cut -d' ' -f1,2 "$1/etc/ssh/ssh_host_ed25519_key.pub")" >"$dir/known_hosts"
}

# grub puts the device's own GRUB on /boot. The configuration is a plain one for the first boot only: with grub.cfg being
# this link, OSTree has grub-mkconfig write the next one, with each deployment.
grub() {
	local root=$1 boot=$sysroot/boot
	mkdir -p "$boot/grub/i386-pc"
	cp "$root"/usr/lib/grub/i386-pc/*.{mod,lst} "$boot/grub/i386-pc/"
	# shellcheck disable=SC2086
	chroot "$root" grub-mkimage -O i386-pc -p '(hd0,gpt2)/grub' $core_modules >"$dir/core.img"
	cp "$root/usr/lib/grub/i386-pc/boot.img" "$dir/boot.img"
	ln -s grub "$boot/grub2"
	ln -s ../loader/grub.cfg "$boot/grub/grub.cfg"
	grub-editenv "$boot/grub/grubenv" create
	grub-editenv "$boot/grub/grubenv" set boot_success=1
	{
		printf 'serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\nset default=0\nset timeout=0\nload_env\n'
		"$root/etc/grub.d/08_boot_counting"
		menu "$(entries | head -n 1)"
	} >"$boot/loader/grub.cfg"
}

# menu ENTRY prints a boot loader entry as GRUB's script.
menu() {
	field() { sed -n "s/^$1 //p" "$entry"; }
	local entry=$1
	printf "menuentry '%s' {\n\tsearch --no-floppy --label boot --set=root\n\tlinux %s %s\n\tinitrd %s\n}\n" \
		"$(field title)" "$(field linux)" "$(field options)" "$(field initrd)"
}

# embed writes what the BIOS starts, as grub-bios-setup does to a disk that the kernel knows. Source: GRUB's boot.S and
# diskboot.S, for the places of the addresses in them.
embed() {
	local sectors=$((($(stat -c %s "$dir/core.img") + 511) / 512 - 1))
	patch "$dir/boot.img" $((0x5c)) 8 "$core_start"
	patch "$dir/boot.img" $((0x66)) 2 $((0x9090)) # the drive that the BIOS names is the right one
	patch "$dir/core.img" 500 8 $((core_start + 1))
	patch "$dir/core.img" 508 2 "$sectors"
	dd if="$dir/boot.img" of="$disk" bs=1 count=440 conv=notrunc status=none # the rest is the table
	dd if="$dir/core.img" of="$disk" bs=512 seek="$core_start" conv=notrunc status=none
}

# patch FILE OFFSET BYTES NUMBER: a little-endian number.
patch() {
	local i bytes=
	for ((i = 0; i < $3; i++)); do bytes+=$(printf '\\x%02x' $((($4 >> (8 * i)) & 255))); done
	# shellcheck disable=SC2059
	printf "$bytes" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# post CMD…: in the deployment that boots next, with no systemd running, as the installer runs %post, and with the network
# that the machine will have, in which this host is 10.0.2.2.
post() {
	local root status=0
	running && die "device \"$name\" is on; an installer works on one that is off"
	attach
	root=$(deployment_of "$(entries | head -n 1)")
	unshare --net sleep infinity &
	holder=$!
	trap 'kill "$holder" ${network:-} 2>/dev/null; rmdir -- "/run/systemd/nspawn/propagate/vm-$name" 2>/dev/null || true' EXIT
	until [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
	: >"$dir/ready"
	slirp4netns --configure --ready-fd=3 "$holder" host0 3>"$dir/ready" >"$dir/slirp.log" 2>&1 &
	network=$!
	until [ -s "$dir/ready" ]; do
		kill -0 "$network" 2>/dev/null || die "no network for %post: $(cat "$dir/slirp.log")"
		sleep 0.02
	done
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$root" --machine="vm-$name" \
		--register=no --keep-unit --resolv-conf=off --timezone=off --link-journal=no --console=pipe --as-pid2 \
		--network-namespace-path="/proc/$holder/ns/net" \
		--bind="$sysroot:/sysroot" --bind="$sysroot/boot:/boot" --bind="$sysroot/ostree/deploy/$lab_os/var:/var" --bind-ro="$root/usr:/usr" \
		sh -c 'systemd-tmpfiles --create --boot --prefix=/var 2>/dev/null; exec "$@"' sh "$@" || status=$?
	detach
	return "$status"
}
