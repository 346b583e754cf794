package iso

import (
	"bytes"
	"fmt"
)

// tailFile is a file of the second initrd.
type tailFile struct {
	path string // without a slash in front
	data []byte
	mode uint32
}

// archive writes files as an initrd that the kernel unpacks over the first one. Folders that the first one may lack
// come before what is in them. Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst (newc).
func archive(files []tailFile) []byte {
	var out bytes.Buffer
	n := 0
	put := func(path string, mode uint32, links int, data []byte) {
		n++
		fmt.Fprintf(&out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			n, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(path)+1, 0, path)
		pad4(&out)
		out.Write(data)
		pad4(&out)
	}
	made := map[string]bool{}
	for _, f := range files {
		for i, c := range f.path {
			if c == '/' && !made[f.path[:i]] {
				made[f.path[:i]] = true
				put(f.path[:i], 0o040755, 2, nil)
			}
		}
		put(f.path, 0o100000|f.mode, 1, f.data)
	}
	n = -1
	put("TRAILER!!!", 0, 1, nil)
	return out.Bytes()
}

func pad4(out *bytes.Buffer) {
	for out.Len()%4 != 0 {
		out.WriteByte(0)
	}
}

// Places of the installer's initrd. Sources: Anaconda, dracut/parse-anaconda-kickstart.sh (file:) and
// dracut/anaconda-lib.sh; update-ca-trust(8).
const (
	kickstartPath = "ks.cfg"
	trustPath     = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
)

// tail is the second initrd: a kickstart, and a certificate to trust instead of all others. It is padded to a
// multiple of 64 KiB, so that directories, which tell its size, are the same for every device. Zero bytes between
// and after archives mean nothing to the kernel.
func tail(kickstart, ca []byte) []byte {
	var files []tailFile
	if len(kickstart) > 0 {
		files = append(files, tailFile{kickstartPath, kickstart, 0o600})
	}
	if len(ca) > 0 {
		files = append(files, tailFile{trustPath, ca, 0o444})
	}
	if len(files) == 0 {
		return nil
	}
	data := archive(files)
	return append(data, make([]byte, -len(data)&(tailStep-1))...)
}

const tailStep = 64 << 10
