#!/usr/bin/env bash
# Installs the programs that tests ("test"), measurements ("bench"), virtual machines ("vm") or the tests with a real
# osbuild ("osbuild") run the appliance against.
# The appliance itself needs none of them. It fails when one is missing and cannot be installed, and says which.
# Usage: contrib/peers.sh [test|bench|vm|osbuild]
set -uo pipefail

# program:Debian package:Fedora and RHEL package
peers="ostree:ostree:ostree skopeo:skopeo:skopeo podman:podman:podman docker-registry:docker-registry: curl:curl:curl jq:jq:jq gpg:gnupg:gnupg2 tar:tar:tar zstd:zstd:zstd"
peers="$peers bash:bash:bash systemd-analyze:systemd:systemd grub-editenv:grub-common: newuidmap:uidmap:shadow-utils"
peers="$peers fuse-overlayfs:fuse-overlayfs:fuse-overlayfs slirp4netns:slirp4netns:slirp4netns"
peers="$peers systemd-nspawn:systemd-container:systemd-container mmdebstrap:mmdebstrap:mmdebstrap ip:iproute2:iproute nsenter:util-linux:util-linux"
peers="$peers patch:patch:patch openssl:openssl:openssl cpio:cpio:cpio mkfs.ext4:e2fsprogs:e2fsprogs mkfs.msdos:dosfstools:dosfstools busybox:busybox-static:busybox"
peers="$peers mkfs.xfs:xfsprogs:xfsprogs losetup:mount:util-linux addpart:util-linux:util-linux filefrag:e2fsprogs:e2fsprogs dnsmasq:dnsmasq-base:dnsmasq"
peers="$peers chromium:chromium:chromium /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fonts-dejavu-core:dejavu-sans-fonts"
peers="$peers xorriso:xorriso:xorriso isoinfo:genisoimage:genisoimage checkisomd5:isomd5sum:isomd5sum mcopy:mtools:mtools"
peers="$peers qemu-system-x86_64:qemu-system-x86:qemu-system-x86-core /usr/lib/x86_64-linux-gnu/qemu/block-curl.so:qemu-block-extra:qemu-block-curl grub-mkimage:grub-common:grub2-tools"
# Files: the firmware, the boot loaders and the kernel that the test's boot ISOs are made of.
peers="$peers /usr/share/OVMF/OVMF_CODE_4M.fd:ovmf:edk2-ovmf /usr/lib/ISOLINUX/isolinux.bin:isolinux:syslinux"
peers="$peers /usr/lib/syslinux/modules/bios/vesamenu.c32:syslinux-common:syslinux /usr/lib/grub/i386-pc/boot_hybrid.img:grub-pc-bin:grub2-pc-modules"
peers="$peers /usr/lib/grub/x86_64-efi/normal.mod:grub-efi-amd64-bin:grub2-efi-x64-modules /boot/vmlinuz-*:linux-image-cloud-amd64:kernel-core"
[ "${1:-test}" = bench ] && peers="$peers nginx:nginx-light:nginx wrk:wrk:wrk time:time:time strace:strace:strace"
[ "${1:-test}" = vm ] && peers="$peers qemu-system-x86_64:qemu-system-x86:qemu-system-x86-core sfdisk:fdisk:util-linux mkfs.ext4:e2fsprogs:e2fsprogs ssh:openssh-client:openssh-clients"
[ "${1:-test}" = osbuild ] && peers="ostree:ostree:ostree rpmbuild:rpm:rpm-build createrepo_c:createrepo-c:createrepo_c dnf:dnf:dnf bwrap:bubblewrap:bubblewrap setfiles:policycoreutils:policycoreutils"
[ "${1:-test}" = osbuild ] && peers="$peers busybox:busybox-static:busybox /usr/share/zoneinfo/UTC:tzdata:tzdata /usr/lib/python3*/dist-packages/dnf:python3-dnf:"
[ "${1:-test}" = osbuild ] && peers="$peers /usr/lib/python3*/dist-packages/librepo:python3-librepo: /usr/lib/python3*/dist-packages/jsonschema:python3-jsonschema:"

PATH=$PATH:/usr/sbin
have() { # a program, or a file by its absolute path, which may be a pattern
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*) type -P "$1" >/dev/null ;;
	esac
}

missing() { # prints field $1 of every peer that is not here
	local peer
	for peer in $peers; do
		have "${peer%%:*}" || cut -d: -f"$1" <<<"$peer"
	done
}

[ -n "$(missing 1)" ] || { echo "all here: $(sed 's/:[^ ]*//g' <<<"$peers")"; exit 0; }

sudo=
if [ "$(id -u)" -ne 0 ]; then
	sudo="sudo -n"
	sudo -n true 2>/dev/null || { echo "missing, and only root may install them: $(missing 1 | xargs)"; exit 1; }
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing $(missing 1 | xargs)"
if command -v apt-get >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	$sudo apt-get update -qq >"$log" 2>&1
	$sudo apt-get install -y -qq --no-install-recommends $(missing 2) >>"$log" 2>&1
elif command -v dnf >/dev/null; then
	$sudo dnf install -y -q $(missing 3) >"$log" 2>&1
else
	echo "neither apt-get nor dnf is here" >"$log"
fi

left=$(missing 1 | xargs)
[ -z "$left" ] && exit 0
echo "could not be installed: $left"
tail -n 5 "$log"
exit 1
