package faults

import (
	stdnet "net"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// outage is a fault of the network, or of a store that can't answer just then, in one run. It breaks no rule, so nothing may
// fail by it, and nothing pass: whatever met it is errored, what stands on that is too, and nothing else is changed.
type outage struct {
	setup stores.Setup

	mu    sync.Mutex
	met   []string  // the requirements whose requests it met, as their User-Agent names them
	heard int       // how many requests the front has seen
	since time.Time // from when on nothing is answered any more; zero while it comes and goes
	over  bool
}

// outages makes the outage of one run of a profile.
type outages func(profile string) *outage

// requirementOf is the requirement for which a request is sent, "" for what a run sends on its own behalf.
func requirementOf(r *http.Request) string {
	if m := sender.FindStringSubmatch(r.UserAgent()); m != nil {
		return m[1]
	}
	return ""
}

// sender is how a run names itself in a request (package wire).
var sender = regexp.MustCompile(`\(run [^;)]*; (BYOB-[A-Z]+-[0-9]+)\)`)

// newOutage makes an outage with a front that counts.
func newOutage(handler func(o *outage, next http.Handler) http.Handler) *outage {
	o := &outage{}
	o.setup.Hooks = stores.Hooks{
		Front: func(next http.Handler) http.Handler {
			struck := handler(o, next)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				o.mu.Lock()
				o.heard++
				over := o.over
				o.mu.Unlock()
				if over {
					next.ServeHTTP(w, r)
					return
				}
				struck.ServeHTTP(w, r)
			})
		},
	}
	return o
}

// meets notes that a request met the outage.
func (o *outage) meets(r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if id := requirementOf(r); id != "" && !slices.Contains(o.met, id) {
		o.met = append(o.met, id)
	}
}

// begin says that nothing is answered from now on; it reports whether that is news.
func (o *outage) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	news := o.since.IsZero()
	if news {
		o.since = time.Now()
	}
	return news
}

// started is when nothing was answered any more, zero for what comes and goes.
func (o *outage) started() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since
}

// end lets everything through again.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// mustErr says which requirements could not be decided: those that met the outage, and those that begin when nothing is
// answered any more and ask the store, as their evidence in the sound run shows.
func (o *outage) mustErr(sound *reports.Result, began map[string]time.Time) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := slices.Clone(o.met)
	for _, l := range sound.Requirements {
		if at, ok := began[l.ID]; ok && l.Evidence != "" && !o.since.IsZero() && at.After(o.since) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// repeated says that more requests came than were sent: something below the checks sends again what was not answered.
func (o *outage) repeated(sent int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.heard > sent
}

// breakOff resets the client's connection: it sees no end of what was under way.
func breakOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	raw := conn
	for {
		inner, ok := raw.(interface{ NetConn() stdnet.Conn })
		if !ok {
			break
		}
		raw = inner.NetConn()
	}
	if tcp, ok := raw.(*stdnet.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = raw.Close() // not TLS's own: it would say goodbye
}

// clock notes when each requirement's checks begin.
func clock(next func(run.Event), began map[string]time.Time) func(run.Event) {
	return func(e run.Event) {
		if _, ok := began[e.Requirement]; !ok && e.Outcome == "" {
			began[e.Requirement] = time.Now()
		}
		if next != nil {
			next(e)
		}
	}
}
