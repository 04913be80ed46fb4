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

// signingFaults break what a store does with pre-signed URLs. The store itself can't be made to accept what it refuses, so
// the front signs anew, with the address's own key, what the fault would have it accept, and nothing else: whether a URL
// would be right but for what the fault doesn't look at, the reference's verifier decides.
func signingFaults() []Fault {
	withAzure := []string{"aws", "coreweave", "s3-compatible", "azure"}
	return []Fault{
		{Name: "signature-ignored", Does: "what looks like a pre-signed URL is obeyed, whatever its signature", Profiles: withAzure,
			Breaks: []string{"BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-004", "BYOB-SIGN-005", "BYOB-SIGN-006", "BYOB-SIGN-007", "BYOB-SIGN-009", "BYOB-SIGN-012"},
			Setup:  obeying(func(_ *signer, r *http.Request) bool { return claims(r) })},
		{Name: "method-not-bound", Does: "a pre-signed URL is good for every method (Azure: SAS permissions are ignored)", Profiles: withAzure,
			Breaks: []string{"BYOB-SIGN-002"}, Setup: obeying(otherMethod)},
		{Name: "head-by-get", Does: "a pre-signed URL for GET is good for HEAD too", Profiles: s3family, Breaks: []string{"BYOB-SIGN-002"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				return r.Method == http.MethodHead && s.right(r, func(in *signing.Input) { in.Method = http.MethodGet })
			})},
		{Name: "key-bound-by-prefix", Does: "a pre-signed URL is good for every key that begins with its own", Profiles: withAzure,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(longerKey)},
		{Name: "key-decoded-twice", Does: "the key that a pre-signed URL is checked for is decoded once more", Profiles: s3family, Breaks: []string{"BYOB-SIGN-003"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%25", "%") })
			})},
		{Name: "host-not-bound", Does: "a pre-signed URL for the host elsewhere.example is good here too", Profiles: s3family,
			Breaks: []string{"BYOB-SIGN-004"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				a := s.known()
				return a != nil && (s.right(r, func(in *signing.Input) { in.Host = "elsewhere.example" }) ||
					s.right(r, func(in *signing.Input) { in.Host = a.Bucket + ".elsewhere.example" }))
			})},
		{Name: "content-type-not-checked", Does: "a signed Content-Type is not compared with the one that is sent", Profiles: s3family,
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.Header = before.Header }, "Content-Type"))},
		{Name: "content-md5-not-checked", Does: "a signed Content-MD5 is not compared with the one that is sent", Profiles: s3family,
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.Header = before.Header }, "Content-Md5"))},
		{Name: "parameters-not-bound", Does: "of a pre-signed URL that was accepted once only the signature is looked at, and no other parameter", Profiles: withAzure,
			Breaks: []string{"BYOB-SIGN-006", "BYOB-SIGN-009"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.RawQuery = before.RawQuery }, ""))},
		{Name: "repeated-parameter-ignored", Does: "of a parameter that stands there twice the first is checked", Profiles: s3family,
			Breaks: []string{"BYOB-SIGN-006", "BYOB-SIGN-009"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) { in.RawQuery = firstOnly(in.RawQuery) })
			})},
		{Name: "signature-in-any-case", Does: "a signature is accepted in upper case", Profiles: s3family, Breaks: []string{"BYOB-SIGN-006"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				sig := r.URL.Query().Get("X-Amz-Signature")
				return s.right(r, func(in *signing.Input) { in.RawQuery = strings.Replace(in.RawQuery, sig, strings.ToLower(sig), 1) })
			})},
		{Name: "signature-compared-to-its-end", Does: "of a signature that was cut off only what is left is compared", Profiles: withAzure,
			Breaks: []string{"BYOB-SIGN-006"}, Setup: obeying(cutSignature())},
		{Name: "expiry-ignored", Does: "a pre-signed URL is good for ever", Profiles: withAzure, Breaks: []string{"BYOB-SIGN-007"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				over := until(r).Add(-time.Second)
				return over.Before(time.Now()) && s.right(r, func(in *signing.Input) { in.Time = over })
			})},
		{Name: "lifetime-unbounded", Does: "a pre-signed URL may live longer than 7 days", Profiles: s3family, Breaks: []string{"BYOB-SIGN-007"},
			Setup: obeying(func(_ *signer, r *http.Request) bool {
				life, err := strconv.Atoi(r.URL.Query().Get("X-Amz-Expires"))
				return err == nil && life > int(signing.MaxLifetime/time.Second)
			})},
		{Name: "urls-refused-after-an-hour", Does: "a pre-signed URL is refused an hour after its date, whatever its lifetime", Profiles: s3family,
			Breaks: []string{"BYOB-SIGN-007"}, Setup: refusing(func(r *http.Request) bool {
				at, err := time.Parse("20060102T150405Z", r.URL.Query().Get("X-Amz-Date"))
				return err == nil && time.Since(at) > time.Hour
			})},
		{Name: "start-ignored", Does: "a SAS is good before its start", Profiles: []string{"azure"}, Breaks: []string{"BYOB-SIGN-012"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				start, err := time.Parse(time.RFC3339, r.URL.Query().Get("st"))
				return err == nil && start.After(time.Now()) && s.right(r, func(in *signing.Input) { in.Time = start.Add(time.Second) })
			})},
		{Name: "anyone-may-read", Does: "objects are read without a signature", Profiles: withAzure, Breaks: []string{"BYOB-SIGN-010"},
			Setup: obeying(func(_ *signer, r *http.Request) bool { return stranger(r, http.MethodGet, http.MethodHead) })},
		{Name: "anyone-may-write", Does: "objects are written and removed without a signature", Profiles: withAzure, Breaks: []string{"BYOB-SIGN-010"},
			Setup: obeying(func(_ *signer, r *http.Request) bool { return stranger(r, http.MethodPut, http.MethodDelete) })},
		{Name: "no-delete-by-url", Does: "a DELETE by pre-signed URL is refused", Profiles: all, Breaks: []string{"BYOB-SIGN-001"},
			Setup: refusing(func(r *http.Request) bool { return object(r, http.MethodDelete) })},
		{Name: "sdk-parameter-refused", Does: "a pre-signed URL with x-amz-checksum-mode is refused", Profiles: s3family, Breaks: []string{"BYOB-SIGN-011"},
			Setup: refusing(func(r *http.Request) bool { return r.URL.Query().Has("x-amz-checksum-mode") && presigned(r) })},
	}
}

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
		if s.profile != "azure" {
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
	if s.profile == "azure" {
		s.signAzure(a, r)
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

// signatures are the parameters that a signature consists of, and what a SAS has a store answer.
var signatures = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
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
	return q.Has("X-Amz-Credential") || q.Has("sv") && q.Has("se")
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
		q := r.URL.Query()
		sig := q.Get("X-Amz-Signature") + q.Get("sig")
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

// cutSignature remembers signatures that were right, and accepts the beginning of one.
func cutSignature() func(*signer, *http.Request) bool {
	var mu sync.Mutex
	var seen []string
	return func(s *signer, r *http.Request) bool {
		q := r.URL.Query()
		sig := q.Get("X-Amz-Signature") + q.Get("sig")
		mu.Lock()
		defer mu.Unlock()
		if s.right(r, asItIs) {
			seen = append(seen, sig)
			return false
		}
		return sig != "" && slices.ContainsFunc(seen, func(whole string) bool { return len(whole) > len(sig) && strings.HasPrefix(whole, sig) })
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

// until is when a URL says that it ends.
func until(r *http.Request) time.Time {
	q := r.URL.Query()
	if end, err := time.Parse(time.RFC3339, q.Get("se")); err == nil {
		return end
	}
	at, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
	life, bad := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || bad != nil {
		return time.Now().Add(time.Hour)
	}
	return at.Add(time.Duration(life) * time.Second)
}
