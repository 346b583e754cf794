#!/usr/bin/env bash
# Step 1: a device is deployed. It also takes the builder back to the beginning of the demonstration: the first release
# published, every application at its first version. README.md beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change

scene "Step 1: deploy a device"
speak "The device is to begin with $first, so this is what the builder publishes, and both applications begin with their first version."
publish "$first"
for kind in warm cold; do
	find_app "$kind" || continue
	need_tags 1
	retag "${tags[0]}"
done
speak "Nobody types anything at the site. The machine starts from a boot ISO, the installer reads its kickstart here, puts the published system on the disk, and fetches one program that sets up the checks and the applications. None of them runs as root."
act GET "/$blueprint/kickstart.ks"
choose_app warm
if has_device; then
	act GET /api/v1/devices
	visit
	seen "a device of $blueprint is there and reports."
else
	[ -z "$sample" ] || todo "These releases are samples without a kernel, which no machine boots. The steps move everything on the builder all the same; contrib/lab has devices."
	todo "Boot a machine from an ISO of $server/$blueprint/images/ (it ERASES the disk). This makes one:"
	type_line "appliance iso build $blueprint"
	todo "Or give the installer of the distribution this argument, with the same effect:"
	type_line "inst.ks=$server/$blueprint/kickstart.ks"
	todo "Or set up an OSTree system that runs already, on it:"
	type_line "appliance device install --from $server/$blueprint"
	look_at "the diary, as it is written:"
	type_line "curl -sN -H 'Accept: text/plain' '$server/api/v1/events'"
	seen "$first is published, and the applications are at their first version. Devices appear in $server/#/devices when they report."
fi
