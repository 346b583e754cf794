#!/usr/bin/env bash
# Step 5: the application is updated to a version that works. README.md beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change
choose_app warm
need_tags 3

scene "Step 5: update $app to ${tags[2]}, which works"
speak "${tags[2]} is mended. It is the same request with another name in it."
retag "${tags[2]}"
look_at "pulled, tried, and kept this time."
if watch app-updated "$app from "; then
	act GET /api/v1/devices
	visit
	seen "the device runs ${tags[2]}."
else
	otherwise "curl -s http://DEVICE:$port/version.txt answers with the new version."
	seen "$app:$tag is ${tags[2]} now."
fi
act GET "/api/v1/apps/$app/history"
speak "Should it turn out to be bad after all, one request goes back. Here we only ask what it would do."
act POST "/api/v1/apps/$app/undo" '{"dry_run":true}'
