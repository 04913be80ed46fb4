package stores

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// gcsGround makes and removes buckets at Google, each with a server of its own like every other. Its maker is the account that
// has its rights from the project.
type gcsGround struct {
	*Ground
	host     *Host
	backend  *gcsBackend
	accounts []*serviceAccount
	front    *gcsFront // one of the project's: who asks, and whether they may

	mu      sync.Mutex
	servers map[string]*gcsFront
}

func newGCSGround(h *Host, b *gcsBackend, accounts []*serviceAccount, front *gcsFront) *gcsGround {
	warden := accounts[1]
	g := &gcsGround{Ground: &Ground{Provider: GCP, Account: gcsProject, Region: gcsRegion, ID: warden.email, Secret: warden.pem},
		host: h, backend: b, accounts: accounts, front: front, servers: map[string]*gcsFront{}}
	g.release = func(ctx context.Context) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		var errs []error
		for _, f := range g.servers {
			errs = append(errs, f.owner.remove(ctx))
		}
		return errors.Join(errs...)
	}
	return g
}

// handler answers for making and removing buckets, and for those that were made; the rest goes on. taken reports names that are
// in use.
func (g *gcsGround) handler(taken func(name string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/storage/v1/b" {
			if err := g.insert(w, r, taken); err != nil {
				err.writeJSON(w, r)
			}
			return
		}
		name, f := g.made(r)
		switch {
		case f == nil:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodDelete && r.URL.Path == "/storage/v1/b/"+name:
			if err := g.remove(w, r, name, f); err != nil {
				err.writeJSON(w, r)
			}
		case r.Method == http.MethodPut && g.spoiled.Load() && strings.HasPrefix(r.URL.Path, "/"+name+"/"):
			panic(http.ErrAbortHandler)
		default:
			f.ServeHTTP(w, r)
		}
	})
}

func (g *gcsGround) made(r *http.Request) (string, *gcsFront) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, f := range g.servers {
		if names(r, name) {
			return name, f
		}
	}
	return "", nil
}

// may finds out who asks, and whether the project lets them.
func (g *gcsGround) may(r *http.Request, permission string) *gcsError {
	c, refusal := g.front.authenticate(r, controller)
	if refusal == nil {
		refusal = g.front.permit(c, permission)
	}
	return refusal
}

// insert is Buckets: insert (JSON API reference).
func (g *gcsGround) insert(w http.ResponseWriter, r *http.Request, taken func(string) bool) *gcsError {
	if refusal := g.may(r, "storage.buckets.create"); refusal != nil {
		return refusal
	}
	q := &gcsRequest{w: w, r: r, query: r.URL.Query()}
	if q.query.Get("project") == "" {
		return invalid("Required parameter: project")
	}
	var fields map[string]json.RawMessage
	if refusal := strictJSON(q.body(), &fields); refusal != nil {
		return refusal
	}
	var name string
	if json.Unmarshal(fields["name"], &name) != nil || name == "" {
		return invalid("Required")
	}
	for _, fixed := range []string{"name", "location", "storageClass", "locationType"} {
		delete(fields, fixed)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.servers[name] != nil || taken(name) {
		return &gcsError{status: http.StatusConflict, Code: "BucketNameUnavailable", reason: "conflict",
			Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."}
	}
	objects, err := g.backend.objects(r.Context(), g.host, name)
	if err != nil {
		return broken("made")
	}
	o, err := newGCSOwner(name, objects, g.accounts, Setup{GCS: GCSSetup{Role: "none"}})
	if err != nil {
		return broken("made")
	}
	fields["cors"] = orNull(fields["cors"]) // a new bucket has no rules
	if refusal := o.resource.change(fields, true); refusal != nil {
		_ = o.remove(r.Context())
		return refusal
	}
	o.front = &gcsFront{owner: o, tokens: g.front.tokens}
	g.servers[name] = o.front
	return q.answer(o.resource.resource())
}

func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

// remove is Buckets: delete. A bucket with anything in it stays.
func (g *gcsGround) remove(w http.ResponseWriter, r *http.Request, name string, f *gcsFront) *gcsError {
	if refusal := g.may(r, "storage.buckets.delete"); refusal != nil {
		return refusal
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	keys, err := f.owner.inventory(r.Context())
	switch {
	case err != nil:
		return broken("listed")
	case len(keys) > 0:
		return &gcsError{status: http.StatusConflict, Code: "BucketNotEmpty", reason: "conflict", Message: "The bucket you tried to delete is not empty."}
	}
	delete(g.servers, name)
	_ = f.owner.remove(r.Context())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ground lends an account of Azurite's in which containers may be made, behind a front of its own.
func (b *azureBackend) ground(ctx context.Context, h *Host, around func(http.Handler) http.Handler) (*Ground, *front, error) {
	a, account, err := b.start(ctx, h.authority)
	if err != nil {
		return nil, nil, err
	}
	g := &Ground{Provider: Azure, Account: account.name, ID: account.name, Secret: account.key}
	sound := onlyBlobHost(&proxy{transport: a.transport, failed: azuriteGone})
	f, err := h.front(frontOptions{Names: []string{account.host()}, MinTLS: tls.VersionTLS12, Hooks: Hooks{Front: around},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); key != "" && r.Method == http.MethodPut && g.spoiled.Load() {
				panic(http.ErrAbortHandler)
			}
			sound.ServeHTTP(w, r)
		})})
	if err != nil {
		b.release(a, account)
		return nil, nil, err
	}
	g.release = func(ctx context.Context) error {
		err := f.close()
		if a.gone() {
			return err
		}
		o, oerr := newAzureOwner(b, a, account, "none")
		if oerr != nil {
			return errors.Join(err, oerr)
		}
		for pages := o.service.NewListContainersPager(nil); pages.More(); {
			page, perr := pages.NextPage(ctx)
			if perr != nil {
				return errors.Join(err, fmt.Errorf("list the containers that were made: %w", azureError(perr)))
			}
			for _, item := range page.ContainerItems {
				if _, derr := o.service.NewContainerClient(*item.Name).Delete(ctx, &container.DeleteOptions{}); derr != nil {
					err = errors.Join(err, fmt.Errorf("remove a container that was made: %w", azureError(derr)))
				}
			}
		}
		if err == nil {
			b.release(a, account)
		}
		return err
	}
	return g, f, nil
}

// closeGrounds removes what was made.
func (y *Yard) closeGrounds() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit+time.Second)
	defer cancel()
	var errs []error
	for _, g := range y.Grounds {
		errs = append(errs, g.release(ctx))
	}
	return errors.Join(errs...)
}
