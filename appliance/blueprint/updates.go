package blueprint

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

// maxUpdates bounds the references that one push changes.
const maxUpdates = 1000

// readUpdates reads the request of git-receive-pack: what shall be changed, and the pack behind. A request
// for nothing, with which git tries the door, has no commands.
func readUpdates(request []byte) (*packp.ReferenceUpdateRequest, []byte, error) {
	u := packp.NewReferenceUpdateRequest()
	if len(request) == 0 || bytes.HasPrefix(request, pktline.FlushPkt) {
		return u, nil, nil
	}
	lines, pack, err := linesUntilFlush(request, maxUpdates)
	if err != nil {
		return nil, nil, err
	}
	if err := u.Decode(bytes.NewReader(request)); err != nil {
		return nil, nil, malformed("%v", err)
	}
	if u.Shallow != nil {
		return nil, nil, malformed("a shallow clone cannot push: git fetch --unshallow")
	}
	// go-git reads hashes in capitals, and past what follows a name.
	for i, c := range u.Commands {
		line, _, _ := strings.Cut(lines[i], "\x00")
		if line != fmt.Sprintf("%s %s %s", c.Old, c.New, c.Name) {
			return nil, nil, malformed("%.200q is no change of a reference", line)
		}
	}
	return u, pack, nil
}

// linesUntilFlush reads at most so many lines of the wire, and returns what comes after the flush.
func linesUntilFlush(data []byte, most int) (lines []string, rest []byte, err error) {
	in := bytes.NewReader(data)
	for s := pktline.NewScanner(in); s.Scan(); {
		if len(s.Bytes()) == 0 {
			return lines, data[len(data)-in.Len():], nil
		}
		if len(lines) == most {
			return nil, nil, fmt.Errorf("%w: more than %d lines", ErrTooLarge, most)
		}
		lines = append(lines, strings.TrimSuffix(string(s.Bytes()), "\n"))
	}
	return nil, nil, malformed("it is cut off, or not made of git's lines")
}

// maxProgress bounds what is told to a person, in bytes.
const maxProgress = 32 << 10

// report tells a client what became of its push.
func report(out io.Writer, updates *packp.ReferenceUpdateRequest, refused error) error {
	if !updates.Capabilities.Supports(capability.ReportStatus) {
		return nil
	}
	status := packp.NewReportStatus()
	status.UnpackStatus = "ok"
	for _, c := range updates.Commands {
		fate := "ok"
		if refused != nil {
			first, _, _ := strings.Cut(refused.Error(), "\n")
			fate = fmt.Sprintf("%.500s", clean(first))
		}
		status.CommandStatuses = append(status.CommandStatuses, &packp.CommandStatus{ReferenceName: c.Name, Status: fate})
	}
	if !updates.Capabilities.Supports(capability.Sideband64k) {
		return status.Encode(out)
	}
	// The short lines of the older side-band are good in the newer one, and go-git's long ones are longer
	// than its own lines may be.
	band := sideband.NewMuxer(sideband.Sideband, out)
	if refused != nil {
		if _, err := band.WriteChannel(sideband.ProgressMessage, fmt.Appendf(nil, "%.*s\n", maxProgress, clean(refused.Error()))); err != nil {
			return err
		}
	}
	var s bytes.Buffer
	if err := status.Encode(&s); err != nil {
		return err
	}
	if _, err := band.Write(s.Bytes()); err != nil {
		return err
	}
	return pktline.NewEncoder(out).Flush()
}

// clean keeps what a stranger wrote from drawing on a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
