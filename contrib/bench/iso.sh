# Boot ISOs beside the classic copy-sed-mkisofs script and xorriso's replay; sourced by run.
# shellcheck shell=bash

iso_megabytes=${BENCH_ISO_MEGABYTES:-700}
stock_iso=appliance/iso/testdata/stock.sh

# isos: stock ISOs of that many megabytes, made once. They are laid out as lorax lays out those of RHEL 9 and 10.
isos() {
	local layout
	for layout in rhel9 rhel10; do
		[ -e "$work/$layout.iso" ] && continue
		note "making an ISO of $iso_megabytes MB laid out as that of $layout"
		"$stock_iso" "$layout" "$work/$layout.tmp" "$iso_megabytes" >/dev/null 2>&1
		mv "$work/$layout.tmp" "$work/$layout.iso"
	done
}

# classic: takes the tree out, edits the menus, writes the whole anew. Of the known script mount and cp are one
# extraction here, and the EFI system partition stays as it was; both are in its favour.
classic() {
	rm -rf "$work/classic" "$work/classic.iso" && mkdir "$work/classic"
	xorriso -osirrox on -indev "$work/rhel9.iso" -extract / "$work/classic" >/dev/null 2>&1
	chmod -R u+w "$work/classic"
	sed -i 's/ quiet/ inst.ks=http:\/\/builder\/kickstart.ks quiet/' "$work/classic/isolinux/isolinux.cfg" "$work/classic/EFI/BOOT/grub.cfg"
	genisoimage -quiet -o "$work/classic.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -boot-load-size 4 -boot-info-table -no-emul-boot \
		-eltorito-alt-boot -e images/efiboot.img -no-emul-boot -R -J -V RHEL-9-6-0-BaseOS-x86_64 "$work/classic" 2>/dev/null
	implantisomd5 --force "$work/classic.iso" >/dev/null
}

# replay: what mkksiso does with xorriso, without its rebuilding of the EFI system partition.
replay() {
	rm -rf "$work/replay" "$work/replay.iso" && mkdir "$work/replay"
	xorriso -osirrox on -indev "$work/rhel9.iso" -extract /isolinux/isolinux.cfg "$work/replay/isolinux.cfg" -extract /EFI/BOOT/grub.cfg "$work/replay/grub.cfg" >/dev/null 2>&1
	chmod u+w "$work"/replay/*
	sed -i 's/ quiet/ inst.ks=http:\/\/builder\/kickstart.ks quiet/' "$work"/replay/*.cfg
	xorriso -indev "$work/rhel9.iso" -outdev "$work/replay.iso" -boot_image any replay \
		-update "$work/replay/isolinux.cfg" /isolinux/isolinux.cfg -update "$work/replay/grub.cfg" /EFI/BOOT/grub.cfg -commit >/dev/null 2>&1
	implantisomd5 --force "$work/replay.iso" >/dev/null
}

# seconds COMMAND...: how long it takes.
seconds() {
	local start
	start=$(now)
	"$@"
	since "$start"
	echo
}

# first_bytes FROM TO: the milliseconds until the first bytes of images that nobody has asked for before.
first_bytes() {
	curl -s -o /dev/null -r 0-0 -w '%{time_starttransfer}\n' "$url/demo_upgrade/images/by-device/edge-[$1-$2].iso" | awk '{ printf "%.2f\n", $1 * 1000 }'
}

bench_iso() {
	local token before after i rss peak=0 big speed plain
	isos
	rm -rf "$work/iso" "$work"/iso-*.res
	serve "$work/iso" --sample
	token=$(cat "$work/iso/token")
	export APPLIANCE_SERVER=$url APPLIANCE_TOKEN=$token
	for i in $(seq "$runs"); do
		seconds "$bin" iso add "$work/rhel9.iso" >"$work/out"
		tail -n 1 "$work/out" >>"$work/iso-add.res"
	done
	"$bin" iso build demo_upgrade >/dev/null
	before=$(du -sb "$work/iso" | cut -f1)
	first_bytes 1 1000 >"$work/iso-first.res"
	after=$(du -sb "$work/iso/images" | cut -f1)
	big=$(du -sb "$work/iso" | cut -f1)
	for i in $(seq "$runs"); do
		seconds classic >>"$work/iso-classic.res"
		seconds replay >>"$work/iso-replay.res"
		checkisomd5 "$work/classic.iso" >/dev/null 2>&1 && checkisomd5 "$work/replay.iso" >/dev/null 2>&1
	done

	# A thousand at once, each read slowly.
	for i in 0 1 2 3; do
		curl -s -Z --parallel-immediate --parallel-max 250 --limit-rate 100k --max-time 20 -o /dev/null "$url/demo_upgrade/images/by-device/edge-[$((250 * i + 1))-$((250 * i + 250))].iso" 2>/dev/null &
	done
	sleep 12
	rss=$(awk '/VmRSS/ { print int($2 / 1024) }' "/proc/$server/status")
	peak=$(ss -Htn state established "sport = :$port" | wc -l)
	wait $(jobs -p | grep -v "^$server$") 2>/dev/null || true

	# The whole of it, beside nginx with the plain file.
	nginx_plain
	for i in $(seq "$runs"); do
		curl -s -o /dev/null -w '%{speed_download}\n' "$url/demo_upgrade/images/by-device/edge-1.iso" >>"$work/iso-speed.res"
		curl -s -o /dev/null -w '%{speed_download}\n' "http://127.0.0.1:$nginx_port/rhel9.iso" >>"$work/iso-plain.res"
	done
	kill "$peer" && wait "$peer" 2>/dev/null || true
	peer=
	stop
	speed=$(median <"$work/iso-speed.res") plain=$(median <"$work/iso-plain.res")
	echo
	echo "| a boot ISO for one more device, base of $(($(stat -c %s "$work/rhel9.iso") / 1000000)) MB | time, median | bytes on the disk |"
	echo "|---|--:|--:|"
	echo "| appliance, first byte of a device nobody asked for before (median of 1000; worst $(sort -n "$work/iso-first.res" | tail -n 1) ms) | $(median <"$work/iso-first.res") ms | $((big - before)) |"
	echo "| copy, sed, mkisofs, implantisomd5 | $(median <"$work/iso-classic.res") s | $(stat -c %s "$work/classic.iso") |"
	echo "| xorriso replay, implantisomd5 | $(median <"$work/iso-replay.res") s | $(stat -c %s "$work/replay.iso") |"
	echo
	echo "Once for the base: appliance iso add $(median <"$work/iso-add.res") s, $after bytes on the disk. $peak downloads of 1000 devices at once: $rss MB of memory. A whole download $(awk -v a="$speed" -v b="$plain" 'BEGIN { printf "%.0f MB/s, nginx with the plain file %.0f MB/s (%+.0f %%)", a / 1e6, b / 1e6, (a / b - 1) * 100 }')."
}

# nginx_plain serves the plain file.
nginx_plain() {
	mkdir -p "$work/nginx-iso"
	printf 'daemon off; worker_processes 2; pid %s/pid; error_log %s/err; events {}\nhttp { access_log off; sendfile on; client_body_temp_path %s; server { listen 127.0.0.1:%s; root %s; } }\n' \
		"$work/nginx-iso" "$work/nginx-iso" "$work/nginx-iso" "$nginx_port" "$work" >"$work/nginx-iso/conf"
	nginx -c "$work/nginx-iso/conf" -p "$work/nginx-iso" 2>/dev/null &
	peer=$!
	until curl -sf -o /dev/null -r 0-0 "http://127.0.0.1:$nginx_port/rhel9.iso"; do sleep 0.05; done
}
