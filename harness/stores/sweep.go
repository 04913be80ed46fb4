package stores

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// The labels of our containers. A process is named by its number, when it began and where it counts (its PID namespace and
// the boot of its machine), so that a number used again is not taken for it.
const (
	labelRun     = "bucketproof.run"
	labelProcess = "bucketproof.process"
	labelBegan   = "bucketproof.began"
	labelCounted = "bucketproof.counted"
)

// labels are what a container of this process carries.
func (e *engine) labels() (map[string]string, error) {
	pid := os.Getpid()
	began, err := processBegan(pid)
	if err != nil {
		return nil, fmt.Errorf("label a container: %w", err)
	}
	return map[string]string{labelRun: e.run, labelProcess: strconv.Itoa(pid), labelBegan: began, labelCounted: processesCounted()}, nil
}

// Swept is what became of one container of ours.
type Swept struct {
	ID, Image, Run string
	Removed        bool
	Why            string
}

// Sweep removes the containers that a Bucketproof process left behind which didn't get to its end: by their labels, and only
// where that process is seen to be gone. Containers without our labels aren't looked at. Without an engine the error is
// ErrUnavailable.
func Sweep(ctx context.Context) ([]Swept, error) {
	e := newEngine("", nil)
	defer e.close()
	if err := e.ready(ctx); err != nil {
		return nil, err
	}
	return e.sweep(ctx)
}

func (e *engine) sweep(ctx context.Context) (out []Swept, err error) {
	list, err := e.docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", labelRun)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	for _, c := range list.Items {
		s := Swept{ID: c.ID[:min(12, len(c.ID))], Image: c.Image, Run: c.Labels[labelRun]}
		if s.Why = alive(c); s.Why == "" {
			_, rerr := e.docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			if s.Removed = rerr == nil || errdefs.IsNotFound(rerr) || errdefs.IsConflict(rerr); !s.Removed { // a conflict: it is being removed
				err = errors.Join(err, fmt.Errorf("remove container %s: %w", s.ID, rerr))
			}
		}
		out = append(out, s)
	}
	return out, err
}

// alive says why a container may still be in use; "" when whoever made it is gone.
func alive(c container.Summary) string {
	pid, err := strconv.Atoi(c.Labels[labelProcess])
	if err != nil || pid <= 0 {
		return "its label doesn't say whose it is"
	}
	if c.Labels[labelCounted] != processesCounted() {
		if c.State == container.StateRunning {
			return "it was made elsewhere, or before this machine was started, and runs"
		}
		return ""
	}
	began, err := processBegan(pid)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ""
	case err != nil:
		return "whether its process lives can't be seen"
	case began != c.Labels[labelBegan]:
		return "" // the number is somebody else's by now
	}
	return fmt.Sprintf("process %d is at work", pid)
}

// sweepLimit is how long a start may spend on what an earlier run left behind.
const sweepLimit = 5 * time.Second

// tidy sweeps before the first container of a Host is started. What it can't do is said, and keeps nobody from starting.
func (e *engine) tidy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	swept, err := e.sweep(ctx)
	n := 0
	for _, s := range swept {
		if s.Removed {
			n++
		}
	}
	if n > 0 {
		e.progress(fmt.Sprintf("containers: removed %d that a run left behind", n))
	}
	if err != nil {
		e.progress(fmt.Sprintf("containers: what earlier runs left behind could not be removed: %v", err))
	}
}
