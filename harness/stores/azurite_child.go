package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// outputKept is how much of a child's last output is kept to explain its failure, in bytes.
const outputKept = 64 << 10

// child is a process of ours: it leads a process group of its own, its standard input is a pipe that ends with us, and
// on Linux the kernel kills it when we end, however that happens.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	output *tail
	done   chan struct{} // closed when the process has ended and err is set
	err    error
}

// childEnvironment is what a child of ours gets of our environment: no more than a program needs to start. Nothing
// else in it is the child's business, secrets above all.
func childEnvironment(more ...string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TMP", "TEMP", "SystemRoot", "SystemDrive", "LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, more...)
}

// startChild starts a program in a directory. Whoever starts it calls stop, or waits for done.
func startChild(dir string, env []string, program string, args ...string) (*child, error) {
	//nolint:noctx // stop ends it, or the death of this process
	c := &child{cmd: exec.Command(program, args...), output: &tail{max: outputKept}, done: make(chan struct{})}
	c.cmd.Dir = dir
	c.cmd.Env = env
	c.cmd.Stdout = c.output
	c.cmd.Stderr = c.output
	c.cmd.SysProcAttr = childAttributes()
	c.cmd.WaitDelay = time.Second
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	started := make(chan error, 1)
	go func() {
		// Linux sends the parent-death signal when the thread ends that made the child, so that thread waits here.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.err = c.cmd.Wait()
		c.stdin.Close()
		close(c.done)
	}()
	if err := <-started; err != nil {
		c.stdin.Close()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return c, nil
}

// exited says whether the process has ended.
func (c *child) exited() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// stop asks the process to end, by a signal where there are any and by closing its standard input, and kills it when it
// hasn't after grace. It signals nothing once the process is gone.
func (c *child) stop(grace time.Duration) error {
	if c.exited() {
		return nil
	}
	if grace > 0 {
		_ = terminate(c.cmd.Process) // an error means that it is gone, or that it has to do with its standard input
		c.stdin.Close()
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-c.done:
			return nil
		case <-timer.C:
		}
	}
	if err := kill(c.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) && !c.exited() {
		return fmt.Errorf("kill process %d: %w", c.cmd.Process.Pid, err)
	}
	timer := time.NewTimer(closeLimit)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("process %d didn't end %v after it was killed", c.cmd.Process.Pid, closeLimit)
	}
}

// runChild runs a program to its end. It returns what the program wrote last, with an error when it failed or ctx ended.
func runChild(ctx context.Context, dir string, env []string, program string, args ...string) (string, error) {
	c, err := startChild(dir, env, program, args...)
	if err != nil {
		return "", err
	}
	select {
	case <-c.done:
		return c.output.String(), c.err
	case <-ctx.Done():
		return c.output.String(), errors.Join(context.Cause(ctx), c.stop(0))
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	max int
	mu  sync.Mutex
	b   []byte
}

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - t.max; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}
