package sheet

import (
	"testing"
	"time"
)

func TestTableAligns(t *testing.T) {
	var s Sheet
	s.Table([]string{"NAME", ">N", "LAST"}, [][]string{{"a", "1", "x"}, {"längerer", "100", ""}, {"日本", "7", "z"}})
	s.Part([]string{"NONE"}, nil)
	s.Fields([2]string{"name", "v"}, [2]string{"longer", ""}, [2]string{"nb", "w"})
	want := "NAME        N  LAST\na           1  x\nlängerer  100\n日本        7  z\nname:  v\nnb:    w\n"
	if got := s.String(); got != want {
		t.Errorf("sheet:\n%s\nwant:\n%s", got, want)
	}
}

// What a stranger wrote stays on its line and steers nothing.
func TestStrangersAreCleaned(t *testing.T) {
	var s Sheet
	s.Line("%s", "a\x1b[31m\nb\u202ec")
	s.Row("x\ty", "\x07")
	if got, want := s.String(), "a?[31m?b?c\nx?y  ?\n"; got != want {
		t.Errorf("sheet = %q, want %q", got, want)
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		Dash(""): "-", Dash("a"): "a", Short("0123456789abcdef"): "0123456789ab", Digest("sha256:0123456789abcdef"): "sha256:0123456789ab",
		Digest("none"): "none", When(time.Time{}): "", When(time.Unix(0, 0)): "1970-01-01 00:00", Size(999): "999 B", Size(1500): "1.5 kB",
		Size(999_950_000): "1.0 GB", Plural(1, "app"): "1 app", Plural(2, "app"): "2 apps",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB",
		332_500_000: "332.5 MB", 1_200_000_000_000: "1.2 TB", 9_000_000_000_000_000_000: "9000.0 PB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestColumnsAreAlignedByWhatIsSeen(t *testing.T) {
	var s Sheet
	s.Rows([][]string{{"日本", "|"}, {"e\u0301te\u0301", "|"}, {"wide", "|"}, {"a\x1b[31m\u202eb", "|"}})
	want := "日本      |\ne\u0301te\u0301       |\nwide      |\na?[31m?b  |\n"
	if got := s.String(); got != want {
		t.Errorf("columns:\n%s\nwant:\n%s", got, want)
	}
}

func TestCleanKeepsWordsAndDropsTricks(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "é日本→…": "é日本→…", "a\x00b\nc\td": "a?b?c?d", "\x9b31m": "?31m", "\u202eevil": "?evil", "\xff": "?", "\u2028": "?"} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
