package cli_test

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// picture is the window, or all of the page down to a height, as a PNG.
func (w *window) picture(height int) ([]byte, error) {
	params := map[string]any{"format": "png", "optimizeForSpeed": true}
	if height > 0 {
		var whole int
		if err := w.tryValue(&whole, `Math.ceil(document.documentElement.scrollHeight)`); err != nil {
			return nil, err
		}
		params["captureBeyondViewport"] = true
		params["clip"] = map[string]any{"x": 0, "y": 0, "width": w.width, "height": max(min(whole, height), 1), "scale": 1}
	}
	var shot struct{ Data []byte }
	err := w.try("Page.captureScreenshot", params, &shot)
	return shot.Data, err
}

// shoot keeps a picture of the whole page in build/web, for whoever looks at what the tests saw.
func (w *window) shoot(name string) {
	w.t.Helper()
	data, err := w.picture(6000)
	if err == nil {
		err = keepPicture(fmt.Sprintf("../../build/web/%s-%d.png", name, w.width), data)
	}
	if err != nil {
		w.t.Errorf("keeping a picture of %s: %v", name, err)
	}
}

func keepPicture(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// smallPicture is how many bytes one of README's pictures may have.
const smallPicture = 60_000

// publishPicture writes what is in the window to contrib/screenshots, when UPDATE=1 asks for it.
func (w *window) publishPicture(name string) {
	w.t.Helper()
	if os.Getenv("UPDATE") == "" {
		return
	}
	data, err := w.picture(0)
	if err != nil {
		w.t.Fatal(err)
	}
	small, err := reduced(data)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(small) > smallPicture {
		w.t.Errorf("%s has %d bytes, want %d or less", name, len(small), smallPicture)
	}
	if err := keepPicture("../../contrib/screenshots/"+name+".png", small); err != nil {
		w.t.Fatal(err)
	}
}

// reduced is a PNG with 128 colours at most. A page has few; the others are edges of letters.
func reduced(data []byte) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	counts, bounds := map[color.RGBA]int{}, from.Bounds()
	at := func(x, y int) color.RGBA {
		r, g, b, _ := from.At(x, y).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	palette := paletteOf(counts)
	to, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			if _, known := nearest[c]; !known {
				nearest[c] = uint8(palette.Index(c))
			}
			to.SetColorIndex(x, y, nearest[c])
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to)
	return out.Bytes(), err
}

// paletteOf are the colours that there are most of. One that is like none before it goes before those that are:
// a green dot is small.
func paletteOf(counts map[color.RGBA]int) color.Palette {
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	const most, apart = 128, 24 // colours; steps of one of three channels
	palette := make(color.Palette, 0, most)
	var rest []color.RGBA
	for _, c := range colours {
		like := slices.ContainsFunc(palette, func(p color.Color) bool {
			q := p.(color.RGBA)
			return max(distance(c.R, q.R), distance(c.G, q.G), distance(c.B, q.B)) < apart
		})
		if like || len(palette) == most {
			rest = append(rest, c)
		} else {
			palette = append(palette, c)
		}
	}
	for _, c := range rest[:min(len(rest), most-len(palette))] {
		palette = append(palette, c)
	}
	return palette
}

func distance(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// The pictures of README are there and small.
func TestScreenshots(t *testing.T) {
	all, err := filepath.Glob("../../contrib/screenshots/*.png")
	if err != nil || len(all) == 0 {
		t.Fatalf("there are no pictures: %v", err)
	}
	for _, file := range all {
		if info, err := os.Stat(file); err != nil || info.Size() > smallPicture {
			t.Errorf("%s: %v, %v", file, info.Size(), err)
		}
	}
}
