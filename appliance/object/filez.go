package object

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// ReadFile reads a filez stream: it returns the header and a reader of the inflated content.
// The reader fails with ErrMalformed or ErrTooLarge when the content is not exactly Size
// bytes, when the deflate stream is damaged, or when bytes follow it. Of filez nothing is
// used any more once the reader has ended or failed.
func ReadFile(filez io.Reader) (File, io.Reader, error) {
	i := inflaters.Get().(*inflater)
	i.in.Reset(filez)
	f, _, err := readHeader(i.in)
	if err != nil {
		i.release()
		return File{}, nil, err
	}
	return f, newContent(i, f), nil
}

// SumFile reads a whole filez stream and returns its header and content checksum.
func SumFile(filez io.Reader) (File, Checksum, error) {
	i := inflaters.Get().(*inflater)
	i.in.Reset(filez)
	f, attrs, err := readHeader(i.in)
	if err != nil {
		i.release()
		return File{}, "", err
	}
	h := sha256.New()
	h.Write(f.sumHeader(attrs))
	if _, err := copyPooled(h, newContent(i, f)); err != nil {
		return File{}, "", err
	}
	return f, sumOf(h), nil
}

// WriteFile writes a filez stream for f with content and returns its checksum. Compression
// is raw deflate of the given level (0 to 9). f.Size must be the number of bytes in content.
func WriteFile(w io.Writer, f File, content io.Reader, level int) (Checksum, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	attrs := encodeXAttrs(f.XAttrs)
	if _, err := parseXAttrs("file", attrs); err != nil {
		return "", err
	}
	if level < flate.NoCompression || level > flate.BestCompression {
		return "", fmt.Errorf("writing file: compression level %d is not in 0 to 9", level)
	}
	header := f.filezHeader(attrs)
	if len(header) > MaxHeader {
		return "", fmt.Errorf("writing file: %w: header of %d bytes, at most %d", ErrTooLarge, len(header), MaxHeader)
	}
	if _, err := w.Write(header); err != nil {
		return "", fmt.Errorf("writing file: %w", err)
	}
	h := sha256.New()
	h.Write(f.sumHeader(attrs))
	if !f.IsLink() {
		if err := deflate(w, h, f.Size, content, level); err != nil {
			return "", err
		}
	}
	return sumOf(h), nil
}

// deflaters holds compressors by level: each is more than half a megabyte.
var deflaters [flate.BestCompression + 1]sync.Pool

// deflate compresses exactly size bytes of content into w and adds them to h.
func deflate(w io.Writer, h hash.Hash, size int64, content io.Reader, level int) error {
	z, _ := deflaters[level].Get().(*flate.Writer)
	if z == nil {
		z, _ = flate.NewWriter(nil, level) // it fails for other levels only
	}
	z.Reset(w)
	defer func() {
		z.Reset(nil)
		deflaters[level].Put(z)
	}()
	n, err := copyPooled(io.MultiWriter(h, z), io.LimitReader(content, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%w: the content is not of %d bytes", ErrMalformed, size)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("writing file: %w", err)
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyPooled is io.Copy with a buffer that is used again.
func copyPooled(w io.Writer, r io.Reader) (int64, error) {
	b := buffers.Get().(*[64 << 10]byte)
	defer buffers.Put(b)
	// Neither side may bring a way of its own to copy, which would not use the buffer.
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, b[:])
}

func sumOf(h hash.Hash) Checksum { return Checksum(fmt.Sprintf("%x", h.Sum(nil))) }
