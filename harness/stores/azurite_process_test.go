package stores_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// azureChildVariable turns TestAzureChild into what a parent test runs.
const azureChildVariable = "BUCKETPROOF_TEST_AZURE_CHILD"

// TestAzureChild is no test of its own: it is run as another process, says what it does, a line each, and waits to be
// ended.
func TestAzureChild(t *testing.T) {
	if os.Getenv(azureChildVariable) == "" {
		t.Skip("only run by other tests, as another process")
	}
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Progress: func(s string) { fmt.Println("progress", s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	_, err = h.Provision(t.Context(), stores.Azure, stores.Setup{})
	switch {
	case errors.Is(err, stores.ErrUnavailable):
		fmt.Println("unavailable", err)
	case err != nil:
		fmt.Println("failed", err)
	default:
		fmt.Println("ready")
	}
	io.Copy(io.Discard, os.Stdin)
}

// azureChild is that other process.
type azureChild struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines chan string
	mu    sync.Mutex
	said  []string
}

func startAzureChild(t *testing.T, env ...string) *azureChild {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &azureChild{cmd: exec.Command(self, "-test.run=^TestAzureChild$"), lines: make(chan string, 100)}
	c.cmd.Env = append(os.Environ(), append(env, azureChildVariable+"=1", "TMPDIR="+t.TempDir())...)
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.mu.Lock()
			c.said = append(c.said, s.Text())
			c.mu.Unlock()
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { c.end(t) })
	return c
}

// until waits for a line that begins so.
func (c *azureChild) until(t *testing.T, limit time.Duration, begin ...string) string {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				t.Fatalf("the other process ended; it said:\n%s", c.text())
			}
			for _, b := range begin {
				if strings.HasPrefix(line, b) {
					return line
				}
			}
		case <-timer.C:
			t.Fatalf("no line that begins with one of %q within %v; it said:\n%s", begin, limit, c.text())
		}
	}
}

func (c *azureChild) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.said, "\n")
}

// end lets the process finish as it should.
func (c *azureChild) end(t *testing.T) {
	c.stdin.Close()
	for range c.lines {
	}
	c.cmd.Wait()
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(t *testing.T, pid int) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var children []string
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		after := string(b[strings.LastIndexByte(string(b), ')')+1:]) // the name may hold anything
		if f := strings.Fields(after); len(f) > 1 && f[0] != "Z" && f[1] == strconv.Itoa(pid) {
			children = append(children, filepath.Base(filepath.Dir(file)))
		}
	}
	return children
}

// gone waits until a process is no more.
func gone(t *testing.T, pid string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil {
			return
		}
		if f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:])); len(f) > 0 && f[0] == "Z" {
			return
		}
	}
	t.Errorf("process %s is still there after 10 s", pid)
}

func TestAzuriteEndsWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	needAzurite(t)
	if runtime.GOOS != "linux" {
		t.Skip("finds processes in /proc")
	}
	for name, end := range map[string]func(c *azureChild) error{
		"killed":            func(c *azureChild) error { return c.cmd.Process.Signal(syscall.SIGKILL) },
		"ended as it ought": func(c *azureChild) error { return c.stdin.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			c := startAzureChild(t)
			if line := c.until(t, 5*time.Minute, "ready", "unavailable", "failed"); line != "ready" {
				t.Skip(line)
			}
			children := childrenOf(t, c.cmd.Process.Pid)
			if len(children) != 1 {
				t.Fatalf("it has %d child processes, want 1", len(children))
			}
			if err := end(c); err != nil {
				t.Fatal(err)
			}
			gone(t, children[0])
		})
	}
}
