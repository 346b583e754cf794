package iso

import (
	"path"
	"strings"
	"time"
)

// DefaultName is what an image is called that nobody gave a name.
const DefaultName = "boot"

// byDevice is the folder of images for one device each.
const byDevice = "by-device"

// Image is a boot ISO of a blueprint as it was asked for. What it carries is as it was then: an image does not
// change under a machine that is reading it.
type Image struct {
	Blueprint string    `json:"blueprint"`
	Name      string    `json:"name"`             // boot
	Device    string    `json:"device,omitempty"` // set in an image for one device, which has no name of its own
	Base      string    `json:"base"`
	BaseHash  string    `json:"base_sha256"`
	Mode      Mode      `json:"mode"`
	Options   Options   `json:"options"`
	Commit    string    `json:"commit,omitempty"` // that it carries
	Created   time.Time `json:"created"`
	Kickstart []byte    `json:"kickstart,omitempty"`
	URL       string    `json:"url,omitempty"` // of the kickstart
}

// Summary is an image at a glance.
type Summary struct {
	Blueprint string    `json:"blueprint"`
	Name      string    `json:"name,omitempty"`
	Device    string    `json:"device,omitempty"`
	Path      string    `json:"path"` // /demo_upgrade/images/boot.iso
	Base      string    `json:"base"`
	Product   string    `json:"product"`
	Arch      string    `json:"arch"`
	Mode      Mode      `json:"mode"`
	Options   Options   `json:"options"`
	Commit    string    `json:"commit,omitempty"`
	Created   time.Time `json:"created"`
	Size      int64     `json:"size"`
	Changed   int64     `json:"changed"` // bytes that patches hold
	ETag      string    `json:"etag,omitempty"`
	LeftOut   []string  `json:"left_out,omitempty"` // entries of the vendor's menu without room
	Fault     string    `json:"fault,omitempty"`    // why it cannot be served now
}

func (i *Image) key() string { return key(i.Blueprint, i.Name, i.Device) }

func key(name, image, device string) string {
	if device != "" {
		return name + "/" + byDevice + "/" + device
	}
	return name + "/" + image
}

// file is where it is noted below the folder of images.
func (i *Image) file() string { return i.key() + ".json" }

// Path is where it is served.
func (i *Image) Path() string {
	rest := strings.TrimPrefix(i.key(), i.Blueprint+"/")
	return path.Join("/", i.Blueprint, "images", rest+".iso")
}
