# Retag and pull beside skopeo, crane and Debian's docker-registry; sourced by run.
# shellcheck shell=bash

registry_port=18092
crane_version=v0.22.1

# crane is in no Debian package; it is built outside this module, and left out where that fails.
crane() {
	[ -x "$work/bin/crane" ] || GOFLAGS= GOBIN=$work/bin CGO_ENABLED=0 go install "github.com/google/go-containerregistry/cmd/crane@$crane_version" 2>/dev/null
	DOCKER_CONFIG=$work/docker "$work/bin/crane" "$@"
}
ms() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f\n", (b - a) * 1000 }'; }
retag() { # retag FROM: the request alone, in ms
	curl -sf -o /dev/null -w '%{time_total}\n' -X POST -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		-d "{\"from\":\"$1\"}" "$url/api/v1/apps/2048/retag" | awk '{ printf "%.1f\n", $1 * 1000 }'
}

# bench_retag moves a tag between two images of two platforms.
bench_retag() {
	local token i start host=127.0.0.1:$port
	rm -rf "$work/apps" "$work"/retag-*.res
	serve "$work/apps" --sample
	token=$(cat "$work/apps/token")
	mkdir -p "$work/docker" "$work/bin"
	printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$host" "$(printf 'x:%s' "$token" | base64 -w0)" >"$work/docker/config.json"
	crane version >/dev/null 2>&1 || note "crane could not be built: its row is left out"
	for i in $(seq 20); do
		local from=v$((1 + 2 * (i % 2)))
		retag "$from" >>"$work/retag-api.res"
		retag "$from" >>"$work/retag-again.res"
		start=$(now)
		APPLIANCE_SERVER=$url "$bin" --data "$work/apps" app retag 2048 "v$((3 - 2 * (i % 2)))" >/dev/null
		ms "$start" >>"$work/retag-cli.res"
		start=$(now)
		skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false --dest-creds "x:$token" "docker://$host/2048:$from" "docker://$host/2048:bench" 2>/dev/null
		ms "$start" >>"$work/retag-skopeo.res"
		if [ -x "$work/bin/crane" ]; then
			start=$(now)
			crane tag --insecure "$host/2048:$from" bench-crane 2>/dev/null
			ms "$start" >>"$work/retag-crane.res"
		fi
	done
	stop
	echo
	echo "Retag of a two-platform index on the embedded registry, ms, medians of 20 alternated: API $(median <"$work/retag-api.res"), API when it is so already $(median <"$work/retag-again.res"), appliance app retag (a process) $(median <"$work/retag-cli.res"), skopeo copy --all (a process) $(median <"$work/retag-skopeo.res"), crane tag (a process) $([ -e "$work/retag-crane.res" ] && median <"$work/retag-crane.res")"
}

# big_image DIR: an OCI layout with one layer of 400 MB that no compression shrinks.
big_image() {
	local dir=$1 blobs=$1/blobs/sha256 layer config manifest
	mkdir -p "$blobs" && printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
	head -c 400000000 /dev/urandom >"$work/noise"
	tar -C "$work" --mtime=@0 --owner=0 --group=0 -cf "$work/layer.tar" noise
	layer=$(put_blob "$work/layer.tar") && rm -f "$work/noise"
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" >"$work/config.json"
	local config_size layer_size
	config_size=$(stat -c %s "$work/config.json")
	layer_size=$(stat -c %s "$blobs/$layer")
	config=$(put_blob "$work/config.json")
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%d}]}' \
		"$config" "$config_size" "$layer" "$layer_size" >"$work/manifest.json"
	local size
	size=$(stat -c %s "$work/manifest.json")
	manifest=$(put_blob "$work/manifest.json")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d}]}' "$manifest" "$size" >"$dir/index.json"
	printf '%s' "$layer" >"$dir/layer"
}
put_blob() { # put_blob FILE: moves it under its digest, which it prints
	local sum
	sum=$(sha256sum "$1" | cut -d' ' -f1)
	mv "$1" "$blobs/$sum"
	printf '%s' "$sum"
}

# bench_images pulls an image of 400 MB from here and from docker-registry.
bench_images() {
	local token i layer
	rm -rf "$work/apps" "$work/registry" "$work"/images-*.res
	[ -e "$work/big/layer" ] || big_image "$work/big"
	layer=$(cat "$work/big/layer")
	printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%d"}\n' "$work/registry" "$registry_port" >"$work/registry.yml"
	docker-registry serve "$work/registry.yml" >/dev/null 2>&1 &
	peer=$!
	serve "$work/apps"
	token=$(cat "$work/apps/token")
	skopeo copy -q --preserve-digests --dest-tls-verify=false "oci:$work/big" "docker://127.0.0.1:$registry_port/big:v1"
	skopeo copy -q --preserve-digests --dest-tls-verify=false --dest-creds "x:$token" "oci:$work/big" "docker://127.0.0.1:$port/big:v1"
	for i in $(seq "$runs"); do
		note "images: run $i of $runs"
		# The first of two pulls has it easier, so they change places.
		[ $((i % 2)) -eq 1 ] || pull_image "$port" appliance "$layer"
		pull_image "$registry_port" docker-registry "$layer"
		[ $((i % 2)) -eq 0 ] || pull_image "$port" appliance "$layer"
	done
	kill "$peer" && wait "$peer" || true
	peer=
	stop
	rm -rf "$work/registry" "$work/apps"
	echo
	echo "Pull of a 400 MB image, s, medians of $runs alternated: skopeo copy to a folder: docker-registry $(median <"$work/images-docker-registry.res"), appliance $(median <"$work/images-appliance.res"); the blob alone with curl: docker-registry $(median <"$work/images-docker-registry-blob.res"), appliance $(median <"$work/images-appliance-blob.res")"
}
pull_image() { # pull_image PORT NAME LAYER
	local start into=$work/pulled
	[ -w /dev/shm ] && into=/dev/shm/appliance-bench # what is measured is not this disk
	rm -rf "$into" && sync
	start=$(now)
	skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$1/big:v1" "dir:$into"
	{ since "$start" && echo; } >>"$work/images-$2.res"
	rm -rf "$into"
	curl -sf -o /dev/null -w '%{time_total}\n' "http://127.0.0.1:$1/v2/big/blobs/sha256:$3" >>"$work/images-$2-blob.res"
}
