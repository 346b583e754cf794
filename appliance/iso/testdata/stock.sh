#!/usr/bin/env bash
# Makes a boot ISO laid out as lorax lays out those of RHEL 9 (isolinux, a hybrid MBR, an ESP that is a file of the
# tree) or of RHEL 10 and Fedora (GRUB for BIOS, a GPT, an appended ESP, a second tree for partition 1). The texts
# of the menus are our own; their commands are those that such ISOs have.
# Usage: stock.sh rhel9|rhel10|aarch64 OUT.iso [MEGABYTES]
# KERNEL, INITRD: what boots. Without them the ISO has the layout only and small files in place of loaders.
set -euo pipefail
layout=$1 out=$2 megabytes=${3:-0}
export SOURCE_DATE_EPOCH=1700000000 MTOOLS_SKIP_CHECK=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree"/{images/pxeboot,EFI/BOOT/fonts}

case $layout in
rhel9) version=9.6 label=RHEL-9-6-0-BaseOS-x86_64 arch=x86_64 suffix=efi ;;
rhel10) version=10.0 label=RHEL-10-0-BaseOS-x86_64 arch=x86_64 suffix=efi ;;
aarch64) version=9.6 label=RHEL-9-6-0-BaseOS-aarch64 arch=aarch64 suffix= ;;
esac
stage2=inst.stage2=hd:LABEL=$label
printf '1700000000.000000\n%s\n%s\n' "$version" "$arch" >"$tree/.discinfo"
if [ "$megabytes" -gt 0 ]; then
	openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c "${megabytes}M" >"$tree/images/install.img" || true
else
	echo "no stage 2" >"$tree/images/install.img"
fi
if [ -n "${KERNEL:-}" ]; then
	cp "$KERNEL" "$tree/images/pxeboot/vmlinuz"
	cp "$INITRD" "$tree/images/pxeboot/initrd.img"
else
	echo "no kernel" >"$tree/images/pxeboot/vmlinuz"
	echo "no initrd" >"$tree/images/pxeboot/initrd.img"
fi

entry() { # prints a menu entry: TITLE ARGUMENTS, indented by $tab
	printf "%smenuentry '%s' --class red --class gnu-linux --class gnu --class os {\n" "${tab:-}" "$1"
	printf '%s\tlinux%s /images/pxeboot/vmlinuz %s %s\n%s\tinitrd%s /images/pxeboot/initrd.img\n%s}\n' "${tab:-}" "$suffix" "$stage2" "$2" "${tab:-}" "$suffix" "${tab:-}"
}
menu() { # prints grub.cfg with the modules that are given
	printf 'set default="1"\n\nfunction load_video {\n'
	printf '  insmod %s\n' "$@"
	printf '}\n\nload_video\nset gfxpayload=keep\ninsmod gzio\ninsmod part_gpt\ninsmod ext2\n\nset timeout=60\n### END of the header ###\n\n'
	printf "search --no-floppy --set=root -l '%s'\n\n### BEGIN of the entries ###\n" "$label"
	entry "Install Red Hat Enterprise Linux $version" quiet
	entry "Test this media & install Red Hat Enterprise Linux $version" "rd.live.check quiet"
	printf "submenu 'Troubleshooting -->' {\n"
	tab=$'\t' entry "Install Red Hat Enterprise Linux $version in FIPS mode" "quiet fips=1"
	tab=$'\t' entry "Rescue a Red Hat Enterprise Linux system" "inst.rescue quiet"
	printf '}\n'
}
menu efi_gop efi_uga video_bochs video_cirrus all_video >"$tree/EFI/BOOT/grub.cfg"
if [ -n "${KERNEL:-}" ]; then
	grub-mkimage -O x86_64-efi -p /EFI/BOOT -o "$tree/EFI/BOOT/BOOTX64.EFI" \
		part_gpt part_msdos fat iso9660 linux linuxefi normal configfile search search_label search_fs_file boot all_video efi_gop efi_uga video_bochs video_cirrus gzio ext2 echo test ls cat serial terminal
elif [ "$arch" = aarch64 ]; then
	echo "no loader" >"$tree/EFI/BOOT/BOOTAA64.EFI"
else
	echo "no loader" >"$tree/EFI/BOOT/BOOTX64.EFI"
fi
echo "no font" >"$tree/EFI/BOOT/fonts/unicode.pf2"

esp() { # makes efiboot.img as mkefiboot does: sizes rounded to 2048, and half a megabyte
	local bytes
	bytes=$(find "$tree/EFI" -type f -printf '%s\n' | awk '{n += int(($1 + 2047) / 2048) * 2048} END {print n + 524288}')
	[ "$bytes" -gt "$1" ] || bytes=$1
	truncate -s $(((bytes + 2047) / 2048 * 2048)) "$work/efiboot.img"
	mkfs.msdos -n ANACONDA -i 12345678 "$work/efiboot.img" >/dev/null 2>&1
	mcopy -s -i "$work/efiboot.img" "$tree/EFI" ::/
}

