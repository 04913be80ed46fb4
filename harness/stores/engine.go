package stores

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// engineLimit is how long a container engine may take to answer before it counts as none.
const engineLimit = 700 * time.Millisecond

// engine is the container engine of this machine, asked for once a Host. Images are never pulled: they are built here, or the
// operator has fetched the one that he names.
type engine struct {
	run      string // of the labels
	progress func(string)

	once   sync.Once
	docker *testcontainers.DockerClient
	err    error
	mu     sync.Mutex
	images map[string]error // by reference, nil where it is there
}

func newEngine(run string, progress func(string)) *engine {
	return &engine{run: run, progress: progress, images: map[string]error{}}
}

// quietTestcontainers settles what testcontainers reads when it is first asked for anything, and only then: where containers are
// reached, that no reaper is started (its image would be pulled; Sweep does its work), and that nothing is printed. Inside a
// container it would take the default gateway for its host, which is another machine. What the user has set stays.
var quietTestcontainers = sync.OnceFunc(func() {
	for name, value := range map[string]string{"TESTCONTAINERS_HOST_OVERRIDE": loopback, "TESTCONTAINERS_RYUK_DISABLED": "true"} {
		if _, set := os.LookupEnv(name); !set {
			_ = os.Setenv(name, value) // fails for names no system allows
		}
	}
	tclog.SetDefault(tclog.NewNoopLogger())
})

const loopback = "127.0.0.1"

// ready finds the engine, or says why there is none (ErrUnavailable), in less than a second.
func (e *engine) ready(ctx context.Context) error {
	e.once.Do(func() { e.docker, e.err = findEngine(context.WithoutCancel(ctx)) })
	return e.err
}

func findEngine(ctx context.Context) (*testcontainers.DockerClient, error) {
	quietTestcontainers()
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	type found struct {
		client *testcontainers.DockerClient
		err    error
	}
	answer := make(chan found, 1)
	go func() {
		c, err := testcontainers.NewDockerClientWithOpts(ctx)
		if err == nil {
			_, err = c.Ping(ctx, client.PingOptions{})
		}
		// testcontainers goes on to others when the one that was named doesn't answer.
		if named := os.Getenv("DOCKER_HOST"); err == nil && named != "" && c.DaemonHost() != named {
			err = errors.New("the one that DOCKER_HOST names doesn't answer")
		}
		answer <- found{c, err}
	}()
	const hint = "start one (dockerd --ip 127.0.0.1), or use the embedded stores"
	select {
	case f := <-answer:
		if f.err != nil {
			return nil, fmt.Errorf("%w: no container engine answers (%s); %s", ErrUnavailable, engineReason(f.err), hint)
		}
		return f.client, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: the container engine gives no answer within %v; %s", ErrUnavailable, engineLimit, hint)
	}
}

// engineReason shortens an error that lists every way that was tried.
func engineReason(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return "its socket may not be opened by this user"
	case client.IsErrConnectionFailed(err):
		return "nobody listens at its socket"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("not within %v", engineLimit)
	}
	return fmt.Sprintf("%.120s", err)
}

// byDigest is an image's reference that can't come to mean another image.
var byDigest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)

// image returns the reference of a server's image: the operator's if he names one, else the one that was built here. One that
// isn't there is ErrUnavailable: nothing is pulled.
func (e *engine) image(ctx context.Context, p pin) (string, error) {
	if err := e.ready(ctx); err != nil {
		return "", err
	}
	ref, hint := p.reference(), "build it: make images, or bucketproof stores build"
	if named := os.Getenv(p.replaced); named != "" {
		if !byDigest.MatchString(named) {
			return "", fmt.Errorf("%s: %q names an image without its digest (NAME@sha256:...)", p.replaced, named)
		}
		ref, hint = named, "fetch it: docker pull "+named
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err, known := e.images[ref]; known {
		return ref, err
	}
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	_, err := e.docker.ImageInspect(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		err = fmt.Errorf("%w: there is no image %s; %s", ErrUnavailable, ref, hint)
	case err != nil:
		return "", fmt.Errorf("%w: the container engine was asked for the image %s: %s", ErrUnavailable, ref, engineReason(err))
	}
	e.images[ref] = err
	return ref, err
}

// close lets go of the engine. Containers have been ended by whoever started them.
func (e *engine) close() error {
	if e.docker == nil {
		return nil
	}
	return e.docker.Close()
}
