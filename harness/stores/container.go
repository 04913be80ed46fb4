package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
)

// containerStartLimit is how long an engine may take to make and start a container.
const containerStartLimit = 30 * time.Second

// box is a running container of ours.
type box struct {
	container testcontainers.Container
	addr      string // 127.0.0.1:port, where its server is reached
	closing   atomic.Bool
}

// boxOptions say what runs in a container.
type boxOptions struct {
	pin     pin
	command []string
	env     map[string]string
	files   map[string][]byte // by path in the container; only its owner can read them
	stdin   bool              // its standard input stays open
}

// start makes a container and starts it. Its port is published on 127.0.0.1 alone, whatever the engine's default is. It carries
// the run's label, by which Sweep finds it after a crash.
func (e *engine) start(ctx context.Context, o boxOptions) (*box, error) {
	ref, err := e.image(ctx, o.pin)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, containerStartLimit, fmt.Errorf("the container wasn't started within %v", containerStartLimit))
	defer cancel()
	labels, err := e.labels()
	if err != nil {
		return nil, err
	}
	port, err := network.ParsePort(o.pin.port)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.pin.name, err)
	}
	files := make([]testcontainers.ContainerFile, 0, len(o.files))
	for _, path := range slices.Sorted(maps.Keys(o.files)) {
		files = append(files, testcontainers.ContainerFile{Reader: bytes.NewReader(o.files[path]), ContainerFilePath: path, FileMode: 0o600})
	}
	c, err := testcontainers.Run(ctx, ref,
		testcontainers.WithExposedPorts(o.pin.port), testcontainers.WithCmd(o.command...), testcontainers.WithEnv(o.env),
		testcontainers.WithFiles(files...), testcontainers.WithLabels(labels),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.OpenStdin = o.stdin }),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{port: {{HostIP: netip.MustParseAddr(loopback)}}}
		}))
	b := &box{container: c}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, errors.Join(fmt.Errorf("start %s in a container: %w", o.pin.name, err), b.close())
	}
	host, err := c.Host(ctx)
	if err == nil {
		var outer network.Port
		outer, err = c.MappedPort(ctx, o.pin.port)
		b.addr = net.JoinHostPort(host, outer.Port())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s in a container: %w", o.pin.name, err), b.close())
	}
	return b, nil
}

// exited says whether the container has ended, or is being ended. An engine that can't be asked leaves that open.
func (b *box) exited() bool {
	if b.closing.Load() {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), engineLimit)
	defer cancel()
	s, err := b.container.State(ctx)
	return err == nil && !s.Running
}

// said is what the server wrote last.
func (b *box) said() string {
	ctx, cancel := context.WithTimeout(context.Background(), engineLimit)
	defer cancel()
	r, err := b.container.Logs(ctx)
	if err != nil {
		return ""
	}
	defer r.Close()
	t := &tail{max: outputKept}
	_, _ = io.Copy(t, r)
	return strings.ToValidUTF8(t.String(), "?")
}

// close ends the container and removes it with its data.
func (b *box) close() error {
	if b.container == nil || b.closing.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := b.container.Terminate(ctx, testcontainers.StopTimeout(0)); err != nil {
		return fmt.Errorf("remove a container: %w", err)
	}
	return nil
}
