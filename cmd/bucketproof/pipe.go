package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// pipe is a standard stream whose reader may go away, as in `certify ... | head`: what is written after that is dropped. A
// run goes on to its end, clean-up and reports, and its exit code stays the verdict's. It has no other way to write than
// Write: io.WriteString and io.Copy would find one of the file's own.
type pipe struct{ file *os.File }

// Fd is the file's descriptor: whether it is a terminal is asked by it.
func (p pipe) Fd() uintptr { return p.file.Fd() }

// Write implements io.Writer.
func (p pipe) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// keepPipes lets a write to a closed pipe return an error, where the Go runtime would end the program over standard output
// and standard error. SIGPIPE is caught and not ignored: stores that are started would inherit that.
func keepPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
