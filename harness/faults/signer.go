package faults

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// signer knows the address that was handed out, and signs with its key.
type signer struct {
	profile string
	mu      sync.Mutex
	address *address.Address
}

func (s *signer) known() *address.Address {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// obeying has the store carry out, besides what it would accept, what a fault wants it to.
func obeying(wanted func(*signer, *http.Request) bool) func(string) stores.Setup {
	return func(profile string) stores.Setup {
		s := &signer{profile: profile}
		return stores.Setup{Hooks: stores.Hooks{
			Address: func(raw string) string {
				a, err := address.Parse(raw, address.Options{})
				if err == nil {
					s.mu.Lock()
					defer s.mu.Unlock()
					s.address = a
				}
				return raw
			},
			Front: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if a := s.known(); a != nil && r.Header.Get("Authorization") == "" && wanted(s, r) && !s.right(r, asItIs) {
						s.sign(a, r)
						path, _, _ := strings.Cut(r.RequestURI, "?") // as it was sent
						r.RequestURI = strings.TrimSuffix(path+"?"+r.URL.RawQuery, "?")
					}
					next.ServeHTTP(w, r)
				})
			},
		}}
	}
}

// refusing has the store refuse what it would accept.
func refusing(unwanted func(*http.Request) bool) func(string) stores.Setup {
	return front(func(profile string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if unwanted(r) {
				refusal(w, r, profile, http.StatusForbidden, "AccessDenied", "Access Denied.", "")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

// asItIs changes nothing.
func asItIs(*signing.Input) {}

// right reports whether a request would be, with something about it changed, what its URL was minted for.
func (s *signer) right(r *http.Request, change func(*signing.Input)) bool {
	a := s.known()
	if a == nil || !claims(r) {
		return false
	}
	in := signing.Received(r, time.Now())
	in.Keys = func(*signing.Claim) []signing.Key {
		switch s.profile {
		case "gcp":
			k, err := signing.ParseRSAKey([]byte(a.Credentials.Secret.Reveal()))
			if err != nil {
				return nil
			}
			return []signing.Key{k}
		case "azure":
		default:
			return []signing.Key{signing.NewSecretKey(a.Credentials.Secret.Reveal(), signing.AnyToken)}
		}
		k, err := signing.NewAzureKey(a.Credentials.Secret.Reveal())
		if err != nil {
			return nil
		}
		return []signing.Key{k}
	}
	change(&in)
	return signing.Verify(in).OK
}

// sign takes the signature off a request and puts one there that is right for what the request now asks for.
func (s *signer) sign(a *address.Address, r *http.Request) {
	var rest []string
	for _, part := range strings.Split(r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !slices.Contains(signatures, name) {
			rest = append(rest, part)
		}
	}
	r.URL.RawQuery = strings.Join(rest, "&")
	switch s.profile {
	case "azure":
		s.signAzure(a, r)
		return
	case "gcp":
		s.signGoogle(a, r)
		return
	}
	const open = signing.Unsigned
	u := *r.URL
	u.Scheme, u.Host = "https", r.Host
	shadow := &http.Request{Method: r.Method, URL: &u, Host: r.Host, Header: http.Header{"X-Amz-Content-Sha256": {open}}}
	region := a.Region
	if region == "" {
		region = "us-east-1"
	}
	creds := aws.Credentials{AccessKeyID: a.Credentials.ID, SecretAccessKey: a.Credentials.Secret.Reveal()}
	err := v4.NewSigner().SignHTTP(r.Context(), creds, shadow, open, "s3", region, time.Now(), func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		return // unsigned, it is refused
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"} {
		r.Header[name] = shadow.Header[name]
	}
}

// signGoogle spells the path, too, as the signer does.
func (s *signer) signGoogle(a *address.Address, r *http.Request) {
	key, err := signing.ParseRSAKey([]byte(a.Credentials.Secret.Reveal()))
	if err != nil {
		return
	}
	by, err := signing.NewGCSSigner(a.Credentials.ID, key)
	if err != nil {
		return
	}
	header := http.Header{}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Goog-") {
			header[name] = values
		}
	}
	bucket, object, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	out, err := by.Sign(signing.Request{Method: r.Method, Host: r.Host, Bucket: bucket, Key: object, Header: header, Query: r.URL.Query(),
		At: time.Now().Truncate(time.Second), Lifetime: time.Hour})
	if err != nil {
		return
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		return
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
	r.RequestURI = u.RequestURI()
}

// signatures are the parameters that a signature consists of, and what a SAS has a store answer.
var signatures = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
	"X-Goog-Algorithm", "X-Goog-Credential", "X-Goog-Date", "X-Goog-Expires", "X-Goog-SignedHeaders", "X-Goog-Signature",
	"sv", "sr", "st", "se", "sp", "spr", "sig", "rsct"}

func (s *signer) signAzure(a *address.Address, r *http.Request) {
	key, err := signing.NewAzureKey(a.Credentials.Secret.Reveal())
	if err != nil {
		return
	}
	by, err := signing.NewAzureSigner(a.Account, key)
	if err != nil {
		return
	}
	container, blob, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	now := time.Now().UTC().Truncate(time.Second)
	out, err := by.Sign(signing.AzureRequest{Host: r.Host, Container: container, Blob: blob, Permissions: "rcwd", Expiry: now.Add(time.Hour)})
	if err != nil {
		return
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		return
	}
	if r.URL.RawQuery != "" {
		u.RawQuery = r.URL.RawQuery + "&" + u.RawQuery
	}
	r.URL.RawQuery = u.RawQuery
}

// claims reports whether a request has a signature in its query, or had one that was taken away.
func claims(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("X-Amz-Credential") || q.Has("X-Goog-Credential") || q.Has("sv") && q.Has("se")
}

// stranger reports whether a request for a run's object has nothing that says who asks.
func stranger(r *http.Request, methods ...string) bool {
	return r.URL.RawQuery == "" && strings.Contains(r.URL.Path, "bucketproof-run-") && slices.Contains(methods, r.Method)
}

func otherMethod(s *signer, r *http.Request) bool {
	for _, m := range []string{http.MethodGet, http.MethodPut, http.MethodHead, http.MethodDelete} {
		if s.right(r, func(in *signing.Input) { in.Method = m }) {
			return true
		}
	}
	return false
}

func longerKey(s *signer, r *http.Request) bool {
	path := r.URL.EscapedPath()
	for i := len(path) - 1; i > strings.LastIndexByte(path, '/')+1; i-- {
		if s.right(r, func(in *signing.Input) { in.RawPath = path[:i] }) {
			return true
		}
	}
	return false
}

// seenBefore remembers what URLs were accepted with, and accepts them again with something else in its place. Where a
// header is named, that header alone may differ.
func seenBefore(restore func(before, now *signing.Input), header string) func(*signer, *http.Request) bool {
	var mu sync.Mutex
	seen := map[string]signing.Input{}
	return func(s *signer, r *http.Request) bool {
		sig := param(r, "Signature") + r.URL.Query().Get("sig")
		mu.Lock()
		defer mu.Unlock()
		before, known := seen[sig]
		if !known {
			if s.right(r, asItIs) {
				in := signing.Received(r, time.Now())
				in.Header = in.Header.Clone()
				seen[sig] = in
			}
			return false
		}
		for _, name := range []string{"Content-Type", "Content-Md5"} {
			if header != "" && name != header && before.Header.Get(name) != r.Header.Get(name) {
				return false
			}
		}
		return s.right(r, func(in *signing.Input) { restore(&before, in) })
	}
}

// remembered remembers signatures that were right, and accepts one that is like one of them.
func remembered(like func(right, sig string) bool) func(*signer, *http.Request) bool {
	var mu sync.Mutex
	var seen []string
	return func(s *signer, r *http.Request) bool {
		sig := param(r, "Signature") + r.URL.Query().Get("sig")
		mu.Lock()
		defer mu.Unlock()
		if s.right(r, asItIs) {
			seen = append(seen, sig)
			return false
		}
		return sig != "" && slices.ContainsFunc(seen, func(right string) bool { return right != sig && like(right, sig) })
	}
}

// firstOnly leaves of every parameter the first.
func firstOnly(query string) string {
	var out, names []string
	for _, part := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if !slices.Contains(names, name) {
			names, out = append(names, name), append(out, part)
		}
	}
	if len(out) == len(strings.Split(query, "&")) {
		return "" // nothing stands there twice
	}
	return strings.Join(out, "&")
}

// param is a parameter of a V4 URL by its name without the provider's prefix.
func param(r *http.Request, name string) string {
	q := r.URL.Query()
	return q.Get("X-Amz-"+name) + q.Get("X-Goog-"+name)
}

// from is when a URL says that it begins, until when it ends.
func from(r *http.Request) time.Time {
	if start, err := time.Parse(time.RFC3339, r.URL.Query().Get("st")); err == nil {
		return start
	}
	at, err := time.Parse("20060102T150405Z", param(r, "Date"))
	if err != nil {
		return time.Now()
	}
	return at
}

func until(r *http.Request) time.Time {
	if end, err := time.Parse(time.RFC3339, r.URL.Query().Get("se")); err == nil {
		return end
	}
	at, err := time.Parse("20060102T150405Z", param(r, "Date"))
	life, bad := strconv.Atoi(param(r, "Expires"))
	if err != nil || bad != nil {
		return time.Now().Add(time.Hour)
	}
	return at.Add(time.Duration(life) * time.Second)
}

// longKey remembers what URLs were accepted with, and accepts them again where only the end of a long path differs.
func longKey() func(*signer, *http.Request) bool {
	var mu sync.Mutex
	seen := map[string]string{}
	return func(s *signer, r *http.Request) bool {
		sig, path := r.Method+param(r, "Signature")+r.URL.Query().Get("sig"), r.URL.EscapedPath()
		mu.Lock()
		defer mu.Unlock()
		if s.right(r, asItIs) {
			seen[sig] = path
			return false
		}
		before, known := seen[sig]
		return known && len(path) > 1000 && len(before) > 1000 && path[:1000] == before[:1000]
	}
}

// dropped takes a header of the provider off a pre-signed PUT that signed none such, and so has it obeyed.
func dropped(r *http.Request, name string) bool {
	if !object(r, http.MethodPut) {
		return false
	}
	for _, prefix := range []string{"x-amz-", "x-goog-"} {
		name := prefix + strings.ToLower(name)
		if r.Header.Get(name) != "" && !slices.Contains(strings.Split(param(r, "SignedHeaders"), ";"), name) {
			r.Header.Del(name)
			return true
		}
	}
	return false
}

// remembering answers a GET by pre-signed URL as it was answered first, where that was short.
func remembering(_ string, next http.Handler) http.Handler {
	var mu sync.Mutex
	seen := map[string]*answer{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !object(r, http.MethodGet) {
			next.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		a := seen[r.Host+r.RequestURI]
		mu.Unlock()
		if a == nil {
			a = ask(next, r)
		}
		if a.status == http.StatusOK && a.body.Len() < 64 {
			mu.Lock()
			seen[r.Host+r.RequestURI] = a
			mu.Unlock()
		}
		a.send(w, r)
	})
}
