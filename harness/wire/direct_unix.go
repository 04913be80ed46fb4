//go:build unix

package wire

import (
	"errors"
	"syscall"
)

// seesClosed says that it can be told whether a connection that nobody uses was closed by the other side.
const seesClosed = true

// open reports whether the connection is open, and nothing came that nobody asked for.
func (c *line) open() bool {
	if c.raw == nil || c.gone.Load() {
		return false
	}
	open := false
	err := c.raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && open
}
