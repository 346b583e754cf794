#!/usr/bin/env bash
# Builds the static server of the sample images into embedded/apps (or the folder named), compressed, and notes there
# in BUILD which Go made it and what came out. The same Go gives the same program on every machine.
# Usage: contrib/apps/build.sh [FOLDER]
set -euo pipefail
to=$(realpath -m "${1:-$(dirname "$0")/../../embedded/apps}")
cd "$(dirname "$0")/server"

# Everything that Go writes into a program is said here, so that nobody's settings are.
unset GOEXPERIMENT GO386 GOARM
export GOFLAGS= GOENV=off GOWORK=off GOTOOLCHAIN=local GOOS=linux CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOFIPS140=off

mkdir -p "$to"
for arch in amd64 arm64; do
	GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o "$to/server-$arch" .
	chmod 0644 "$to/server-$arch" # data to be embedded, not a program to be run here
done
cd "$to"
{ go env GOVERSION; sha256sum server-amd64 server-arm64; } >BUILD
gzip -9nf server-amd64 server-arm64
cat BUILD
