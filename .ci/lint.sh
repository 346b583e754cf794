#!/usr/bin/env bash
# Reads the code without running it. Prints what is wrong and fails.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0

unformatted=$(gofmt -l $(find . -name '*.go' -not -path './.cache/*'))
[ -z "$unformatted" ] || { printf 'gofmt would change:\n%s\n' "$unformatted"; bad=1; }

go vet ./... || bad=1

for script in $(grep -rlE '^#!.*\b(ba)?sh\b' .ci contrib 2>/dev/null); do
	bash -n "$script" || bad=1
done

if command -v golangci-lint >/dev/null; then
	golangci-lint run ./... || bad=1
elif [ "${1:-}" != quick ]; then
	echo "golangci-lint is not installed, so .golangci.yml was not applied (floors_test.go checks the floors anyway)"
fi
exit $bad
