#!/usr/bin/env bash
# Runs the OCI distribution-spec conformance suite, with everything switched on, against a running registry, and
# fails unless nothing fails. The suite is a Go program of its own; it is built outside of this module and kept.
# Usage: APPLIANCE_TOKEN=… contrib/conformance.sh [HOST:PORT] [RESULTS]
set -euo pipefail

suite=github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111
registry=${1:-127.0.0.1:8080}
results=${2:-}
token=${APPLIANCE_TOKEN:?is the token of the appliance, which the suite pushes with}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=${results:-$work/results}

# A folder of its own for each version, so that another one is built anew.
bin=$(cd "$(dirname "$0")/.." && pwd)/.cache/conformance/${suite##*@}
if [ ! -x "$bin/conformance" ]; then
	mkdir -p "$bin"
	(cd "$work" && GOFLAGS='' GOBIN=$work/bin go install "$suite")
	mv "$work/bin/conformance" "$bin/conformance"
fi

export OCI_VERSION=1.1 OCI_REGISTRY=$registry OCI_TLS=disabled OCI_RESULTS_DIR=$results OCI_LOG=error
export OCI_REPO1=conformance/one OCI_REPO2=conformance/two OCI_USERNAME=conformance OCI_PASSWORD=$token
# Beyond the defaults, which are on already:
export OCI_API_BLOBS_DIGEST_HEADER=true OCI_API_BLOBS_UPLOAD_CANCEL=true
export OCI_API_MANIFESTS_DIGEST_HEADER=true OCI_API_MANIFESTS_TAG_PARAM=true
(cd "$work" && "$bin/conformance") >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }

# The suite ends with status 0 whatever it found; its JUnit report has the numbers.
count() { sed -n "s/^ *<testsuite .* $1=\"\([0-9]*\)\".*/\1/p" "$results/junit.xml" | head -n 1; }
tests=$(count tests) failures=$(count failures) errors=$(count errors) skipped=$(count skipped)
echo "conformance: ${tests:-0} tests, ${failures:-no} failures, ${errors:-no} errors, ${skipped:-no} skipped"
if [ "${tests:-0}" -lt 900 ] || [ "${failures:-1}" -ne 0 ] || [ "${errors:-1}" -ne 0 ]; then
	cat "$work/said"
	exit 1
fi
