#!/usr/bin/env bash
# Step 6: an application that runs only while somebody asks for it. README.md beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin change
choose_app cold
need_tags 2

scene "Step 6: $app sleeps until somebody asks"
speak "Small machines need not run everything all the time. For $app systemd alone listens. The first request starts its container, and when nobody asks for a while it is stopped. The image is on the device before the first request, so nobody waits for a download."
act GET /api/v1/apps
look_at "cold, among the remarks: this is one that sleeps."
todo "On the device, in a terminal of the user: watch podman ps"
visit
look_at "a container of $app appears with the request, and goes away by itself."
speak "An update reaches it while it sleeps, without a request."
retag "${tags[1]}"
if watch app-updated "$app from "; then
	visit
	seen "the first request was answered by ${tags[1]}."
else
	otherwise "curl -s http://DEVICE:$port/version.txt answers with the new version, from a container that was not there before."
	seen "$app:$tag is ${tags[1]} now."
fi
