package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"edge/appliance/rootfs"
)

// ManifestPath is where a device remembers what is ours. It is in /etc, and not in /var, because an OSTree
// rollback brings back the /etc of the older deployment: the manifest has to share the fate of the files that
// it lists.
const ManifestPath = configDir + "/device-manifest.json"

// manifestCopy is for people who look into what happened on a deployment that is gone. Nothing reads it.
const manifestCopy = stateDir + "/device-manifest.json"

const (
	manifestFormat  = 1
	largestManifest = 4 << 20
	mostRecords     = 20000
)

// State says how far an Install or Uninstall has come.
type State string

// States.
const (
	Applying State = "applying" // not all in it may be there yet
	Complete State = "complete"
	Removing State = "removing" // not all in it may still be there
)

// Manifest is device-manifest.json.
type Manifest struct {
	Format  int          `json:"format"` // 1
	State   State        `json:"state"`
	Version string       `json:"version,omitempty"` // of the program that wrote it
	Time    time.Time    `json:"time"`              // of the last change
	User    string       `json:"user"`
	Items   []Record     `json:"items"` // in the order of making
	Wall    Wall         `json:"firewall"`
	Apps    []PlannedApp `json:"apps,omitempty"`
	Pending *Pending     `json:"pending,omitempty"` // while applying: what is still to be told to systemd
}

// Record is one thing that was made.
type Record struct {
	Path  string `json:"path"`
	Kind  Kind   `json:"kind"`
	Owner string `json:"owner,omitempty"`
	Mode  string `json:"mode,omitempty"` // octal
	UID   uint32 `json:"uid,omitempty"`
	GID   uint32 `json:"gid,omitempty"`
	Home  string `json:"home,omitempty"` // the home that it is below; its user is UID

	Sum    string `json:"sha256,omitempty"` // of the content of a file
	Was    string `json:"was,omitempty"`    // while applying: the sum or the target that it may still have
	Target string `json:"target,omitempty"` // of a link
	Found  bool   `json:"found,omitempty"`  // was there before us, just so, and is not ours to remove; of a setting: its file was

	// Saved is what somebody else had put in its place. It lies beside it as FILE.appliance-save and gets its
	// place back in the end.
	Saved *Saved `json:"saved,omitempty"`

	Line    *Line    `json:"line,omitempty"`         // of a setting
	Old     []string `json:"old,omitempty"`          // the lines that it replaced
	Section bool     `json:"made_section,omitempty"` // the section was made for it

	Source *Stamp `json:"source,omitempty"` // of the program: what it was copied from,
	Copied *Stamp `json:"copied,omitempty"` // and the copy, so that neither is read again to compare them
}

// Saved is something foreign that was replaced.
type Saved struct {
	Mode    string `json:"mode"`    // octal
	Content string `json:"content"` // sum of a file, target of a link
}

// is reports whether this is what was saved.
func (s *Saved) is(content string) bool { return s != nil && s.Content == content }

// Stamp tells whether a file is still the one that was looked at.
type Stamp struct {
	Size    int64     `json:"size"`
	Changed time.Time `json:"changed"`
}

// Wall is what was done to the firewall.
type Wall struct {
	Ports []string `json:"ports,omitempty"` // that were looked after
	Added []string `json:"added,omitempty"` // those of them that were closed before
}

// Pending is what remains to be done when the files are right.
type Pending struct {
	Changed Units `json:"changed"` // their text, their environment or their links
	Gone    Units `json:"gone"`    // to be stopped
}

// ReadManifest reads the manifest of the device below root. It returns fs.ErrNotExist where nothing is
// installed, and ErrManifest for one that cannot be understood.
func ReadManifest(root string) (Manifest, error) {
	r, err := rootfs.Open(root, rootfs.Options{})
	if err != nil {
		return Manifest{}, err
	}
	defer r.Close()
	m, err := readManifest(r)
	if err != nil {
		return Manifest{}, err
	}
	if m == nil {
		return Manifest{}, fmt.Errorf("reading %s: %w", ManifestPath, fs.ErrNotExist)
	}
	return *m, nil
}

