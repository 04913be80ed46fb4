//go:build unix && !linux

package stores

import "syscall"

// childAttributes puts a child into a process group of its own, so that a Ctrl-C on the terminal reaches us alone.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
