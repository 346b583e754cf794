# What the appliance adds to a compose: all of it but osbuild, which is faked; sourced by run.
# shellcheck shell=bash

# fake_osbuild DIR: programs that take no time. osbuild copies the commit of v1.tar, the depsolver finds all it is asked for and
# fills up to 500 packages. Each writes into DIR/took how long it was at work.
fake_osbuild() {
	mkdir -p "$1/bin"
	cat >"$1/bin/osbuild" <<-'SH'
		#!/bin/bash
		start=$(date +%s.%N)
		case $1 in
		--version) echo osbuild 141 ;;
		--inspect) cat >/dev/null && echo '{}' ;;
		*)
			cat >/dev/null
			while [ $# -gt 0 ]; do
				case $1 in
				--output-directory) out=$2 ;;
				--export) export=$2 ;;
				esac
				shift
			done
			mkdir -p "$out/$export" && cp -a --reflink=auto "$FAKE/v1/." "$out/$export"
			printf '\036{"message":"manifest - finished successfully","context":{"id":"0","origin":"osbuild.main_cli"},"progress":{"done":4,"total":4}}\n' >&3
			;;
		esac
		awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }' >>"$FAKE/took"
	SH
	cat >"$1/bin/osbuild-depsolve-dnf" <<-'SH'
		#!/bin/bash
		start=$(date +%s.%N)
		jq -c '.arguments.repos[0].id as $repo | {solver: "dnf", modules: {}, sbom: {spdxVersion: "SPDX-2.3"},
			repos: {($repo): {id: $repo, baseurl: ["https://mirror.example/"]}},
			packages: [([.arguments.transactions[]["package-specs"][]] | unique) + [range(400) | "filler-\(.)"] | to_entries[] |
				{name: .value, version: "1", release: "1", arch: "x86_64", repo_id: $repo, path: "\(.value).rpm",
				 remote_location: "https://mirror.example/\(.value).rpm", checksum: "sha256:\("000000000000000000000000000000000000000000000000000000000000\(1000 + .key)"[-64:])"}]}'
		awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }' >>"$FAKE/took"
	SH
	chmod +x "$1/bin/osbuild" "$1/bin/osbuild-depsolve-dnf"
	mkdir "$1/v1" && tar -xf "$work/v1.tar" -C "$1/v1"
}

# one_compose TOKEN: appends "wall fakes import peak-MB" to compose.res.
one_compose() {
	local id start importing='' state auth="Authorization: Bearer $1"
	: >"$work/fake/took"
	start=$(now)
	id=$(curl -sf -X POST -H "$auth" -H 'Content-Type: application/json' -d '{}' "$url/api/v1/releases/demo_upgrade/0.0.1/compose" | jq -r .id)
	while :; do
		state=$(curl -sf -H "$auth" "$url/api/v1/jobs/$id" | jq -r .state)
		case $state in
		importing) importing=${importing:-$(now)} ;;
		done) break ;;
		failed | cancelled) curl -s -H "$auth" "$url/api/v1/jobs/$id" >&2 && exit 1 ;;
		esac
		sleep 0.02
	done
	awk -v a="$start" -v i="${importing:-$(now)}" -v b="$(now)" -v p="$(peak "$server")" '{ f += $1 } END { printf "%.3f %.3f %.3f %d\n", b - a, f, b - i, p }' "$work/fake/took" >>"$work/compose.res"
}

bench_compose() {
	[ "$(id -u)" -eq 0 ] || { note "compose: only root can compose"; return; }
	data
	rm -rf "$work/fake" "$work/compose.res"
	fake_osbuild "$work/fake"
	printf '[compose]\ndistro = "centos-9"\nstore = "%s"\nrepositories = []\n' "$work/fake/store" >"$work/fake/appliance.toml"
	local i
	for i in $(seq "$runs"); do
		note "compose: run $i of $runs"
		rm -rf "$work/compose"
		FAKE=$work/fake PATH=$work/fake/bin:$PATH serve "$work/compose" --config "$work/fake/appliance.toml"
		one_compose "$(cat "$work/compose/token")"
		stop
	done
	rm -rf "$work/compose" "$work/fake"
	awk '{ printf "%.3f\n", $1 - $2 - $3 }' "$work/compose.res" >"$work/compose-over.res"
	echo
	echo "What a compose takes besides osbuild, medians of $runs: $(median <"$work/compose-over.res") s from the request to the import (manifest of 500 packages, checks, start and end of the build, records); $(cut -d' ' -f3 "$work/compose.res" | median) s for the import of $(tar -tf "$work/v1.tar" | grep -c '\.\(filez\|dirtree\|dirmeta\|commit\)$') objects in $(mb "$(stat -c %s "$work/v1.tar")") MB; peak memory of the server $(cut -d' ' -f4 "$work/compose.res" | median) MB"
}
