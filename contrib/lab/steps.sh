# The steps of the demonstration: what to say, what to type, what to look at, and when it has happened; sourced by
# `lab`, not run.
# shellcheck shell=bash disable=SC2154,SC2016

invite() {
	local name
	cat <<TEXT

The lab is up.

  builder      $near/            web page: releases, apps, devices
  API          $near/api/v1/
TEXT
	for name in $(devices); do
		printf '  %-12s http://%s:8081/   the game;   http://%s:8080/   an app that sleeps until it is asked\n' "$name" "$(address_of "$name")" "$(address_of "$name")"
	done
	cat <<TEXT

From another machine a device is reached through this one: ssh -L 8081:ADDRESS:8081 THIS-HOST

Type next:

  $0 tour               all seven steps, with a stop for the speaker before each act
  $0 step 0             one of them
  $0 shell              a shell on the device; with --user one of admin
  eval "\$($0 env)"     for curl and for the appliance command in this terminal
  $0 down               takes everything away

TEXT
}

# publish VERSION and retag APP TAG type the line of which everything else follows.
publish() {
	breathe
	act "curl -sX POST -H @\$AUTH -H 'Accept: text/plain' $near/api/v1/releases/$lab_blueprint/$1/publish"
}
retag() {
	breathe
	act "curl -sX POST -H @\$AUTH -H 'Accept: text/plain' --json '{\"from\":\"$2\",\"to\":\"prod\"}' $near/api/v1/apps/$1/retag"
}

# expect TEXT COMMAND…: a step that cannot be shown now says so before it changes anything.
expect() {
	local what=$1
	shift
	[ -n "$first" ] || die "there is no device yet; step 1 deploys it: $0 step 1"
	"$@" || die "$what; step 1 takes the demonstration back to its beginning: $0 step 1"
}

booted() { status_of "$first" '.os[] | select(.booted).version'; }
runs() { [ "$(booted)" = "$1" ]; }
tells() { [ "$(status_of "$first" "$1")" = true ]; }
untried() { tells "[.quarantine // [] | .[] | select(.name == \"$1\" or .what == \"$1\")] == []"; }

# everywhere FILTER waits until the builder says so of every device.
everywhere() {
	local name
	for name in $(devices); do await 60 "report of $name at the builder" reports "$name" "$1"; done
}

step_0() {
	scene "Step 0: what there is"
	speak "We have sites without anybody who could repair a machine. So an update of the system or of an app either works, or the device takes it back by itself. Here are the builder and a device, and three releases of the system. Only the first one is published."
	act "curl -s -H 'Accept: text/plain' $near/api/v1/releases/$lab_blueprint"
	speak "The second one brings zsh. By mistake it drops git, which something on the device needs. The builder knows what would change before any device does."
	breathe
	act "curl -s -H 'Accept: text/plain' '$near/api/v1/releases/$lab_blueprint/0.0.2/diff?from=0.0.1'"
	speak "The third one has both. The builder is the registry, too: devices follow the tag prod of each app."
	breathe
	act "curl -s -H 'Accept: text/plain' $near/api/v1/apps"
	act "curl -s -H 'Accept: text/plain' $near/api/v1/apps/2048/tags"
	look_at "$near/ shows the same, live. Keep it open."
}

step_1() {
	local name
	scene "Step 1: deploy a device"
	speak "A new device comes to the site. Nobody there types anything: the installer puts the published system on the disk, and the end of the kickstart fetches one program from the builder, which does the rest. Every app runs without root."
	breathe
	[ "$(published)" = 0.0.1 ] || publish 0.0.1
	for name in 2048 simple-http; do
		[ "$(digest_of "$name" prod)" = "$(digest_of "$name" v1)" ] || retag "$name" v1
	done
	for name in $(devices | grep . || echo edge-1); do
		printf '%s%s%s\n' "$bold" "# installing $name, as the kickstart does" "$plain"
		make_device "$name" 2>/dev/null | sed -n '/: OK$/p; /^note/p; /^installed/p' | sed 's/^/  /'
		mark "$name"
		device "$name" boot
	done
	look_around
	look_at "the first boot: it pulls the apps, starts them, and is judged by the checks of the device."
	await 90 "green boot" is_green "$first"
	await 30 "answer of the game" answers "$first" 8081 v1
	await 30 "report at the builder" reports "$first" '.state == "green"'
	for name in $(devices); do await 90 "green boot of $name" is_green "$name"; done
	act "curl -s http://$host:8081/version.txt"
	as_admin 'systemctl --user --no-pager --lines=0 status container-app1.service | head -n 6'
	as_admin 'cat ~/.config/systemd/user/container-app1.service'
	on_device appliance device status
	seen "installed, green and serving. The game is at http://$host:8081/"
}

step_2() {
	local begin
	scene "Step 2: update the system to 0.0.2, which is broken"
	expect "$first does not run 0.0.1" runs 0.0.1
	expect "0.0.2 is in quarantine on $first already" untried 0.0.2
	speak "Publishing is one moment: from now on devices see 0.0.2. Ours looks every ten seconds, takes it, and restarts. Git is gone, so the check fails. It gets two trials. Then GRUB boots the old system, which takes its place again."
	mark "$first"
	publish 0.0.2
	begin=$(date +%s)
	look_at "the trials are counted by the boot loader. Nobody touches the device."
	await 60 "boot into 0.0.2" went_into 2 1
	await 120 "return to 0.0.1 after two trials" came_back
	await 30 "answer of the game" answers "$first" 8081 v
	seen "two boots of 0.0.2, none of them green, and 0.0.1 is back and green $(($(date +%s) - begin)) seconds after the publication."
	on_device appliance device status
	expect "the status names no reason" tells '.rollback.check == "git" and .rollback.from_version == "0.0.2"'
	expect "0.0.2 is not in quarantine" tells 'any(.quarantine[]; .kind == "os" and .name == "0.0.2")'
	everywhere '.rollback.from_version == "0.0.2" and .quarantined == 1'
	speak "The builder still publishes 0.0.2. The device remembers, and does not try it again."
	act "curl -s -H 'Accept: text/plain' $near/api/v1/devices"
	await 30 "look that passes 0.0.2 over" passed_over
	seen "the updater has looked again, and passed over what failed."
}

