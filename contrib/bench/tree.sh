# Makes the data that bench and the peer tests share; sourced, not run.
# shellcheck shell=bash

# make_tree DIR FILES BYTES [SIZE]: a tree of this machine's own files, shaped like an OSTree deployment
# (usr, usr/etc, the links at the top). It stops at FILES files or BYTES bytes, whichever is last, and
# takes none over SIZE (for find; 8M when not given).
make_tree() {
	local dir=$1 files=$2 bytes=$3 size=${4:-8M}
	mkdir -p "$dir"/usr/etc "$dir"/usr/lib "$dir"/var "$dir"/sysroot "$dir"/boot "$dir"/proc "$dir"/sys "$dir"/dev "$dir"/run "$dir"/tmp
	find /usr -xdev -type f -size "-$size" -printf '%s %P\0' 2>/dev/null |
		awk -v RS='\0' -v ORS='\0' -v files="$files" -v bytes="$bytes" '
			{ size = $1; sub(/^[0-9]+ /, "") }
			n < files || sum < bytes { if (n >= files && size < 65536) next; n++; sum += size; print }' |
		tar -C /usr --null --no-recursion --files-from=- -cf - 2>/dev/null | tar -C "$dir/usr" -xf - --no-same-owner
	cp /usr/lib/os-release "$dir/usr/lib/os-release" 2>/dev/null || true
	cp -r /etc/passwd /etc/group /etc/hosts "$dir/usr/etc/"
	cp /etc/passwd /etc/group "$dir/usr/lib/"
	local l
	for l in bin lib sbin lib64; do mkdir -p "$dir/usr/$l" && ln -sfn "usr/$l" "$dir/$l"; done
	ln -sfn sysroot/ostree "$dir/ostree"
	ln -sfn var/home "$dir/home"
	ln -sfn var/roothome "$dir/root"
	ln -sfn run/media "$dir/media"
}

# change_tree DIR PERCENT: patch that many percent of the files in a few places, add 60, remove 40.
change_tree() {
	local dir=$1 percent=$2 i=0 f size
	while IFS= read -r -d '' f; do
		size=$(stat -c %s "$f")
		printf 'changed %s' "$f" | head -c 48 | dd of="$f" bs=1 seek=$((size / 3)) conv=notrunc status=none
		[ "$size" -gt 65536 ] && printf 'changed again' | dd of="$f" bs=1 seek=$((size / 2)) conv=notrunc status=none
	done < <(find "$dir/usr" -type f -size +1k -print0 | sort -z | awk -v RS='\0' -v ORS='\0' -v p="$percent" 'NR % int(100 / p) == 0')
	find "$dir/usr/share" -type f -print0 | sort -z | awk -v RS='\0' -v ORS='\0' 'NR % 97 == 0 && ++n <= 40' | xargs -0 rm -f
	for i in $(seq 60); do head -c $((RANDOM % 30000 + 500)) /dev/urandom >"$dir/usr/share/new-$i"; done
}

# pkglist N RELEASE: rpmostree.rpmdb.pkglist of N packages as GVariant text.
pkglist() {
	awk -v n="$1" -v r="$2" 'BEGIN { printf "@a(sssss) ["; for (i = 1; i <= n; i++) printf "%s(\"package-%04d\", \"0\", \"1.%d\", \"%d.el9\", \"x86_64\")", (i > 1 ? ", " : ""), i, i, (i % 40 == 0 ? r : 1); printf "]" }'
}

# commit_tree REPO TREE REF VERSION [PARENT]: commit with the ostree program, as an image builder does.
commit_tree() {
	local repo=$1 tree=$2 ref=$3 version=$4 parent=${5:-}
	[ -e "$repo/config" ] || ostree init --repo="$repo" --mode=archive
	ostree commit --repo="$repo" --branch="$ref" --tree=dir="$tree" --owner-uid=0 --owner-gid=0 --no-xattrs \
		${parent:+--parent="$parent"} --subject="release $version" --add-metadata-string=version="$version" \
		--add-metadata="rpmostree.rpmdb.pkglist=$(pkglist 480 "${version##*.}")"
}

# edge_commit TAR REPO REF: the archive that osbuild calls an edge-commit.
edge_commit() {
	local tar=$1 repo=$2 ref=$3 top
	top=$(mktemp -d)
	printf '{"ref": "%s", "ostree-commit": "%s"}\n' "$ref" "$(ostree rev-parse --repo="$repo" "$ref")" >"$top/compose.json"
	ln -s "$(realpath "$repo")" "$top/repo"
	tar -C "$top" --format=gnu -cf "$tar" ./compose.json --dereference --exclude=./repo/tmp/* ./repo
	rm -r "$top"
}
