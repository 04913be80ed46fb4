package stores

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// processBegan says when a process began, in clock ticks since the machine's boot (proc(5), /proc/pid/stat, field 22). One that
// has ended, a zombie too, is os.ErrNotExist.
func processBegan(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) {
		err = os.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(text[strings.LastIndex(string(text), ") ")+1:])) // the name before may hold anything
	if len(fields) < 20 {
		return "", errors.New("/proc doesn't say when a process began")
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", os.ErrNotExist
	}
	return fields[19], nil
}

// processesCounted is where process numbers mean the same: one boot of one machine, and one PID namespace in it.
func processesCounted() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(boot)) + " " + space
}
