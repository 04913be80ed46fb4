package faults

import (
	"context"
	stdnet "net"
	"net/http"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// Limits of one request under an outage: shorter than wire's own, so that a selftest doesn't wait for what never comes, and
// far longer than a store on the same machine takes.
var impatient = wire.Limits{Dial: 2 * time.Second, Handshake: 2 * time.Second, Answer: 2 * time.Second, Transfer: 2 * time.Second}

// outageLimit is how long all specs of a run with an outage may take together.
const outageLimit = 40 * time.Second

// lineFaults are what a network does below HTTP.
func lineFaults() []Fault {
	one := []string{"s3-compatible"}
	return []Fault{
		{Name: "latency-50-ms", Does: "every answer comes 50 ms late", Profiles: one, outages: onLine(stores.Toxic{Type: "latency", Attributes: map[string]int64{"latency": 50}})},
		{Name: "bandwidth-4-mb", Does: "the line carries 4 MB a second each way", Profiles: one,
			outages: onLine(stores.Toxic{Type: "bandwidth", Attributes: map[string]int64{"rate": 4000}},
				stores.Toxic{Type: "bandwidth", Sent: true, Attributes: map[string]int64{"rate": 4000}})},
		{Name: "answers-in-slices", Does: "answers come in slices of some kilobytes", Profiles: one,
			outages: onLine(stores.Toxic{Type: "slicer", Attributes: map[string]int64{"average_size": 4096, "size_variation": 2048, "delay": 100}})},
		{Name: "name-server-silent", Does: "the name server never answers", Profiles: []string{"aws", "s3-compatible"}, Undecides: []string{"BYOB-NET-001"},
			outages: nameServerSilent},
		{Name: "line-silent", Does: "connections are accepted, and nothing comes back, not even TLS", Profiles: all, Undecides: []string{"BYOB-NET-003"},
			outages: onLine(silence...)},
		{Name: "line-resets", Does: "every connection is reset at its first byte", Profiles: []string{"s3-compatible", "azure"}, Undecides: []string{"BYOB-NET-003"},
			outages: onLine(stores.Toxic{Type: "reset_peer", Sent: true, Attributes: map[string]int64{"timeout": 0}})},
		{Name: "line-silent-midway", Does: "from the first upload by URL on nothing comes back", Profiles: all, Undecides: []string{"BYOB-XFER-001"}, Leaves: true,
			outages: midway(func(l *stores.Line) {
				for _, t := range silence {
					_ = l.Add(t)
				}
			})},
		{Name: "port-closes-midway", Does: "from the first upload by URL on connections are refused", Profiles: all, Undecides: []string{"BYOB-XFER-001"}, Leaves: true,
			outages: midway((*stores.Line).Cut)},
		{Name: "answers-cut-after-1-mb", Does: "a connection ends when it has answered with 1 MB", Profiles: []string{"s3-compatible"}, Undecides: []string{"BYOB-XFER-005"},
			outages: onLine(stores.Toxic{Type: "limit_data", Attributes: map[string]int64{"bytes": 1 << 20}})},
		{Name: "uploads-cut-after-1-mb", Does: "a connection ends when it was sent 1 MB", Profiles: []string{"s3-compatible", "azure"},
			Undecides: []string{"BYOB-XFER-005", "BYOB-XFER-007"},
			outages:   onLine(stores.Toxic{Type: "limit_data", Sent: true, Attributes: map[string]int64{"bytes": 1 << 20}})},
	}
}

// silence is a network that swallows everything and says nothing.
var silence = []stores.Toxic{{Type: "timeout"}, {Type: "timeout", Sent: true}}

// onLine puts toxics on the lines from the beginning.
func onLine(toxics ...stores.Toxic) outages {
	return func(string) *outage {
		o := newOutage(func(_ *outage, next http.Handler) http.Handler { return next })
		o.setup.Hooks.Line = func(l *stores.Line) error {
			for _, t := range toxics {
				if err := l.Add(t); err != nil {
					return err
				}
			}
			return nil
		}
		return o
	}
}

// midway does something to the lines when the first upload by a pre-signed URL comes, and answers nothing more.
func midway(strike func(*stores.Line)) outages {
	return func(string) *outage {
		var lines []*stores.Line
		o := newOutage(func(o *outage, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !object(r, http.MethodPut) || !o.begin() {
					next.ServeHTTP(w, r)
					return
				}
				o.meets(r)
				for _, l := range lines {
					strike(l)
				}
				panic(http.ErrAbortHandler)
			})
		})
		o.setup.Hooks.Line = func(l *stores.Line) error {
			lines = append(lines, l)
			return nil
		}
		return o
	}
}

// nameServerSilent takes the store's names out of the table, and has them asked of a name server that never answers.
func nameServerSilent(string) *outage {
	o := newOutage(func(_ *outage, next http.Handler) http.Handler { return next })
	o.setup.Hooks.Network = func(n *wire.Network) {
		n.Hosts = map[string]string{}
		n.Resolver = &stdnet.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (stdnet.Conn, error) {
			here, there := stdnet.Pipe()
			go swallow(there)
			return here, nil
		}}
	}
	o.setup.Hooks.Address = func(raw string) string { return atHost(raw, "store.example.com") }
	return o
}

// swallow reads all that comes, and answers nothing.
func swallow(c stdnet.Conn) {
	buffer := make([]byte, 512)
	for {
		if _, err := c.Read(buffer); err != nil {
			return
		}
	}
}
