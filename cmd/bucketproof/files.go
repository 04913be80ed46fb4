package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// The largest files that are read, in bytes.
const (
	keyLimit         = 16 << 10
	resultLimit      = 64 << 20
	certificateLimit = 128 << 20
)

// pipeLimit is how long a pipe in the place of a file may be silent.
const pipeLimit = 30 * time.Second

// readFile reads a file of at most limit bytes. A pipe will do, so that a key may come from <(command); one that nobody writes
// to doesn't hold the program up, and what never ends, such as a device, is read no further than the limit.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	_ = f.SetReadDeadline(time.Now().Add(pipeLimit)) // a file has none, and needs none
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%s is a pipe from which nothing came for %v", name, pipeLimit)
	case err != nil:
		return nil, err
	case int64(len(text)) > limit:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	case len(bytes.TrimSpace(text)) == 0:
		if info, err := f.Stat(); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
			return nil, fmt.Errorf("%s is a pipe that nobody writes to", name)
		}
		return nil, fmt.Errorf("%s is empty", name)
	}
	return text, nil
}

// keyText reads a key from a file, or else from the environment; nil when neither is given.
func keyText(file, flag, env string) (text []byte, from string, err error) {
	if file == "" {
		if v := os.Getenv(env); v != "" {
			return []byte(v), env, nil
		}
		return nil, "", nil
	}
	text, err = readFile(file, keyLimit)
	if err != nil {
		return nil, "", usage(fmt.Errorf("%s: %w", flag, err))
	}
	return text, flag, nil
}

// readableByOthers reports whether a file's mode lets others than its owner read it. Windows says it in another way.
func readableByOthers(name string) bool {
	info, err := os.Stat(name)
	return err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// unreadable is the error of a file that couldn't be read at all, as against one whose content can't stand.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// readResult reads a result.json. The error is an unreadable where there is nothing to judge.
func readResult(file string) (*reports.Result, error) {
	text, err := readFile(file, resultLimit)
	if err != nil {
		return nil, unreadable{err}
	}
	r, err := reports.ReadJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}
