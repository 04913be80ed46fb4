package faults

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// What the faults of a load do. The reduced budget's figures lie between the sound store's and these.
const (
	steadyTime  = 25 * time.Millisecond  // that the sound subject's front takes for a request: more than the machine's own moods
	slowTime    = 600 * time.Millisecond // below the budget's MB/s
	beforeTime  = 120 * time.Millisecond // of what is held against a baseline, so that the machine's moods are the smaller part
	slowerTime  = 400 * time.Millisecond // a third as fast as that
	spikeTime   = time.Second
	spikeEvery  = 15
	failEvery   = 100
	resetEvery  = 60
	corruptNth  = 40
	freeBytes   = 64 << 20                // before the throttle
	freeSlice   = 1500 * time.Millisecond // in which a busy machine, too, moves the 72 MiB of a round: else its first rounds all count as fast
	throttledTo = 5 << 20                 // bytes a second, of all requests together
)

// loaded reports whether a request is one of the load, by pre-signed URL.
func loaded(r *http.Request) bool {
	return object(r, http.MethodGet, http.MethodPut) && strings.Contains(r.URL.Path, "BYOB-RATE-")
}

// steady is the front of the sound subject of a load, and stands before every fault of one: each request takes a time that is
// the store's and not the machine's.
func steady(_ string, next http.Handler) http.Handler { return delayed(next, steadyTime) }

func delayed(next http.Handler, d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loaded(r) {
			time.Sleep(d)
		}
		next.ServeHTTP(w, r)
	})
}

// every lets a fault have its way with each nth request of the load.
func every(n int64, f func(w http.ResponseWriter, r *http.Request, next http.Handler)) func(string, http.Handler) http.Handler {
	return func(_ string, next http.Handler) http.Handler {
		var seen atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !loaded(r) || seen.Add(1)%n != 0 {
				next.ServeHTTP(w, r)
				return
			}
			f(w, r, next)
		})
	}
}

// throughputFaults break what only a load shows.
func throughputFaults() []Fault {
	clients := []string{"gcp", "azure", "s3-compatible"} // each answers in its own way; aws and coreweave answer as s3-compatible does
	compared := []string{"gcp", "s3-compatible"}
	fault := func(name, does, breaks string, profiles []string, f func(string, http.Handler) http.Handler) Fault {
		var blocks []string
		if breaks != judged {
			blocks = []string{judged} // what fails takes time and brings nothing: rates near the budget may be left undecided
		}
		return Fault{Name: name, Does: does, Profiles: profiles, Long: breaks, Breaks: []string{breaks}, Blocks: blocks, Sound: front(steady),
			Setup: front(func(profile string, next http.Handler) http.Handler { return f(profile, steady(profile, next)) })}
	}
	return []Fault{
		fault("store-slow", "under load the store takes 0.6 s for a request: too slow for the budget", "BYOB-RATE-001", all,
			func(_ string, next http.Handler) http.Handler { return delayed(next, slowTime) }),
		fault("latency-spike", "under load every 15th request takes a second longer", "BYOB-RATE-001", clients,
			every(spikeEvery, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				time.Sleep(spikeTime)
				next.ServeHTTP(w, r)
			})),
		{Name: "throttled-after-64-MB", Does: "after 64 MiB the store moves 5 MiB a second", Profiles: clients, Long: "BYOB-RATE-001", Breaks: []string{"BYOB-RATE-001"},
			Sound: front(steady), Setup: front(throttled), slice: freeSlice}, // what comes before is not slowed: a round of the reduced load has 72 MiB
		fault("hundredth-request-fails", "under load every hundredth request is answered 503", "BYOB-RATE-002", clients,
			func(profile string, next http.Handler) http.Handler {
				return every(failEvery, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
					_, _ = io.Copy(io.Discard, r.Body) // an answer before the body has come would be lost with the connection
					code, message := "SlowDown", "Please reduce your request rate."
					if profile == "azure" {
						code, message = "ServerBusy", "The server is busy."
					}
					refusal(w, r, profile, http.StatusServiceUnavailable, code, message, "")
				})(profile, next)
			}),
		fault("corrupt-under-load", "under load one byte of every 40th answer is another one", "BYOB-RATE-002", clients,
			every(corruptNth, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				a := ask(next, r)
				if b := bytes.Clone(a.body.Bytes()); r.Method == http.MethodGet && len(b) > 0 {
					b[len(b)-1] ^= 1
					a.body.Reset()
					a.body.Write(b)
				}
				a.send(w, r)
			})),
		fault("reset-under-load", "under load every 60th connection is reset in the middle of a request", "BYOB-RATE-002", clients,
			every(resetEvery, func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })),
		{Name: "slower-than-before", Does: "the store is within the budget, and a third as fast as it was", Profiles: compared, Long: againstBaseline, Breaks: []string{againstBaseline},
			Sound: front(func(_ string, next http.Handler) http.Handler { return delayed(next, beforeTime) }),
			Setup: front(func(_ string, next http.Handler) http.Handler { return delayed(next, slowerTime) })},
	}
}

// throttled lets the first bytes of a load pass, and makes the rest wait for their turn.
func throttled(_ string, next http.Handler) http.Handler {
	var mu sync.Mutex
	var moved int64
	var free time.Time // when the line is free again
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loaded(r) {
			next.ServeHTTP(w, r)
			return
		}
		a := ask(next, r)
		n := max(r.ContentLength, 0) + int64(a.body.Len())
		mu.Lock()
		moved += n
		wait := time.Duration(0)
		if moved > freeBytes {
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(time.Duration(n) * time.Second / throttledTo)
			wait = time.Until(free)
		}
		mu.Unlock()
		time.Sleep(wait)
		a.header.Set("Content-Length", strconv.Itoa(a.body.Len()))
		a.send(w, r)
	})
}

// load is what a run of a fault is asked for: the reduced load where the fault is one of a load's, against the figures of a
// sound run where it is tried at those.
func (f Fault) load(cat *catalogue.Catalogue, baseline *reports.Result) (*run.Throughput, error) {
	if q, _ := cat.Get(f.Long); q.OnRequest != catalogue.OnThroughput {
		return nil, nil
	}
	b, err := budgets.Reduced()
	if err != nil {
		return nil, err
	}
	if f.slice > 0 {
		b.Slice = budgets.Duration(f.slice)
	}
	t := &run.Throughput{Budget: b, Name: "reduced"}
	if f.Long == againstBaseline {
		t.Baseline = baseline
		for i := range b.Cases {
			b.Cases[i].Least.MBps = 4 // the baseline decides here, not the budget
		}
	}
	return t, nil
}

// againstBaseline is the requirement for which a sound run has to be recorded before, and judged is the one at which it is.
const (
	againstBaseline = "BYOB-RATE-003"
	judged          = "BYOB-RATE-001"
)

// record makes the sound run that others are held against: the figures of one with no baseline of its own.
func (m *Matrix) record(ctx context.Context, profile string) (*reports.Result, Row, error) {
	d, row, err := m.try(ctx, profile, Fault{Long: judged, Setup: soundSetup(againstBaseline)}, nil, nil)
	return d, row, err
}

// soundSetup is the sound subject's setup for a requirement that is checked on request.
func soundSetup(long string) func(string) stores.Setup {
	for _, f := range Buckets() {
		if f.Long == long && f.Sound != nil {
			return f.Sound
		}
	}
	return nil
}
