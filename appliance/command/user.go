package command

import (
	"os/exec"
	"strconv"
	"syscall"
)

// User is an account that a program is run as. Only root can.
type User struct {
	Name     string
	UID, GID uint32
	Groups   []uint32 // supplementary
	Home     string
}

// Runtime is the folder of the user's session, where the sockets of its systemd are.
func (u *User) Runtime() string { return "/run/user/" + strconv.FormatUint(uint64(u.UID), 10) }

// become gives cmd the user's credentials and an environment such as a session of the user has: nothing
// of root's own is handed down but the search path.
func (u *User) become(cmd *exec.Cmd, env []string) {
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	cmd.Env = append([]string{
		"HOME=" + u.Home, "USER=" + u.Name, "LOGNAME=" + u.Name, "LC_ALL=C.UTF-8",
		"PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
		"XDG_RUNTIME_DIR=" + u.Runtime(), "DBUS_SESSION_BUS_ADDRESS=unix:path=" + u.Runtime() + "/bus",
	}, env...)
}