common=(-as mkisofs -quiet -o "$out" -R -J -V "$label" -uid 0 -gid 0)
case $layout in
rhel9)
	esp 0
	mkdir -p "$tree/isolinux"
	ln "$tree/images/pxeboot/vmlinuz" "$tree/images/pxeboot/initrd.img" "$tree/isolinux/"
	cp "$work/efiboot.img" "$tree/images/efiboot.img"
	hybrid=$work/isohdpfx.bin
	if [ -n "${KERNEL:-}" ]; then
		cp /usr/lib/ISOLINUX/isolinux.bin "$tree/isolinux/"
		cp /usr/lib/syslinux/modules/bios/{vesamenu,ldlinux,libcom32,libutil}.c32 "$tree/isolinux/"
		cp /usr/lib/ISOLINUX/isohdpfx.bin "$hybrid"
	else
		head -c 24576 /dev/zero | tr '\0' i >"$tree/isolinux/isolinux.bin"
		head -c 432 /dev/zero | tr '\0' m >"$hybrid"
	fi
	echo "dead since GRUB 2" >"$tree/isolinux/grub.conf"
	cat >"$tree/isolinux/isolinux.cfg" <<-EOF
		default vesamenu.c32
		timeout 600

		display boot.msg

		# What this menu looks like.
		menu clear
		menu title Red Hat Enterprise Linux $version
		menu vshift 8
		menu rows 18
		menu margin 8
		#menu hidden
		menu helpmsgrow 15
		menu tabmsgrow 13

		# The colours of the chosen item and of all others.
		menu color border * #00000000 #00000000 none
		menu color sel 0 #ffffffff #00000000 none
		menu color title 0 #ff7ba3d0 #00000000 none
		menu color unsel 0 #84b8ffff #00000000 none

		menu tabmsg Press Tab for full configuration options on menu items.
		menu separator # an empty line

		label linux
		  menu label ^Install Red Hat Enterprise Linux $version
		  kernel vmlinuz
		  append initrd=initrd.img $stage2 quiet

		label check
		  menu label Test this ^media & install Red Hat Enterprise Linux $version
		  menu default
		  kernel vmlinuz
		  append initrd=initrd.img $stage2 rd.live.check quiet

		menu separator # an empty line

		# A menu below this one.
		menu begin ^Troubleshooting
		  menu title Troubleshooting

		label rescue
		  menu indent count 5
		  menu label ^Rescue a Red Hat Enterprise Linux system
		  text help
		 	If the system will not boot, this lets you look at its files
		 	and mend what keeps it from booting.
		  endtext
		  kernel vmlinuz
		  append initrd=initrd.img $stage2 inst.rescue quiet

		label returntomain
		  menu label Return to ^main menu
		  menu exit

		menu end
	EOF
	find "$tree" -exec touch -h -d @1700000000 {} +
	xorriso "${common[@]}" -isohybrid-mbr "$hybrid" \
		-b isolinux/isolinux.bin -c isolinux/boot.cat -boot-load-size 4 -boot-info-table -no-emul-boot \
		-eltorito-alt-boot -e images/efiboot.img -no-emul-boot -isohybrid-gpt-basdat \
		-graft-points .discinfo="$tree/.discinfo" images/install.img="$tree/images/install.img" isolinux="$tree/isolinux" \
		images/pxeboot="$tree/images/pxeboot" EFI/BOOT="$tree/EFI/BOOT" images/efiboot.img="$tree/images/efiboot.img"
	;;
rhel10)
	esp 8921088
	mkdir -p "$tree/boot/grub2"
	menu all_video >"$tree/boot/grub2/grub.cfg"
	if [ -n "${KERNEL:-}" ]; then
		sed -i 's/linuxefi /linux /; s/initrdefi /initrd /' "$tree/boot/grub2/grub.cfg"
		grub-mkimage -O i386-pc-eltorito -p /boot/grub2 -o "$tree/images/eltorito.img" iso9660 biosdisk
		mkdir "$tree/boot/grub2/i386-pc"
		cp /usr/lib/grub/i386-pc/*.{mod,lst} "$tree/boot/grub2/i386-pc/"
		mbr=/usr/lib/grub/i386-pc/boot_hybrid.img
	else
		sed -i 's/linuxefi /linux /; s/initrdefi /initrd /' "$tree/boot/grub2/grub.cfg"
		head -c 24576 /dev/zero | tr '\0' g >"$tree/images/eltorito.img"
		mbr=$work/boot_hybrid.img
		head -c 512 /dev/zero | tr '\0' h >"$mbr"
	fi
	find "$tree" -exec touch -h -d @1700000000 {} +
	xorriso "${common[@]}" --grub2-mbr "$mbr" -partition_offset 16 -appended_part_as_gpt \
		-append_partition 2 C12A7328-F81F-11D2-BA4B-00A0C93EC93B "$work/efiboot.img" \
		-iso_mbr_part_type EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 -c boot.cat --boot-catalog-hide \
		-b images/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
		-eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
		-graft-points .discinfo="$tree/.discinfo" images="$tree/images" boot/grub2="$tree/boot/grub2" EFI/BOOT="$tree/EFI/BOOT"
	;;
aarch64)
	esp 0
	find "$tree" -exec touch -h -d @1700000000 {} +
	cp "$work/efiboot.img" "$tree/images/efiboot.img"
	xorriso "${common[@]}" -eltorito-alt-boot -e images/efiboot.img -no-emul-boot \
		-graft-points .discinfo="$tree/.discinfo" images="$tree/images" EFI/BOOT="$tree/EFI/BOOT" images/efiboot.img="$work/efiboot.img"
	;;
esac
implantisomd5 --supported-iso --force "$out" >/dev/null
