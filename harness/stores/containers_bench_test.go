package stores_test

import (
	"errors"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// BenchmarkContainers measures how long the container stores take to be ready, all at the same time, and how long each is then asked
// what it enforces, with its first bucket made. Without an engine, or an image, it says so.
func BenchmarkContainers(b *testing.B) {
	for b.Loop() {
		h, err := stores.NewHost(b.Context(), stores.HostOptions{Dir: b.TempDir(), On: stores.Container})
		if err != nil {
			b.Fatal(err)
		}
		started := timed(b, "ready-s", func() error { return h.Start(b.Context(), inContainers) })
		for _, at := range inContainers[:3] {
			started = started && timed(b, at.Provider+"-asked-s", func() error {
				_, err := h.Provision(b.Context(), at.Provider, stores.Setup{})
				return err
			})
		}
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
		if !started {
			return
		}
	}
}

// timed reports how long something took, in seconds; a store that isn't to be had skips the rest.
func timed(b *testing.B, unit string, do func() error) bool {
	b.Helper()
	before := b.Elapsed()
	err := do()
	if errors.Is(err, stores.ErrUnavailable) {
		b.Log(err)
		return false
	}
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric((b.Elapsed() - before).Seconds(), unit)
	return true
}
