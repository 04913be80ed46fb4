package run

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/reports"
)

// Yard is the buckets that a connector is tried with, and the plain HTTP client that goes to them by the URLs that the
// connector hands out.
type Yard struct {
	Lots []*Lot
	// Network finds the hosts of all lots.
	Network wire.Network
	// Missing says of each provider without a bucket why.
	Missing map[string]string
	// Own says that the buckets were made for this run alone, on this machine: nothing in them needs a guard.
	Own bool
	// Grounds are where the connector may make buckets.
	Grounds []*Ground

	wires map[*Lot]*wire.Transport
	ways  wire.Options // of wires, without a guard
	most  Cost         // that clients may send to any bucket
	made  []made
}

// Lot is one bucket of a Yard.
type Lot struct {
	Provider string
	// Address is the bucket with credentials; its sub-path, if it has one, is the run's, and all that the connector is
	// asked to store lies below it.
	Address *address.Address
	Store   reports.Store
	Secrets []string
	// Inventory is the owner's view: keys with the SHA-256 of their content in hex.
	Inventory func(context.Context) (map[string]string, error)
	// Mark writes the run's marker, by which a sweep finds what a run that was killed has left; nil where the whole bucket goes
	// with the run.
	Mark func(ctx context.Context, limit time.Duration) error
	// Clean removes what lies below the run's sub-path, and returns how much that was; nil where the whole bucket goes
	// with the run.
	Clean func(context.Context) (removed int, err error)
	// Cut makes connections for the bucket break off, or lets them through again; nil where nobody can.
	Cut func(off bool)
	// Host is the host:port that is cut off with all its buckets, "" where it is the bucket alone. Then the connector's way is
	// cut, and Through reports whether it was seen to come that way at all.
	Host    string
	Through func() bool
}

// String names the lot without secrets.
func (l *Lot) String() string { return l.Provider + " " + l.Address.Bucket }

// At is the address of a sub-path of the lot, "" for the lot itself.
func (l *Lot) At(path string) *address.Address {
	a := *l.Address
	a.Path = strings.Trim(a.Path+"/"+path, "/")
	return &a
}

// CanCut reports whether a bucket can be cut off from the connector, and says what is missing where it can't.
func (l *Lot) CanCut() (bool, string) {
	switch {
	case l.Cut == nil:
		return false, "the buckets that were given can't be cut off: --proxy HOST:PORT, with the connector started with HTTPS_PROXY=http://HOST:PORT, shows it"
	case l.Through != nil && !l.Through():
		return false, "the connector was not seen to reach " + l.Host + " by --proxy: start it with HTTPS_PROXY set to that"
	}
	return true, ""
}

// Of are a provider's lots.
func (y *Yard) Of(provider string) []*Lot {
	var out []*Lot
	for _, l := range y.Lots {
		if l.Provider == provider {
			out = append(out, l)
		}
	}
	return out
}

// Providers are those that have lots, in the lots' order.
func (y *Yard) Providers() []string {
	var out []string
	for _, l := range y.Lots {
		if !slices.Contains(out, l.Provider) {
			out = append(out, l.Provider)
		}
	}
	return out
}

// open makes the ways to the lots.
func (y *Yard) open(o wire.Options) error {
	y.wires = map[*Lot]*wire.Transport{}
	o.Network = y.Network
	if y.Own {
		o.Unguarded = func(*http.Request) bool { return true }
	}
	y.ways = o
	if y.Own {
		w := wire.New(o)
		for _, l := range y.Lots {
			y.wires[l] = w
		}
		return nil
	}
	for _, l := range y.Lots {
		var err error
		if o.Guard, err = GuardOf(l.Address, l.Address.Path+"/"); err != nil {
			return err
		}
		o.Guard.Allow(y.most.Requests, y.most.Bytes)
		y.wires[l] = wire.New(o)
	}
	return nil
}

// GuardOf is a guard that lets through writes to a bucket below a prefix, and none else.
func GuardOf(a *address.Address, prefix string) (*wire.Guard, error) {
	service, err := url.Parse(a.ServiceURL())
	if err != nil {
		return nil, fmt.Errorf("the service of %s can't be told", a)
	}
	return wire.NewGuard(scopeOf(a, service, prefix))
}

func (y *Yard) requests() int {
	n, seen := 0, map[*wire.Transport]bool{}
	for _, w := range y.wires {
		if !seen[w] {
			seen[w] = true
			n += w.Requests()
		}
	}
	return n
}

func (y *Yard) close() {
	for _, w := range y.wires {
		w.CloseIdle()
	}
}

// Client is the plain client to a lot's store: it follows no redirect, and is recorded like all else.
func (y *Yard) Client(l *Lot) *http.Client { return y.wires[l].Client() }

// Verdict judges a request by the reference, with the credentials of all lots, as a store would at a time.
func (y *Yard) Verdict(method, rawURL string, header http.Header, at time.Time) *signing.Verdict {
	in, err := signing.FromURL(method, rawURL, at)
	if err != nil {
		return &signing.Verdict{Stage: signing.StageParameters, Cause: signing.CauseMalformed, Sentence: "the URL can't be read"}
	}
	in.Header = header
	in.Keys = y.keys
	return signing.Verify(in)
}

// keys are the keys of the lots whose credential a URL names.
func (y *Yard) keys(c *signing.Claim) (out []signing.Key) {
	for _, l := range y.Lots {
		id, secret := l.Address.Credentials.ID, l.Address.Credentials.Secret.Reveal()
		switch l.Address.Provider {
		case address.GCP:
			if id == c.CredentialID {
				if k, err := signing.ParseRSAKey([]byte(secret)); err == nil {
					out = append(out, k)
				}
			}
		case address.Azure:
			if l.Address.Account == c.Account || l.Address.Account == c.CredentialID {
				if k, err := signing.NewAzureKey(secret); err == nil {
					out = append(out, k)
				}
			}
		default:
			if id == c.CredentialID {
				out = append(out, signing.NewSecretKey(secret, ""))
			}
		}
	}
	return out
}

// At is a lot of the store that a URL leads to, whatever its bucket; nil where it leads to none.
func (y *Yard) At(rawURL string) *Lot {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil
	}
	for _, l := range y.Lots {
		service, err := url.Parse(l.Address.ServiceURL())
		if err == nil && (strings.EqualFold(u.Host, service.Host) || strings.HasSuffix(strings.ToLower(u.Host), "."+service.Host)) {
			return l
		}
	}
	return nil
}

// Find says which lot a URL leads to, and to which key; nil where it leads to none. It goes by host and path alone.
func (y *Yard) Find(rawURL string) (*Lot, string) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, ""
	}
	host, path := strings.ToLower(u.Host), strings.TrimPrefix(u.Path, "/")
	for _, l := range y.Lots {
		service, err := url.Parse(l.Address.ServiceURL())
		if err != nil {
			continue
		}
		if host == l.Address.Bucket+"."+service.Host {
			return l, path
		}
		if host != service.Host {
			continue
		}
		if bucket, key, _ := strings.Cut(path, "/"); bucket == l.Address.Bucket {
			return l, key
		}
	}
	return nil, ""
}
