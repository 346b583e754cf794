package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
)

// Downloads are the programs that devices fetch: this very one, and those for other architectures that
// somebody has put into a folder.
type Downloads struct {
	dir string
	own *os.File

	mu   sync.Mutex
	sums map[string]programSum // by architecture
}

// programSum is the SHA-256 of a file as it was.
type programSum struct {
	of  fs.FileInfo
	hex string
}

// architectures that there are programs for.
var architectures = []string{"amd64", "arm64"}

const programName = "appliance-linux-"

// OpenDownloads holds the running program open, so that one that has been replaced on the disk since is
// still what is handed out. dir need not be there. Who calls it calls Close in the end.
func OpenDownloads(dir string) (*Downloads, error) {
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("opening this program: %w", err)
	}
	return &Downloads{dir: dir, own: own, sums: map[string]programSum{}}, nil
}

// Close lets go of the program.
func (d *Downloads) Close() error { return d.own.Close() }

// open finds the program for an architecture. done is to be called in the end.
func (d *Downloads) open(arch string) (f *os.File, done func(), err error) {
	if arch == runtime.GOARCH {
		return d.own, func() {}, nil
	}
	f, err = os.OpenFile(filepath.Join(d.dir, programName+arch), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the program for %s: %w", arch, err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil, errors.Join(fs.ErrNotExist, err, f.Close())
	}
	return f, func() { _ = f.Close() }, nil
}

// sum is the SHA-256 of a program in hexadecimal digits. It reads a file once, until that changes.
func (d *Downloads) sum(arch string, f *os.File) (string, fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := f.Stat()
	if err != nil {
		return "", nil, fmt.Errorf("looking at the program for %s: %w", arch, err)
	}
	if s, known := d.sums[arch]; known && os.SameFile(s.of, info) && s.of.Size() == info.Size() && s.of.ModTime().Equal(info.ModTime()) {
		return s.hex, info, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(f, 0, info.Size())); err != nil {
		return "", nil, fmt.Errorf("reading the program for %s: %w", arch, err)
	}
	s := programSum{info, hex.EncodeToString(hash.Sum(nil))}
	d.sums[arch] = s
	return s.hex, info, nil
}

// download answers with a program, or for NAME.sha256 with the line that sha256sum -c reads.
func (h *Handler) download(c *gin.Context) error {
	name, wantsSum := strings.CutSuffix(c.Param("file"), ".sha256")
	arch, ok := strings.CutPrefix(name, programName)
	if !ok || !slices.Contains(architectures, arch) || h.o.Downloads == nil || disguised(c.Request.URL) {
		return noRoute(c)
	}
	f, done, err := h.o.Downloads.open(arch)
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(notFound, fmt.Sprintf("this server is for %s and has no program for %s", runtime.GOARCH, arch),
			"make release builds "+name+"; it belongs into the folder download of the builder's data directory")
	}
	if err != nil {
		return err
	}
	defer done()
	sum, info, err := h.o.Downloads.sum(arch, f)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", asked)
	if wantsSum {
		c.Header("Content-Type", textPlain+utf8)
		c.Header("Etag", `"`+sum+`.sha256"`)
		http.ServeContent(c.Writer, c.Request, "", time.Time{}, strings.NewReader(sum+"  "+name+"\n"))
		return nil
	}
	c.Header("Content-Type", binary)
	c.Header("Etag", `"`+sum+`"`)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, io.NewSectionReader(f, 0, info.Size()))
	return nil
}
