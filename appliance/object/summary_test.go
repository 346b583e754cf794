package object

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"edge/appliance/gvariant"
)

func sampleSummary() Summary {
	return Summary{
		Refs: []SummaryRef{
			{Ref: "a", Commit: someSum, Size: 300, Time: time.Unix(1700000000, 0).UTC(), Version: "0.0.1"},
			{Ref: "rhel/9/x86_64/edge", Commit: emptyTree, Size: 1, Time: time.Unix(1800000000, 0).UTC()},
		},
		LastModified: time.Unix(1900000000, 0).UTC(), Expires: time.Unix(2000000000, 0).UTC(), IndexedDeltas: true,
		Deltas: map[string]Checksum{someSum + "-" + emptyTree: plainMeta, emptyTree: someSum},
	}
}

func TestSummaryThereAndBack(t *testing.T) {
	plain := Summary{LastModified: time.Unix(0, 0).UTC()}
	for _, s := range []Summary{sampleSummary(), plain} {
		got, err := ParseSummary(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("got  %+v\nwant %+v", got, s)
		}
	}
	s := sampleSummary()
	s.Refs[0], s.Refs[1] = s.Refs[1], s.Refs[0]
	if !bytes.Equal(s.Encode(), sampleSummary().Encode()) {
		t.Error("the order of the refs matters")
	}
}

// The size is the one integer that libostree leaves as the machine has it.
func TestSummarySizeIsLittleEndian(t *testing.T) {
	v, err := gvariant.Parse(summaryType, sampleSummary().Encode())
	if err != nil {
		t.Fatal(err)
	}
	if size := v.At(0).At(0).At(1).At(0).Uint64(); size != 300 {
		t.Errorf("size %d", size)
	}
	modified, _ := v.At(1).Lookup(keyModified)
	if at := swap64(modified.Uint64()); at != 1900000000 {
		t.Errorf("modified %d", at)
	}
}

func TestParseSummaryRefuses(t *testing.T) {
	ref := func(name string, size uint64, commit []byte, dict gvariant.Value) gvariant.Value {
		return gvariant.Tuple(gvariant.Str(name), gvariant.Tuple(gvariant.Uint64(size), gvariant.Bytes(commit), dict))
	}
	key := func(key string, v gvariant.Value) gvariant.Value {
		return gvariant.Dict(gvariant.Entry{Key: key, Value: v})
	}
	sum, none := make([]byte, 32), gvariant.Dict()
	good := ref("a", 1, sum, none)
	for why, c := range map[string]struct {
		refs []gvariant.Value
		dict gvariant.Value
	}{
		"unsorted":          {[]gvariant.Value{ref("b", 1, sum, none), good}, none},
		"ref twice":         {[]gvariant.Value{good, good}, none},
		"no ref":            {[]gvariant.Value{ref("../a", 1, sum, none)}, none},
		"short commit":      {[]gvariant.Value{ref("a", 1, sum[1:], none)}, none},
		"giant commit":      {[]gvariant.Value{ref("a", 1<<60, sum, none)}, none},
		"time of the ref":   {[]gvariant.Value{ref("a", 1, sum, key(keyRefTime, gvariant.Str("now")))}, none},
		"far future":        {nil, key(keyModified, gvariant.Uint64(1))},
		"expiry is text":    {nil, key(keyExpires, gvariant.Str("never"))},
		"deltas are text":   {nil, key(keyDeltas, gvariant.Str("many"))},
		"delta of no name":  {nil, key(keyDeltas, key("x", gvariant.Bytes(sum)))},
		"delta to nothing":  {nil, key(keyDeltas, key(someSum+"-", gvariant.Bytes(sum)))},
		"delta of no sum":   {nil, key(keyDeltas, key(someSum, gvariant.Bytes(nil)))},
		"delta of one type": {nil, key(keyDeltas, key(someSum, gvariant.Str("a")))},
	} {
		data := gvariant.Tuple(gvariant.Array(summaryRefType, c.refs...), c.dict).Data()
		if _, err := ParseSummary(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", why, err)
		}
	}
	unknown := gvariant.Tuple(gvariant.Array(summaryRefType, good), key("xa.cache", gvariant.Tuple())).Data()
	if _, err := ParseSummary(unknown); err != nil {
		t.Errorf("unknown key: %v", err)
	}
}

func FuzzSummary(f *testing.F) {
	f.Add(sampleSummary().Encode())
	f.Add(Summary{}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSummary(data)
		if err != nil {
			return
		}
		again, err := ParseSummary(s.Encode())
		if err != nil || len(again.Refs) != len(s.Refs) || len(again.Deltas) != len(s.Deltas) {
			t.Fatalf("%+v is read again as %+v, %v", s, again, err)
		}
	})
}
