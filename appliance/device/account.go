package device

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"edge/appliance/command"
	"edge/appliance/rootfs"
)

// largestTable bounds the account tables that are read.
const largestTable = 1 << 20

// Account is the user that applications run as.
type Account struct {
	command.User
	SubUIDs, SubGIDs bool // has at least enough subordinate IDs for one container
}

// fewestIDs is how many subordinate IDs an image may need: files of the user nobody are 65534.
const fewestIDs = 65536

// findAccount looks a user up in the tables of the root, those in /etc first and then those that an OSTree
// system keeps in /usr/lib. It returns fs.ErrNotExist for a user that is in none.
func findAccount(root *rootfs.Root, name string) (Account, error) {
	passwd, err := tables(root, "/etc/passwd", "/usr/lib/passwd")
	if err != nil {
		return Account{}, err
	}
	user, ok := parsePasswd(passwd, name)
	if !ok {
		return Account{}, fmt.Errorf("looking up user %q: %w", name, fs.ErrNotExist)
	}
	groups, err := tables(root, "/etc/group", "/usr/lib/group")
	if err != nil {
		return Account{}, err
	}
	user.Groups = parseGroups(groups, name, user.GID)
	a := Account{User: user}
	for file, has := range map[string]*bool{"/etc/subuid": &a.SubUIDs, "/etc/subgid": &a.SubGIDs} {
		text, err := tables(root, file)
		if err != nil {
			return Account{}, err
		}
		*has = countIDs(text, name, user.UID) >= fewestIDs
	}
	return a, nil
}

// tables is the text of several files after each other; one that is not there is empty.
func tables(root *rootfs.Root, names ...string) (string, error) {
	var text strings.Builder
	for _, name := range names {
		data, err := root.Read(name, largestTable)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		text.Write(data)
		text.WriteByte('\n')
	}
	return text.String(), nil
}

// parsePasswd finds the first line of a user, as the C library does: name:password:uid:gid:gecos:home:shell.
func parsePasswd(text, name string) (command.User, bool) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) != 7 || f[0] != name || name == "" {
			continue
		}
		uid, err := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err != nil || err2 != nil {
			continue
		}
		return command.User{Name: name, UID: uint32(uid), GID: uint32(gid), Home: f[5]}, true
	}
	return command.User{}, false
}

// parseGroups lists the supplementary groups of a user: name:password:gid:member,member.
func parseGroups(text, name string, primary uint32) []uint32 {
	var all []uint32
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 4 || !slices.Contains(strings.Split(f[3], ","), name) {
			continue
		}
		gid, err := strconv.ParseUint(f[2], 10, 32)
		if err == nil && uint32(gid) != primary && !slices.Contains(all, uint32(gid)) {
			all = append(all, uint32(gid))
		}
	}
	return all
}

// countIDs adds up the ranges of a user: name-or-uid:first:count.
func countIDs(text, name string, uid uint32) uint64 {
	var sum uint64
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] != name && f[0] != strconv.FormatUint(uint64(uid), 10) {
			continue
		}
		if n, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			sum += n
		}
	}
	return sum
}
