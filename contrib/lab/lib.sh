# What the scripts of the lab share; sourced, not run.
# shellcheck shell=bash

lab_scripts=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
lab_cache=${LAB:-${XDG_CACHE_HOME:-/var/cache}/appliance-lab}
lab_ref=debian/12/x86_64/edge
lab_os=debian

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# need_root PROGRAM…: the lab makes trees with foreign owners, mounts and network namespaces.
need_root() {
	local program
	[ "$(id -u)" -eq 0 ] || die "only root can do this"
	for program; do
		type -P "$program" >/dev/null || die "$program is not installed; contrib/peers.sh installs what the lab needs"
	done
}

# digest FILE|TEXT…: one checksum of the content of files and folders (links included) and of plain text.
digest() {
	local what
	for what; do
		if [ -e "$what" ]; then
			find "$what" \( -type f -o -type l \) -printf '%P %l\n' | sort
			find "$what" -type f -print0 | sort -z | xargs -0 sha256sum | cut -d' ' -f1
		else
			printf '%s\n' "$what"
		fi
	done | sha256sum | cut -c1-16
}

# made DIR DIGEST: whether DIR was made, whole, from exactly that.
made() { [ "$(cat "$1.made" 2>/dev/null)" = "$2" ]; }
