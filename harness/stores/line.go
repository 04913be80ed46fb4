package stores

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Line is the network between clients and one host and port of a store: Toxiproxy, inside this process, on 127.0.0.1. It knows
// bytes and connections and nothing of what they say: what depends on HTTP is a matter of Hooks.Front.
type Line struct{ proxy *toxiproxy.Proxy }

// Toxic is what a line does to the bytes on it.
type Toxic struct {
	// Type is one of Toxiproxy's: "latency", "bandwidth", "slicer", "limit_data", "timeout", "reset_peer", "slow_close"
	// (github.com/Shopify/toxiproxy, README, "Toxics").
	Type string
	// Sent says that it is on what the client sends; else it is on what the store answers.
	Sent bool
	// Attributes are the type's own: milliseconds, bytes, KB a second.
	Attributes map[string]int64
}

// Add puts a toxic on the line: on the connections that there are, and on those to come. One can't be taken away again.
func (l *Line) Add(t Toxic) error {
	stream := "downstream"
	if t.Sent {
		stream = "upstream"
	}
	text, err := json.Marshal(map[string]any{"name": t.Type + "_" + stream, "type": t.Type, "stream": stream, "attributes": t.Attributes})
	if err == nil {
		_, err = l.proxy.Toxics.AddToxicJson(strings.NewReader(string(text)))
	}
	if err != nil {
		return fmt.Errorf("put %q on a line: %w", t.Type, err)
	}
	return nil
}

// Cut ends the line: connections break off, and new ones are refused.
func (l *Line) Cut() { l.proxy.Stop() }

// between puts a line before every host and port of a bucket, and has clients go through them. b.Direct is the way past.
func between(ctx context.Context, b *Bucket, hook func(*Line) error) error {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	b.Direct = b.Network
	hosts := maps.Clone(b.Network.Hosts)
	if hosts == nil {
		hosts = map[string]string{}
	}
	if a, err := address.Parse(b.Address, address.Options{}); err == nil { // a literal address needs no name: it gets one
		if host, port, err := net.SplitHostPort(a.Endpoint); err == nil && net.ParseIP(host) != nil {
			hosts[host] = net.JoinHostPort(host, port)
		}
	}
	made := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		to := hosts[name]
		if made[to] == "" {
			p := toxiproxy.NewProxy(server, fmt.Sprintf("line-%d", len(made)+1), "127.0.0.1:0", to)
			if err := p.Start(); err != nil {
				return fmt.Errorf("open a line: %w", err)
			}
			b.lines = append(b.lines, &Line{p})
			made[to] = p.Listen
		}
		hosts[name] = made[to]
	}
	if len(made) == 0 {
		return errors.New("open a line: the bucket has no host and port of its own")
	}
	b.Network.Hosts = hosts
	for _, l := range b.lines {
		if err := hook(l); err != nil {
			return err
		}
	}
	return ctx.Err()
}
