package object

import (
	"strconv"
	"strings"

	"edge/appliance/gvariant"
)

// Told is one entry of a commit's metadata for people to read.
type Told struct {
	Key  string `json:"key"`
	Type string `json:"type"`           // as GVariant writes it
	Text string `json:"text,omitempty"` // "" where the value is no text, number or list of texts, or has over 4 KiB
	Size int    `json:"size"`           // bytes as stored
}

// Limits of what Tell tells: a commit of strangers may hold anything.
const (
	maxTold     = 500 // entries
	maxToldText = 4 << 10
)

// Tell has the metadata of c in stored order. Of more than 500 entries it has the first.
func (c Commit) Tell() []Told {
	dict := dictionary(c.Metadata)
	all := []Told{}
	for i := range min(dict.Len(), maxTold) {
		entry := dict.At(i)
		v := entry.At(1).Unwrap()
		told := Told{Key: clip(entry.At(0).Str()), Type: clip(v.Type()), Size: len(v.Data())}
		if told.Size <= maxToldText {
			told.Text = plainly(v)
		}
		all = append(all, told)
	}
	return all
}

// plainly is a value in words, "" where that would take more than a line.
func plainly(v gvariant.Value) string {
	switch v.Type() {
	case "s", "o", "g":
		return v.Str()
	case "b":
		return strconv.FormatBool(v.Bool())
	case "y":
		return strconv.Itoa(int(v.Byte()))
	case "u":
		return strconv.FormatUint(uint64(v.Uint32()), 10)
	case "t":
		return strconv.FormatUint(v.Uint64(), 10)
	case "as":
		var all []string
		for i := range v.Len() {
			all = append(all, v.At(i).Str())
		}
		return strings.Join(all, ", ")
	}
	return ""
}
