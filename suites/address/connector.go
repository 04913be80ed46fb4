package address

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
)

// connectorSpecs run every vector against the connector's reader of addresses, one spec a requirement.
func connectorSpecs(s *run.Subject) {
	vectors := address.Vectors()
	var ids []string
	count := map[string]int{}
	for _, v := range vectors {
		count[v.Requirement]++
		if !slices.Contains(ids, v.Requirement) {
			ids = append(ids, v.Requirement)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		run.It(s, id, "every vector of "+id+" is read by the connector as the rule says", func(ctx context.Context, t *run.T) {
			t.Without(s, driver.CapAddresses, func() error {
				_, err := s.Connector.ReadAddress(ctx, driver.AddressRequest{Address: new(string)})
				return err
			})
			r := &remote{ctx: ctx, c: s.Connector, read: map[*address.Address]*driver.AddressAnswer{}}
			for _, v := range vectors {
				if v.Requirement == id {
					judge(t, v, r.implementation())
					if why := r.unanswered(); why != nil {
						t.Errorf("no answer: %s", why)
					}
				}
			}
		}, run.Within(time.Minute), run.Costs(4*count[id], 0, 0)) // each as it is, and read again as it was printed
	}
}

// remote is a connector's reader as the vectors judge one.
type remote struct {
	ctx context.Context
	c   *driver.Client

	mu     sync.Mutex
	read   map[*address.Address]*driver.AddressAnswer
	silent error // the first request that was not answered for good
}

func (r *remote) implementation() address.Implementation {
	return address.Implementation{
		Parse:  r.parse,
		Print:  func(a *address.Address) string { return r.answer(a).Printed },
		Reveal: func(a *address.Address) string { return r.answer(a).Revealed },
		ParseStores: func(list string, o address.Options) (*address.Stores, error) {
			answer, err := r.ask(driver.AddressRequest{List: &list}, o)
			if err != nil {
				return nil, err
			}
			stores := &address.Stores{CoreWeave: answer.CoreWeave}
			for i := range answer.Items {
				stores.Addresses = append(stores.Addresses, r.taken(&answer.Items[i]))
			}
			return stores, nil
		},
	}
}

func (r *remote) unanswered() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.silent
}

func (r *remote) answer(a *address.Address) *driver.AddressAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := r.read[a]; got != nil {
		return got
	}
	return &driver.AddressAnswer{}
}

func (r *remote) ask(in driver.AddressRequest, o address.Options) (*driver.AddressAnswer, error) {
	in.Edition, in.Provider = o.Edition, string(o.Provider)
	if o.Instance != nil {
		in.Instance = &driver.AddressInstance{OnAWS: o.Instance.OnAWS, AWSRegion: o.Instance.AWSRegion}
	}
	out, err := r.c.ReadAddress(r.ctx, in)
	if err == nil {
		return out, nil
	}
	e := (*driver.Error)(nil)
	if !errors.As(err, &e) || e.Status >= 500 {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.silent == nil {
			r.silent = err
		}
		return nil, errors.New("no answer")
	}
	p := e.Problem
	return nil, &address.Error{Finding: address.Finding{Requirement: p.Requirement, Part: p.Part, Rule: strings.TrimSpace(p.Title + " " + p.Detail), Fix: p.Fix}}
}

func (r *remote) parse(raw string, o address.Options) (*address.Address, error) {
	got, err := r.ask(driver.AddressRequest{Address: &raw}, o)
	if err != nil {
		return nil, err
	}
	return r.taken(got), nil
}

// taken is an address as the connector has read it.
func (r *remote) taken(got *driver.AddressAnswer) *address.Address {
	a := &address.Address{Provider: address.Provider(got.Provider), Endpoint: got.Endpoint, Account: got.Account, Bucket: got.Bucket, Path: got.Path,
		Region: got.Region, RegionFrom: got.RegionFrom, TLS: got.TLS, PathStyle: got.PathStyle,
		Credentials: address.Credentials{ID: got.ID, Secret: address.NewSecret(got.Secret)}}
	for _, w := range got.Warnings {
		a.Warnings = append(a.Warnings, address.Finding{Requirement: w.Requirement, Part: w.Part, Rule: w.Rule, Fix: w.Fix})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read[a] = got
	return a
}
