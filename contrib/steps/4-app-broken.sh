#!/usr/bin/env bash
# Step 4: the application is updated to a version that does not start; devices put the one before it back. README.md
# beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change
choose_app warm
need_tags 2

scene "Step 4: update $app to ${tags[1]}, which is broken"
speak "An application needs no new system. Devices follow the tag $tag, and moving it is one request: no layer travels, and the digest stays the same. ${tags[1]} has a mistake: its program does not start."
retag "${tags[1]}"
look_at "the device pulls it, tries it, sees that it does not serve, and starts the version before it again."
if watch app-rolled-back "$app from "; then
	act GET /api/v1/devices
	visit
	seen "the old version serves, and ${tags[1]} is in quarantine on the device."
else
	otherwise "appliance device quarantine list names the image, and the application still answers."
	seen "$app:$tag is ${tags[1]} now."
fi
