package gvariant

import "encoding/binary"

// offsetSize is the width of the framing offsets of a container of size bytes.
func offsetSize(size int) int {
	switch {
	case size == 0:
		return 0
	case size <= 0xff:
		return 1
	case size <= 0xffff:
		return 2
	case uint64(size) <= 0xffffffff:
		return 4
	}
	return 8
}

// framedSize is the size of a container whose members fill body bytes and that
// has count framing offsets, of the smallest width that can address the whole.
func framedSize(body, count int) int {
	for width := 1; width < 8; width *= 2 {
		if total := body + count*width; offsetSize(total) <= width {
			return total
		}
	}
	return body + count*8
}

// offset reads one framing offset. What cannot be a position in data becomes
// one that is behind its end.
func offset(data []byte, at, width int) int {
	n := uint64(0)
	switch width {
	case 1:
		n = uint64(data[at])
	case 2:
		n = uint64(binary.LittleEndian.Uint16(data[at:]))
	case 4:
		n = uint64(binary.LittleEndian.Uint32(data[at:]))
	default:
		n = binary.LittleEndian.Uint64(data[at:])
	}
	return int(min(n, uint64(len(data))+1))
}

// appendOffset writes one framing offset.
func appendOffset(data []byte, position, width int) []byte {
	for range width {
		data = append(data, byte(position))
		position >>= 8
	}
	return data
}

// arrayFrame says where the offset table of a variable-size array begins and
// how many elements it has. ok is false for what no array looks like.
func arrayFrame(data []byte) (table, count, width int, ok bool) {
	if len(data) == 0 {
		return 0, 0, 0, true
	}
	width = offsetSize(len(data))
	table = offset(data, len(data)-width, width)
	if table >= len(data) || (len(data)-table)%width != 0 {
		return 0, 0, 0, false
	}
	count = (len(data) - table) / width
	return table, count, width, framedSize(table, count) == len(data)
}

// variantFrame says where the NUL between value and type of a variant is; -1 for none.
func variantFrame(data []byte) int {
	for i := len(data) - 1; i >= 0 && i >= len(data)-1-maxTypeLength; i-- {
		if data[i] == 0 {
			return i
		}
	}
	return -1
}
