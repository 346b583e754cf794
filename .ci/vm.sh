#!/usr/bin/env bash
# The virtual machine takes minutes, so it runs again only when something that it depends on has changed since it passed.
# Usage: .ci/vm.sh changed    succeeds when something has, and says what
#        .ci/vm.sh passed     notes in .ci/vm.passed what it has passed with
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

# now prints a line for each file that the machine's boots depend on: the device's side of the program, and what makes the machine.
now() {
	find appliance/{command,deployment,device,grub,health,podman,probe,profile,quarantine,report,rootfs,status,toml,unit,update} -name '*.go' ! -name '*_test.go' -print0 |
		sort -z | xargs -0 sha256sum
	find contrib/lab/{boot.sh,commits,disk.sh,lib.sh,machine.sh,tree,vm,overlay} appliance/cli/peer_vm* -type f -print0 | sort -z | xargs -0 sha256sum
}

case ${1:-} in
changed)
	before=.ci/vm.passed
	[ -e "$before" ] || before=/dev/null
	! difference=$(now | diff "$before" -) || exit 1
	printf '%s\n' "$difference" | sed -n 's/^[<>] [0-9a-f]*  //p' | sort -u
	;;
passed) now >.ci/vm.passed ;;
*) sed -n 's/^# \(Usage:\)/\1/p; s/^#        /       /p' "$0" >&2; exit 2 ;;
esac
