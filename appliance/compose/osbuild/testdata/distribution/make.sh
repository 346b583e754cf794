#!/bin/sh
# Makes a repository of RPM packages that is a whole small distribution in the eyes of osbuild: every package of a
# list, empty but for four. What stages run in their build root is taken from this host, a Debian, as one package;
# rpm-ostree, which Debian does not have, is stood in for by the program beside this one.
# Usage: make.sh REPOSITORY <PACKAGES      (one name a line)
# Needs rpmbuild, createrepo_c, python3, ostree, setfiles, tar and a static busybox.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin # of the system, whatever else there is
for program in rpmbuild createrepo_c dpkg ostree setfiles busybox; do
	command -v $program >/dev/null || { echo "make.sh: $program is missing" >&2; exit 1; }
done
python=$(basename "$(readlink -f /usr/bin/python3)") # python3.11
out=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

# merged ROOT: the links that every merged tree has.
merged() {
	mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64"
	for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$1/$dir"; done
}

# take ROOT: takes the files whose names come in from this host, below /usr where they are.
take() {
	sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,' | sort -u | while read -r file; do
		[ ! -f "$file" ] || echo "${file#/}"
	done >"$work/files"
	tar -C / --dereference --no-recursion -T "$work/files" -cf - 2>/dev/null | tar -C "$1" -xf -
}

# with_libraries: adds the libraries of the programs whose names come in.
with_libraries() {
	tee "$work/programs"
	xargs ldd <"$work/programs" 2>/dev/null | sed -nE 's,.*(=> |^\t)(/[^ ]+) \(0x.*,\2,p'
}

# build NAME ROOT: the package with what lies in a folder.
build() {
	mkdir -p "$2"
	{
		head_of "$1" 1.0
		printf '%%install\ncp -a "%s/." "%%{buildroot}/"\n%%files\n' "$2"
		(cd "$2" && find . -mindepth 1 -maxdepth 1 -printf '/%P\n')
	} >"$work/$1.spec"
	rpm_of "$work/$1.spec"
}

# head_of NAME VERSION: what specs begin with.
head_of() {
	cat <<-SPEC
		%define debug_package %{nil}
		%define __os_install_post %{nil}
		%define _build_id_links none
		%define _binary_payload w1.gzdio
		Name: $1
		Version: $2
		Release: 1.el9
		Summary: part of a small distribution
		License: MIT
		AutoReqProv: no
		%description
		Part of a small distribution for tests.
	SPEC
}
rpm_of() {
	rpmbuild --quiet -bb --define "_topdir $work/rpmbuild" --define "_rpmdir $out" --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" "$1" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
}

# python3: all that stages run.
root=$work/python3
merged "$root"
for program in sh dash bash find grep sed tar gzip xz zstd mount umount chroot "$python" rpm rpmkeys rpmdb ostree systemctl \
	systemd-sysusers systemd-tmpfiles systemd-firstboot useradd usermod groupadd passwd setfiles ldconfig; do
	command -v "$program" || echo "make.sh: no $program on this host" >&2
done >"$work/wanted"
dpkg -L coreutils | grep -E '^(/usr)?/s?bin/' >>"$work/wanted"
find "/usr/lib/$python/lib-dynload" -name '*.so' >>"$work/wanted"
with_libraries <"$work/wanted" >"$work/all"
dpkg -L "$python-minimal" "lib$python-minimal" "lib$python-stdlib" rpm-common tzdata | grep -v '/share/doc/' >>"$work/all"
printf '%s\n' /usr/lib/sysusers.d/basic.conf /lib64/ld-linux-x86-64.so.2 >>"$work/all"
find /usr/lib/rpm -maxdepth 1 -type f >>"$work/all"
take "$root" <"$work/all"
ln -s "$python" "$root/usr/bin/python3"
mkdir -p "$root/usr/share/crypto-policies/back-ends/DEFAULT"
build python3 "$root"

# basesystem: what a tree has to hold so that stages can change it.
root=$work/basesystem
merged "$root"
mkdir -p "$root/boot" "$root/home" "$root/var/lib" "$root/tmp" "$root/etc/systemd/system" "$root/usr/lib/systemd/system" "$root/usr/lib/systemd/user"
cp "$(command -v busybox)" "$root/usr/bin/busybox"
printf '#!/usr/bin/busybox sh\nexit 0\n' >"$root/usr/bin/bootupctl" && chmod 755 "$root/usr/bin/bootupctl"
printf 'root:x:0:0:root:/root:/usr/bin/bash\n' >"$root/etc/passwd"
printf 'root:x:0:\nwheel:x:10:\ndocker:x:990:\n' >"$root/etc/group"
printf 'root:*:19000:0:99999:7:::\n' >"$root/etc/shadow"
printf 'UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUSERGROUPS_ENAB yes\n' >"$root/etc/login.defs"
printf 'NAME="Small"\nID=small\nVERSION_ID=9\n' >"$root/usr/lib/os-release"
for unit in NetworkManager.service firewalld.service sshd.service fdo-client-linuxapp.service ignition-firstboot-complete.service \
	coreos-ignition-write-issues.service podman-auto-update.timer; do
	printf '[Unit]\nDescription=%s\n[Install]\nWantedBy=multi-user.target\n' "$unit" >"$root/usr/lib/systemd/system/$unit"
done
build basesystem "$root"

root=$work/selinux
mkdir -p "$root/etc/selinux/targeted/contexts/files"
printf 'SELINUX=enforcing\nSELINUXTYPE=targeted\n' >"$root/etc/selinux/config"
printf '/.*\tsystem_u:object_r:default_t:s0\n' >"$root/etc/selinux/targeted/contexts/files/file_contexts"
build selinux-policy-targeted "$root"

root=$work/rpm-ostree
mkdir -p "$root/usr/bin"
install -m 755 "$here/rpm-ostree" "$root/usr/bin/rpm-ostree"
build rpm-ostree "$root"

# The rest is empty.
{
	head_of empty 1.0
	grep -vxE 'python3|basesystem|selinux-policy-targeted|rpm-ostree' | while read -r name; do
		printf '%%package -n %s\nSummary: empty\n%%description -n %s\nEmpty.\n%%files -n %s\n' "$name" "$name" "$name"
	done
} >"$work/empty.spec"
rpm_of "$work/empty.spec"
createrepo_c --quiet "$out"
