package iso

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

// partition is one of an MBR or a GPT.
type partition struct {
	gpt   bool
	kind  string // of an MBR two hexadecimal digits, of a GPT its GUID
	area  Extent
	index int
}

// Kinds of partitions. Source: UEFI 5.2.2 and 5.3.3.
const (
	kindESPOfMBR   = "ef"
	kindProtective = "ee"
	kindESP        = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
)

// partitions is what a disk firmware sees of an image.
type partitions struct {
	bootable bool // the MBR has code
	gptSound bool // no two partitions of the GPT overlap, so that UEFI trusts it
	all      []partition
}

// readPartitions finds none in an image that is for CDs only.
func readPartitions(w window) (partitions, error) {
	var p partitions
	mbr, err := w.bytes(Extent{0, blockSize})
	if err != nil {
		return p, err
	}
	if mbr[510] != 0x55 || mbr[511] != 0xaa {
		return p, nil
	}
	p.bootable = len(bytes.Trim(mbr[:440], "\x00")) > 0
	for i := range 4 {
		e := mbr[446+16*i:][:16]
		area := Extent{int64(binary.LittleEndian.Uint32(e[8:])) * blockSize, int64(binary.LittleEndian.Uint32(e[12:])) * blockSize}
		if e[4] != 0 && area.Length > 0 {
			p.all = append(p.all, partition{false, hex.EncodeToString(e[4:5]), area, i + 1})
		}
	}
	gpt, err := readGPT(w)
	if err != nil {
		return p, err
	}
	p.gptSound = len(gpt) > 0 && !overlap(gpt)
	p.all = append(p.all, gpt...)
	return p, nil
}

// readGPT reads the one at the beginning. One that is not valid is no partition table to firmware either; so it is
// none here. Source: UEFI 5.3.2.
func readGPT(w window) ([]partition, error) {
	head, err := w.bytes(Extent{blockSize, blockSize})
	if err != nil || string(head[:8]) != "EFI PART" {
		return nil, nil //nolint:nilerr // an image that ends here has none
	}
	size := binary.LittleEndian.Uint32(head[12:])
	if size < 92 || size > blockSize || binary.LittleEndian.Uint64(head[24:]) != 1 {
		return nil, nil
	}
	sum := binary.LittleEndian.Uint32(head[16:])
	clear(head[16:20])
	if crc32.ChecksumIEEE(head[:size]) != sum {
		return nil, nil
	}
	at, count, each := binary.LittleEndian.Uint64(head[72:]), binary.LittleEndian.Uint32(head[80:]), binary.LittleEndian.Uint32(head[84:])
	if count > 1024 || each < 128 || each > 4096 || at > 1<<40 {
		return nil, fmt.Errorf("%w: a GPT of %d entries of %d bytes", ErrMalformed, count, each)
	}
	table, err := w.bytes(Extent{int64(at) * blockSize, int64(count) * int64(each)})
	if err != nil {
		return nil, fmt.Errorf("reading the GPT: %w", err)
	}
	if crc32.ChecksumIEEE(table) != binary.LittleEndian.Uint32(head[88:]) {
		return nil, nil
	}
	var all []partition
	for i := range int(count) {
		e := table[i*int(each):]
		first, last := binary.LittleEndian.Uint64(e[32:]), binary.LittleEndian.Uint64(e[40:])
		if len(bytes.Trim(e[:16], "\x00")) == 0 {
			continue
		}
		if last < first || last > 1<<40 {
			return nil, fmt.Errorf("%w: partition %d of the GPT ends before it begins", ErrMalformed, i+1)
		}
		all = append(all, partition{true, guid(e[:16]), Extent{int64(first) * blockSize, int64(last-first+1) * blockSize}, i + 1})
	}
	return all, nil
}

func overlap(all []partition) bool {
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.area.Offset < b.area.End() && b.area.Offset < a.area.End() {
				return true
			}
		}
	}
	return false
}

// guid writes one as UEFI stores it: the first three parts are little endian.
func guid(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}
