package iso

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"testing"
)

// stock is a boot ISO with the layout of a vendor's and nothing that boots; testdata/stock.sh made it.
func stock(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".iso.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func surveyed(t testing.TB, data []byte) *Base {
	t.Helper()
	b, err := Survey(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	b.Name, b.SHA256 = "stock", "0000"
	return b
}

// made is the whole of a custom ISO.
func custom(t testing.TB, data []byte, r Recipe) []byte {
	t.Helper()
	b := surveyed(t, data)
	p, err := b.plan(r)
	if err != nil {
		t.Fatal(err)
	}
	base := bytes.NewReader(data)
	from, err := p.measure(context.Background(), b, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := p.finish(context.Background(), b, base, from)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(data))
	if n, err := (over{o, base}).ReadAt(out, 0); n < len(out) {
		t.Fatal(n, err)
	}
	return out
}

var layouts = []string{"rhel9", "rhel10", "aarch64"}
