#!/usr/bin/env bash
# Installs the programs that tests ("test") or measurements ("bench") run the appliance against. The appliance
# itself needs none of them. It fails when one is missing and cannot be installed, and says which.
# Usage: contrib/peers.sh [test|bench]
set -uo pipefail

# program:Debian package:Fedora and RHEL package
peers="ostree:ostree:ostree skopeo:skopeo:skopeo podman:podman:podman docker-registry:docker-registry: curl:curl:curl jq:jq:jq gpg:gnupg:gnupg2 tar:tar:tar zstd:zstd:zstd"
peers="$peers bash:bash:bash systemd-analyze:systemd:systemd grub-editenv:grub-common: newuidmap:uidmap:shadow-utils"
peers="$peers fuse-overlayfs:fuse-overlayfs:fuse-overlayfs slirp4netns:slirp4netns:slirp4netns"
peers="$peers systemd-nspawn:systemd-container:systemd-container mmdebstrap:mmdebstrap:mmdebstrap ip:iproute2:iproute nsenter:util-linux:util-linux"
[ "${1:-test}" = bench ] && peers="$peers nginx:nginx-light:nginx wrk:wrk:wrk time:time:time skopeo:skopeo:skopeo docker-registry:docker-registry:"

PATH=$PATH:/usr/sbin
missing() { # prints field $1 of every peer that is not here
	local peer program
	for peer in $peers; do
		program=${peer%%:*}
		type -P "$program" >/dev/null || cut -d: -f"$1" <<<"$peer"
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
