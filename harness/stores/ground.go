package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/versity/versitygw/auth"
)

// Ground is where buckets can be made at a provider of a Yard, by an identity that may, as W&B has one in its own account
// (BYOB-TEAM-005). What is made there is removed with the Yard.
type Ground struct {
	Provider string
	Account  string // azure: the storage account; gcp: the project
	Region   string // where buckets are made
	ID       string
	Secret   string

	spoiled atomic.Bool
	release func(context.Context) error
}

// Spoil makes every connection break off by which an object would be stored in a bucket that was made here, or lets them
// through again: buckets can still be made, and turn out to be of no use.
func (g *Ground) Spoil(on bool) { g.spoiled.Store(on) }

// s3Ground is the part of the gateway in which a user who may make buckets does. A bucket's policy in its provider's form,
// with principals that versitygw can't take, is kept here and handed out, and not evaluated: the bucket is its maker's.
type s3Ground struct {
	*Ground

	mu   sync.Mutex
	made map[string][]byte // the policy of each bucket that was made, nil without one
}

// ground makes the identity. Its buckets are made by whatever front of the provider.
func (b *s3Backend) ground(ctx context.Context) (*s3Ground, error) {
	if err := b.gateway.start(ctx); err != nil {
		return nil, err
	}
	c, err := newCredentials()
	if err != nil {
		return nil, err
	}
	if err := b.gateway.users.CreateAccount(auth.Account{Access: c.id, Secret: c.secret, Role: auth.RoleUserPlus}); err != nil {
		return nil, fmt.Errorf("make a user who may make buckets: %w", err)
	}
	g := &s3Ground{Ground: &Ground{Provider: b.provider, ID: c.id, Secret: c.secret}, made: map[string][]byte{}}
	if b.provider == AWS { // CoreWeave's zones are nothing that the gateway knows
		g.Region = gatewayRegion
	}
	g.release = func(context.Context) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		errs := []error{b.gateway.users.DeleteUserAccount(c.id)}
		for name := range g.made {
			errs = append(errs, b.gateway.erase(name))
		}
		return errors.Join(errs...)
	}
	return g, nil
}

// place is the bucket and key that a request names.
func (g *s3Ground) place(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if label, below := strings.CutSuffix(hostOf(r), "."+gatewayDomain); below {
		return label, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

func (g *s3Ground) has(bucket string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.made[bucket]
	return ok
}

// middleware watches buckets being made and removed, and answers for their policies.
func (g *s3Ground) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, key := g.place(r)
		_, policy := r.URL.Query()["policy"]
		switch {
		case key != "" && r.Method == http.MethodPut && g.spoiled.Load() && g.has(bucket):
			panic(http.ErrAbortHandler)
		case key != "" || bucket == "":
			next.ServeHTTP(w, r)
		case policy && r.Method != http.MethodOptions && g.has(bucket):
			g.policy(w, r, bucket, next)
		case r.Method == http.MethodPut && !configures(r):
			next.ServeHTTP(&statusWriter{ResponseWriter: w, seen: func(status int) {
				g.mu.Lock()
				defer g.mu.Unlock()
				if _, ok := g.made[bucket]; status/100 == 2 && !ok {
					g.made[bucket] = nil
				}
			}}, r)
		case r.Method == http.MethodDelete && !configures(r):
			next.ServeHTTP(&statusWriter{ResponseWriter: w, seen: func(status int) {
				g.mu.Lock()
				defer g.mu.Unlock()
				if status/100 == 2 {
					delete(g.made, bucket)
				}
			}}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// configures reports whether a request for a bucket is for one of its documents.
func configures(r *http.Request) bool {
	q := r.URL.Query()
	for _, name := range configurations {
		if q.Has(name) {
			return true
		}
	}
	return false
}

// policy is answered as a front of CoreWeave's does for its own bucket: who may, the gateway decides.
func (g *s3Ground) policy(w http.ResponseWriter, r *http.Request, bucket string, next http.Handler) {
	body, err := io.ReadAll(io.LimitReader(r.Body, policyLimit+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked := &held{header: http.Header{}}
	next.ServeHTTP(asked, r)
	says := func(code string) bool { return bytes.Contains(asked.body.Bytes(), []byte("<Code>"+code+"</Code>")) }
	g.mu.Lock()
	defer g.mu.Unlock()
	switch kept := g.made[bucket]; {
	case len(body) > policyLimit:
		writeXMLError(w, r, http.StatusBadRequest, "MalformedPolicy", fmt.Sprintf("The policy is longer than %d bytes.", policyLimit))
	case r.Method == http.MethodPut && says("MalformedPolicy") && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")):
		g.made[bucket] = body
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && says("NoSuchBucketPolicy") && kept != nil:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(kept)
	case r.Method == http.MethodDelete && asked.status/100 == 2:
		g.made[bucket] = nil
		asked.replay(w)
	default:
		asked.replay(w)
	}
}

// statusWriter tells which status was written.
type statusWriter struct {
	http.ResponseWriter
	seen func(int)
	told bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.told && status >= 200 {
		w.told = true
		w.seen(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if !w.told {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
