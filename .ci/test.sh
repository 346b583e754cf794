#!/usr/bin/env bash
# Checks everything and ends with one line, "N passed, N failed". A check counts as one, so does every test and
# subtest, and a package that does not compile counts as a failure. With CI=true a missing peer is a failure too.
set -uo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
passed=0 failed=0 skipped=0

title() { printf '\n== %s\n' "$*"; }

# check NAME COMMAND… runs a command that counts as one test.
check() {
	local name=$1 out status
	shift
	out=$("$@" 2>&1); status=$?
	if [ $status -eq 0 ]; then
		passed=$((passed + 1)); printf 'ok    %s\n' "$name"
	else
		failed=$((failed + 1)); printf 'FAIL  %s\n%s\n' "$name" "$out"
	fi
}

# tests COMMAND… counts what `go test -json` reports. A command that fails though no test did is a failure.
tests() {
	local counted p f s before=$failed status
	counted=$("$@" | awk -f .ci/count.awk; exit "${PIPESTATUS[0]}"); status=$?
	read -r p f s <<<"$counted"
	passed=$((passed + ${p:-0})); failed=$((failed + ${f:-0})); skipped=$((skipped + ${s:-0}))
	[ $status -eq 0 ] || [ "$failed" -gt "$before" ] || { failed=$((failed + 1)); echo "FAIL  $* ended with status $status"; }
}

size() {
	local bytes
	bytes=$(stat -c %s bin/appliance) || return
	echo "bin/appliance has $bytes bytes, the budget is 40000000"
	[ "$bytes" -lt 40000000 ]
}

# fuzz PACKAGE TARGET smokes one target. Go sometimes reports the end of the time itself as a failure; then once more.
fuzz() {
	local out try
	for try in 1 2; do
		out=$(timeout 120 go test -run='^$' -fuzz="^$2\$" -fuzztime=2s -fuzzminimizetime=20x "$1" 2>&1) && return
		case "$out" in *"Failing input"* | *panic:*) break ;; *"context deadline exceeded"*) ;; *) break ;; esac
	done
	printf '%s\n' "$out"
	return 1
}

title "Peers"
if contrib/peers.sh test; then
	export APPLIANCE_PEERS=1
elif [ "${CI:-}" = true ]; then
	failed=$((failed + 1))
	export APPLIANCE_PEERS=1
else
	echo "The tests against the real ostree program are skipped, because it is not here and cannot be installed."
fi

title "Reading"
check "gofmt, vet, scripts" .ci/lint.sh quick
check "vet without the build tags" env -u GOFLAGS -u CGO_ENABLED go vet -buildvcs=false ./...

title "Building"
check "static binary" make -s build
check "size under 40 MB" size

title "Testing"
tests go test -json -count=1 -timeout 40m ./...

title "A virtual machine with GRUB"
if ! changed=$(.ci/vm.sh changed); then
	echo "not again: nothing that it depends on has changed since it passed"
elif [ "${CI:-}" = true ]; then
	echo "changed: $(xargs <<<"$changed")"
	check "what it needs" contrib/peers.sh vm
	tests env APPLIANCE_VM=1 go test -json -count=1 -timeout 40m -run '^TestVM' ./appliance/cli
else
	echo "\"make test-vm\" would show whether it still passes; changed: $(xargs <<<"$changed")"
fi

if command -v gcc >/dev/null; then
	title "Testing for data races"
	check "event, client, release, registry, app, fleet, update, server" env CGO_ENABLED=1 go test -race -short -count=1 -timeout 10m \
		./appliance/event ./appliance/client ./appliance/release ./appliance/registry ./appliance/app ./appliance/fleet ./appliance/update ./appliance/server
fi

title "Fuzzing, two seconds each"
# fuzzed FILE:TARGET tells what became of one target; as many run at a time as there are processors.
fuzzed() {
	local file=${1%%:*} target=${1##*:} out
	if out=$(fuzz "$(dirname "$file")" "$target"); then
		printf 'ok    %s %s\n' "${file#./appliance/}" "$target"
	else
		printf 'FAIL  %s %s\n%s\n' "${file#./appliance/}" "$target" "$out"
	fi
}
export -f fuzz fuzzed
results=$(grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/func //' | sort | xargs -P "$(nproc)" -I{} bash -c 'fuzzed {}')
printf '%s\n' "$results"
passed=$((passed + $(grep -c '^ok ' <<<"$results"))); failed=$((failed + $(grep -c '^FAIL ' <<<"$results")))

printf '\n%d passed, %d failed' "$passed" "$failed"
[ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped"
echo
[ "$failed" -eq 0 ]
