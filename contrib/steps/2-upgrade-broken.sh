#!/usr/bin/env bash
# Step 2: the system is updated to a release that breaks devices; they go back by themselves. README.md beside it says
# what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change
choose_app warm

scene "Step 2: update the system to $broken, which is broken"
speak "Publishing is one moment: before it devices see one release, after it the other, and never a half. Nothing is sent to them. They look for themselves, when it suits them."
publish "$broken"
look_at "a trial boot that fails its check, as often as it may. Then the boot loader starts the system before it, and nobody has touched the device."
if watch rolled-back "$broken to "; then
	act GET /api/v1/devices
	visit
	seen "the device is back, its application serves, and it has written down what failed. It will not take $broken again."
else
	otherwise "appliance device status names the check that failed; rpm-ostree status shows the release before it booted."
	seen "$broken is what devices follow now."
fi
