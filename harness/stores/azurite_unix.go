//go:build unix

package stores

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// kill ends a child with its process group: npm may be a script that starts another process.
func kill(p *os.Process) error {
	if err := p.Signal(syscall.Signal(0)); err != nil {
		return err // gone: its number may be somebody else's by now
	}
	return syscall.Kill(-p.Pid, syscall.SIGKILL)
}

// tryLock takes an advisory lock on an open file, which ends with the process at the latest. False means that somebody
// else holds it.
func tryLock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return err == nil, err
}