// readManifest returns nil where there is none.
func readManifest(root *rootfs.Root) (*Manifest, error) {
	data, err := root.Read(ManifestPath, largestManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(data)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// ParseManifest reads a manifest strictly: with it, root removes files.
func ParseManifest(data []byte) (Manifest, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var m Manifest
	err := d.Decode(&m)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after its end")
		}
	}
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("reading %s: %w: %w; if it cannot be restored, move it away and install again", ManifestPath, ErrManifest, err)
	}
	return m, nil
}

func (m Manifest) check() error {
	switch {
	case m.Format != manifestFormat:
		return fmt.Errorf("it has format %d, and this program knows %d", m.Format, manifestFormat)
	case m.State != Applying && m.State != Complete && m.State != Removing:
		return fmt.Errorf("unknown state %q", m.State)
	case len(m.Items) > mostRecords:
		return fmt.Errorf("more than %d items", mostRecords)
	}
	for _, r := range m.Items {
		if err := r.check(); err != nil {
			return fmt.Errorf("item %q: %w", r.Path, err)
		}
	}
	for _, port := range append(append([]string{}, m.Wall.Ports...), m.Wall.Added...) {
		if !isPort(port) {
			return fmt.Errorf("%q is no port", port)
		}
	}
	if p := m.Pending; p != nil {
		for _, name := range slicesOf(p.Changed.User, p.Changed.System, p.Gone.User, p.Gone.System) {
			if !isUnit(name) {
				return fmt.Errorf("%q is no unit", name)
			}
		}
	}
	return nil
}

func (r Record) check() error {
	if !cleanPath(r.Path) || r.Path == "/" || r.Path == ManifestPath {
		return errors.New("not the path of something that could be ours")
	}
	if r.Home != "" && (!cleanPath(r.Home) || !below(r.Path, r.Home)) {
		return fmt.Errorf("it is not below %q", r.Home)
	}
	if _, err := r.mode(); err != nil {
		return err
	}
	if r.Saved != nil {
		if _, err := parseMode(r.Saved.Mode); err != nil {
			return err
		}
	}
	switch {
	case r.Kind == Folder || r.Kind == File && isSum(r.Sum) || r.Kind == Link && r.Target != "":
		return nil
	case r.Kind == Setting && r.Line != nil && r.Line.Key != "" && !strings.ContainsAny(r.Line.Key+r.Line.Value+r.Line.Section+strings.Join(r.Old, ""), "\n\x00"):
		return nil
	}
	return fmt.Errorf("it is no whole %q", r.Kind)
}

func (r Record) mode() (fs.FileMode, error) {
	if r.Mode == "" && (r.Kind == Link || r.Kind == Setting) {
		return 0, nil
	}
	return parseMode(r.Mode)
}

func parseMode(text string) (fs.FileMode, error) {
	n, err := strconv.ParseUint(text, 8, 9)
	if err != nil {
		return 0, fmt.Errorf("%q is no mode", text)
	}
	return fs.FileMode(n), nil
}

func (r Record) attr() rootfs.Attr {
	mode, _ := r.mode() // checked when it was read
	return rootfs.Attr{Mode: mode, UID: r.UID, GID: r.GID}
}

// foreign reports whether something was there before us. A setting is ours even in a file that was.
func (r Record) foreign() bool { return r.Found && r.Kind != Setting }

func (m Manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func cleanPath(name string) bool {
	return path.IsAbs(name) && path.Clean(name) == name && !strings.ContainsRune(name, 0)
}

func isSum(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

func isPort(text string) bool {
	number, tcp := strings.CutSuffix(text, "/tcp")
	n, err := strconv.ParseUint(number, 10, 16)
	return tcp && err == nil && n > 0 && number[0] != '+'
}

// isUnit reports whether a name can be given to systemctl and mean one unit.
func isUnit(name string) bool {
	if name == "" || len(name) > 255 || name[0] == '-' {
		return false
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.@:-", c)) {
			return false
		}
	}
	return strings.Contains(name, ".")
}

func slicesOf(all ...[]string) []string {
	var out []string
	for _, s := range all {
		out = append(out, s...)
	}
	return out
}
