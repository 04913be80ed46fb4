package stores

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// terminate reports that Windows has no signal to ask a process to end.
func terminate(p *os.Process) error { return errors.ErrUnsupported }

func kill(p *os.Process) error { return p.Kill() }

// tryLock takes a lock on an open file, which ends with the process at the latest. False means that somebody else
// holds it.
func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
