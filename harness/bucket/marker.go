package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"time"
)

// A run writes below one prefix of its own, and first of all a marker, which says so. A sweep goes by the marker alone.
const markerKind = "RunMarker"

// RunFolder stands before a run's ID in its prefix.
const RunFolder = "bucketproof-run-"

// MarkerName is the last part of a marker's key.
const MarkerName = "bucketproof-run.json"

// runID is what a run's ID looks like: when it began (UTC), and eight random hex digits.
var runID = regexp.MustCompile(`^\d{8}t\d{6}z-[0-9a-f]{8}$`)

// Marker is the first object that a run writes and the last that it removes.
type Marker struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Run        string    `json:"run"`
	Prefix     string    `json:"prefix"`
	Started    time.Time `json:"started"`
	Until      time.Time `json:"until"`   // the run has ended by then, one way or another
	Machine    string    `json:"machine"` // a hash: tells the same machine again, and nothing else
	Process    int       `json:"process"`
}

// RunPrefix is the prefix of a run's keys, with its slash, below a sub-path that may be empty.
func RunPrefix(subPath, run string) string { return path.Join(subPath, RunFolder+run) + "/" }

// NewMarker makes the marker of a run of this process.
func NewMarker(subPath, run string, started time.Time, limit time.Duration) (Marker, error) {
	if !runID.MatchString(run) {
		return Marker{}, fmt.Errorf("marker: %q is no run ID", run)
	}
	return Marker{APIVersion: "bucketproof/v1", Kind: markerKind, Run: run, Prefix: RunPrefix(subPath, run), Started: started.UTC(),
		Until: started.Add(limit).UTC(), Machine: machine(), Process: os.Getpid()}, nil
}

// Mark writes the marker and reads it back: a store that loses it must not be written to.
func (b *Bucket) Mark(ctx context.Context, m Marker) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("marker: %w", err)
	}
	key := m.Prefix + MarkerName
	if _, err := b.Put(ctx, key, body, "application/json"); err != nil {
		return fmt.Errorf("the run's marker could not be written: %w", err)
	}
	back, _, err := b.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("the run's marker was written, and can't be read: %w", err)
	}
	if !bytes.Equal(body, back) {
		return errors.New("the run's marker was written, and reads back differently: the store doesn't return what was stored")
	}
	return nil
}

// readMarker reads the marker below a prefix and makes sure that it is that prefix's.
func (b *Bucket) readMarker(ctx context.Context, subPath, run string) (Marker, error) {
	var m Marker
	body, _, err := b.Get(ctx, RunPrefix(subPath, run)+MarkerName)
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, errors.New("its marker can't be read")
	}
	if m.Kind != markerKind || m.Run != run || m.Prefix != RunPrefix(subPath, run) {
		return m, errors.New("its marker is not its own")
	}
	return m, nil
}

// Running reports whether the run may still be going on: on this machine if its process lives, elsewhere until its
// limit has passed.
func (m Marker) Running(now time.Time) bool {
	if now.After(m.Until) {
		return false
	}
	if m.Machine == machine() {
		return m.Process != os.Getpid() && alive(m.Process)
	}
	return true
}

// machine is a hash of the host's name, boot and process namespace: the same process IDs, the same hash.
func machine() string {
	name, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid") // process IDs count within their namespace only
	sum := sha256.Sum256(append([]byte("bucketproof\x00"+name+"\x00"+space+"\x00"), boot...))
	return hex.EncodeToString(sum[:8])
}