# went_into N TIMES: 0.0.N was booted so often since the mark.
went_into() { [ "$(since "$first" | boots | grep -cx "0\.0\.$1")" -ge "$2" ]; }
came_back() { went_into 2 2 && [ "$(since "$first" | boots | tail -n 1)" = 0.0.1 ] && is_green "$first"; }
# boots prints the versions that a console has booted. GRUB names what it boots after it has chosen.
boots() { awk '/GRUB default=/ { chosen = 1 } chosen && match($0, /Debian Edge 0\.0\.[0-9]/) { print substr($0, RSTART + 12, 5); chosen = 0 }'; }
passed_over() { last_boot "$first" | grep -q 'appliance\[[0-9]*\]: result: *quarantined'; }

step_3() {
	scene "Step 3: update the system to 0.0.3, which works"
	expect "$first runs 0.0.3 already" runs 0.0.1
	speak "We have found the mistake: 0.0.3 has zsh and git. It is published in the same way."
	mark "$first"
	publish 0.0.3
	look_at "one trial, and it is green."
	await 60 "boot into 0.0.3" went_into 3 1
	await 90 "green boot of 0.0.3" is_green "$first"
	await 30 "answer of the game" answers "$first" 8081 v
	on_device 'git --version && zsh --version'
	on_device ostree admin status
	expect "0.0.3 is not what runs" runs 0.0.3
	everywhere '.release == "0.0.3"'
	seen "0.0.3 runs and is green, git and zsh are there, and 0.0.1 is kept to return to."
}

step_4() {
	local bad ok=0 lost=0
	scene "Step 4: update the app to v2, which is broken"
	bad=$(digest_of 2048 v2)
	expect "the game does not answer on $first" answers "$first" 8081 v
	expect "v2 is in quarantine on $first already" untried "$bad"
	speak "The same for apps. Devices follow the tag prod, and moving it is one request: no image is copied. The entrypoint of v2 is misspelt."
	mark "$first"
	retag 2048 v2
	look_at "the device pulls v2, tries it, and puts the version before it back. We ask the game all the time."
	await 60 "rollback of v2" rolled_back_while_asked
	await 30 "answer of the game" answers "$first" 8081 v
	act "curl -s http://$host:8081/version.txt"
	on_device appliance device quarantine list
	expect "v2 is not in quarantine" tells "any(.quarantine[]; .what == \"$bad\")"
	seen "rolled back. The game answered $ok of $((ok + lost)) requests meanwhile, and v2 is not tried again."
}

# rolled_back_while_asked counts what somebody who plays would have noticed.
rolled_back_while_asked() {
	if answers "$first" 8081 v; then ok=$((ok + 1)); else lost=$((lost + 1)); fi
	since "$first" | grep -q 'appliance\[[0-9]*\]: 2048 .* rolled back '
}

step_5() {
	scene "Step 5: update the app to v3, which works"
	expect "v3 answers already on $first" answers "$first" 8081 'v[12]'
	speak "v3 is mended. The same request again."
	mark "$first"
	retag 2048 v3
	look_at "pulled, tried, kept. Reload the page: it has a banner now."
	await 60 "answer of v3" answers "$first" 8081 v3
	await 30 "update that is kept" is_updated 2048
	act "curl -s http://$host:8081/version.txt"
	act "curl -s -H 'Accept: text/plain' $near/api/v1/apps/2048/history"
	everywhere 'any(.apps[]; .name == "2048" and .version == "v3")'
	seen "v3 answers. Should it turn out to be bad after all, one request goes back: POST apps/2048/undo."
}

is_updated() { since "$first" | grep -q "appliance\[[0-9]*\]: $1 .* updated "; }

step_6() {
	local seconds
	scene "Step 6: an app that sleeps"
	speak "Not every app has to run all the time. This one is down to zero: systemd listens for it, and the first request starts its container. The image was pulled beforehand, so nobody waits for a download."
	mark "$first"
	await 60 "sleep of the app" sleeps
	as_admin 'podman image list'
	as_admin 'podman ps'
	breathe
	look_at "no container of simple-http. Then one request:"
	act "curl -s -w '\n%{time_total} seconds\n' http://$host:8080/version.txt"
	as_admin 'podman ps'
	seen "answered by a container that was not there before."
	if [ "$(digest_of simple-http prod)" != "$(digest_of simple-http v2)" ]; then
		speak "When nobody asks for ten seconds it goes to sleep again. An update reaches it there, too."
		await 60 "sleep of the app" sleeps
		mark "$first"
		retag simple-http v2
		await 60 "update that is kept" is_updated simple-http
	fi
	await 60 "sleep of the app" sleeps
	as_admin 'podman ps'
	act "curl -s -w '\n%{time_total} seconds\n' http://$host:8080/version.txt"
	expect "it is not v2 that answers" answers "$first" 8080 v2
	seen "asleep, updated while it slept, and the first request got the new version."
}

# sleeps: systemd alone listens.
sleeps() { [ "$(device "$first" as-user systemctl --user is-active container-httpd.service || true)" = inactive ]; }

finale() {
	scene "That was all"
	speak "A bad system and a bad app came to a site without anybody, and both were taken back there. $near/ tells the whole story."
}
