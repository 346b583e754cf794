#!/usr/bin/env bash
# Step 0: what there is, and what an update would change. It changes nothing. README.md beside it says what the steps need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
begin review

scene "Step 0: what there is"
speak "We run sites where nobody can repair a machine. An update there works, or the device takes it back by itself. We will deploy a device, update its system, and update an application on it, and break both on purpose before we do it well."
act GET /api/v1/status
speak "The builder keeps releases of $blueprint. Devices see the published one, and no other."
act GET "/api/v1/releases/$blueprint"
speak "$broken is the update that goes wrong. The builder knows what it would change before any device does."
act GET "/api/v1/releases/$blueprint/$broken/diff?from=$first"
look_at "what is removed. Something on the device needs one of these packages."
speak "$good is the same update, done well."
act GET "/api/v1/releases/$blueprint/$good/diff?from=$first"
speak "The builder is the registry of the applications, too. Devices follow one tag of each."
act GET /api/v1/apps
choose_app warm
act GET "/api/v1/apps/$app/tags"
look_at "$app:$tag and what it is the same as. And $server/ in a browser: it shows all of this, live."
look_up_published
seen "$published is published, $app:$tag is there, and nothing has been changed."
