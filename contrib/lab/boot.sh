#!/usr/bin/env bash
# Plays what a device has below systemd: the firmware that starts GRUB, GRUB with its boot counting, the kernel that is
# the host's, and the initramfs that mounts the deployment. Runs until the device switches itself off or loses its power.
# Started by `device NAME boot`, with the console as its output.
set -euo pipefail
umask 022
. "$(dirname "$0")/lib.sh"
. "$lab_scripts/machine.sh"
machine "$1"

environment=$sysroot/boot/grub/grubenv
variable() { grub-editenv "$environment" list | sed -n "s/^$1=//p"; }

# grub chooses like the snippets of Fedora's GRUB, which greenboot relies on (08_fallback_counting, 10_reset_boot_success):
# an unproven boot takes one from the counter, and at zero the second entry is booted.
grub() {
	local counter entry default=0
	counter=$(variable boot_counter)
	if [ -n "$counter" ] && [ "$(variable boot_success)" = 0 ]; then
		case $counter in
		0 | -1) default=1 counter=-1 ;;
		*) counter=$((counter - 1)) ;;
		esac
		grub-editenv "$environment" set boot_counter="$counter"
	fi
	grub-editenv "$environment" set boot_success=0
	entry=$(entries | sed -n "$((default + 1))p")
	[ -n "$entry" ] || entry=$(entries | head -n 1)
	printf '\n%s GRUB default=%s boot_counter=%s boots "%s"\n' "$(date +%T.%3N)" "$default" "$counter" "$(sed -n 's/^title //p' "$entry")"
	deployment=$(deployment_of "$entry")
}

# A cgroup of its own for each device, so that all of it can be killed at once. The machine is beside this loop in it, not
# below it, because cgroup v2 gives its controllers only to groups whose parents have no processes.
mkdir -p "$cgroup/board" "$cgroup/machine"
echo $$ >"$cgroup/board/cgroup.procs"
for controller in $(cat "$cgroup/cgroup.controllers"); do
	echo "+$controller" >"$cgroup/cgroup.subtree_control" || true
done
while :; do
	grub
	status=0
	(echo $BASHPID >"$cgroup/machine/cgroup.procs" && nspawn "$deployment" --bind-ro="$dir/ostree-booted:/run/ostree-booted" --boot -- --show-status=no) || status=$?
	printf '%s machine ended with %s\n' "$(date +%T.%3N)" "$status"
	[ "$status" -eq 133 ] || break # 133: it wants to boot again
done
