package stores

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Yard is buckets of several providers that one client can use at once, as a connector does: all their hosts are found
// by one Network, whichever bucket a request is for, and each bucket can be cut off.
type Yard struct {
	Lots    []*Lot // by provider, in the order asked for; then in the order made
	Network wire.Network
	// Missing says of each provider that could not be had here why.
	Missing map[string]string
	// Grounds are where buckets can be made, of those providers in whose cloud W&B makes them (S3-compatible is nobody's), on embedded
	// stores.
	Grounds []*Ground

	joint *front // stands before the buckets of Google's one host
}

// Lot is one bucket of a Yard.
type Lot struct {
	*Bucket
	Name string // of the bucket or container
	cut  *cuts
}

// Cut makes every connection for the bucket break off before it is answered, or lets them through again. The owner's view
// goes on.
func (l *Lot) Cut(off bool) { l.cut.set(l.Name, off) }

// cuts are the names of the buckets that are cut off. Buckets of one provider share hosts, so every front asks for all.
type cuts struct {
	some  atomic.Bool
	mu    sync.Mutex
	names map[string]bool
}

func (c *cuts) set(name string, off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if off {
		c.names[name] = true
	} else {
		delete(c.names, name)
	}
	c.some.Store(len(c.names) > 0)
}

// middleware breaks connections off.
func (c *cuts) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.some.Load() && c.has(r) {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *cuts) has(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.names {
		if names(r, name) {
			return true
		}
	}
	return false
}

// names reports whether a request is for a bucket: by its host, by its path, or by the path of Google's JSON API.
func names(r *http.Request, bucket string) bool {
	if strings.HasPrefix(hostOf(r), bucket+".") {
		return true
	}
	path := r.URL.Path + "/"
	return strings.HasPrefix(path, "/"+bucket+"/") || strings.Contains(path, "/b/"+bucket+"/")
}

// Yard makes each so many buckets of every provider, the providers at the same time. A provider that can't be had here is
// left out, and Missing says why; when none can be had, that is an error. hooks, which may be nil, makes those of each bucket.
func (h *Host) Yard(ctx context.Context, providers []string, each int, hooks func(provider string) Hooks) (_ *Yard, err error) {
	y := &Yard{Missing: map[string]string{}, Network: wire.Network{Hosts: map[string]string{}, Closed: true, RootCAs: h.authority.pool}}
	defer func() {
		if err != nil {
			err = errors.Join(err, y.Close())
		}
	}()
	cut := &cuts{names: map[string]bool{}}
	grounds := map[string]*s3Ground{}
	for _, p := range providers {
		if b, ok := h.backends[place{p, h.on}].(*s3Backend); ok && p != S3Compatible {
			if grounds[p], err = b.ground(ctx); err != nil {
				return nil, err
			}
			y.Grounds = append(y.Grounds, grounds[p].Ground)
		}
	}
	setup := func(provider string) (s Setup) {
		if hooks != nil {
			s.Hooks = hooks(provider)
		}
		front := s.Hooks.Front
		s.Hooks.Front = func(next http.Handler) http.Handler {
			if front != nil {
				next = front(next)
			}
			if g := grounds[provider]; g != nil {
				next = g.middleware(next)
			}
			return cut.middleware(next)
		}
		return s
	}
	made, errs := make([][]*Bucket, len(providers)), make([]error, len(providers))
	var all sync.WaitGroup
	for i, p := range providers {
		all.Go(func() {
			for range each {
				b, err := h.Provision(ctx, p, setup(p))
				if err != nil {
					errs[i] = err
					return
				}
				made[i] = append(made[i], b)
			}
		})
	}
	all.Wait()
	for _, bs := range made {
		for _, b := range bs {
			a, err := address.Parse(b.Address, address.Options{})
			if err != nil {
				errs = append(errs, err)
				a = &address.Address{}
			}
			y.Lots = append(y.Lots, &Lot{Bucket: b, Name: a.Bucket, cut: cut})
			maps.Copy(y.Network.Hosts, b.Network.Hosts)
		}
	}
	if err := errors.Join(errs[len(providers):]...); err != nil {
		return nil, err
	}
	for i, p := range providers {
		switch {
		case errors.Is(errs[i], ErrUnavailable):
			y.Missing[p] = errs[i].Error()
		case errs[i] != nil:
			return nil, errs[i]
		}
	}
	if len(y.Lots) == 0 {
		return nil, fmt.Errorf("no bucket could be made: %w", errors.Join(errs...))
	}
	if err := y.join(h, Hooks{Front: cut.middleware}); err != nil {
		return nil, err
	}
	return y, y.azureGround(ctx, h, cut.middleware)
}

// azureGround adds an account for containers to be made in, where Azure could be had.
func (y *Yard) azureGround(ctx context.Context, h *Host, around func(http.Handler) http.Handler) error {
	b, ok := h.backends[place{Azure, h.on}].(*azureBackend)
	if !ok || h.on != Embedded || !slices.ContainsFunc(y.Lots, func(l *Lot) bool { return l.Provider == Azure }) {
		return nil
	}
	g, f, err := b.ground(ctx, h, around)
	if err != nil {
		return err
	}
	y.Grounds = append(y.Grounds, g)
	y.Network.Hosts[azureAccount{name: g.Account}.host()] = f.addr
	return nil
}

// join gives the buckets at Google, of which each has a server of its own, one front together.
func (y *Yard) join(h *Host, hooks Hooks) error {
	servers := map[string]http.Handler{}
	for _, l := range y.Lots {
		if o, ok := l.owner.(*gcsOwner); ok {
			servers[l.Name] = o.front
		}
	}
	if len(servers) == 0 {
		return nil
	}
	some := slices.Min(slices.Collect(maps.Keys(servers)))
	front, _ := servers[some].(*gcsFront)
	b, ok := h.backends[place{GCP, h.on}].(*gcsBackend)
	if !ok || front == nil {
		return errors.New("the buckets at Google have no front")
	}
	accounts, _, err := b.some(2)
	if err != nil {
		return err
	}
	first := servers[some]
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, server := range servers {
			if names(r, name) {
				server.ServeHTTP(w, r)
				return
			}
		}
		first.ServeHTTP(w, r) // tokens; or no such bucket, as each of them says
	})
	if h.on == Embedded { // in containers nobody makes buckets but the Host
		ground := newGCSGround(h, b, accounts, front)
		y.Grounds = append(y.Grounds, ground.Ground)
		handler = ground.handler(func(name string) bool { return servers[name] != nil }, handler)
	}
	y.joint, err = h.front(frontOptions{Names: gcsHosts, MinTLS: tls.VersionTLS12, Hooks: hooks, Handler: handler})
	if err != nil {
		return err
	}
	for _, host := range gcsHosts {
		y.Network.Hosts[host] = y.joint.addr
	}
	return nil
}

// Close removes all buckets.
func (y *Yard) Close() error {
	errs := []error{y.closeGrounds()}
	if y.joint != nil {
		errs = append(errs, y.joint.close())
	}
	for _, l := range y.Lots {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
