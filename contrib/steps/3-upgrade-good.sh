#!/usr/bin/env bash
# Step 3: the system is updated to a release that works. README.md beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change
choose_app warm

scene "Step 3: update the system to $good, which works"
speak "The mistake is found, and $good brings back what was missing. It goes out the same way. A release that was rolled back does not keep a device from taking the next one."
act GET "/api/v1/releases/$blueprint/$good/diff?from=$broken"
publish "$good"
look_at "one trial boot, and it is green."
if watch green "$good "; then
	act GET /api/v1/devices
	visit
	seen "the device runs $good, and keeps the release before it to go back to."
else
	otherwise "appliance device status says $good and green."
	seen "$good is what devices follow now."
fi
