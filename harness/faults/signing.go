package faults

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// signingFaults break what a store does with pre-signed URLs. The store itself can't be made to accept what it refuses, so
// the front signs anew, with the address's own key, what the fault would have it accept, and nothing else: whether a URL
// would be right but for what the fault doesn't look at, the reference's verifier decides.
func signingFaults() []Fault {
	v4 := []string{"aws", "coreweave", "s3-compatible", "gcp"}
	return []Fault{
		{Name: "signature-ignored", Does: "what looks like a pre-signed URL is obeyed, whatever its signature", Profiles: all,
			Breaks: []string{"BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-004", "BYOB-SIGN-005", "BYOB-SIGN-006", "BYOB-SIGN-007", "BYOB-SIGN-009", "BYOB-SIGN-012"},
			Setup:  obeying(func(_ *signer, r *http.Request) bool { return claims(r) })},
		{Name: "method-not-bound", Does: "a pre-signed URL is good for every method (Azure: SAS permissions are ignored)", Profiles: all,
			Breaks: []string{"BYOB-SIGN-002"}, Setup: obeying(otherMethod)},
		{Name: "head-by-get", Does: "a pre-signed URL for GET is good for HEAD too", Profiles: v4, Breaks: []string{"BYOB-SIGN-002"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				return r.Method == http.MethodHead && s.right(r, func(in *signing.Input) { in.Method = http.MethodGet })
			})},
		{Name: "key-bound-by-prefix", Does: "a pre-signed URL is good for every key that begins with its own", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(longerKey)},
		{Name: "key-not-bound", Does: "of a pre-signed URL that was accepted once the key is not looked at again", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.RawPath = before.RawPath }, ""))},
		{Name: "key-bound-by-its-first-kilobyte", Does: "of a key's name the first 1,000 bytes are checked", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(longKey())},
		{Name: "key-folded", Does: "the key that a pre-signed URL is checked for is written in one form of Unicode first", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) {
					if key, err := url.PathUnescape(in.RawPath); err == nil {
						in.RawPath = (&url.URL{Path: norm.NFC.String(key)}).EscapedPath()
					}
				})
			})},
		{Name: "bucket-not-bound", Does: "a pre-signed URL for the bucket bucketproof-elsewhere is good here too", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) {
					a := s.known()
					if name, ok := strings.CutPrefix(in.Host, a.Bucket+"."); ok {
						in.Host = "bucketproof-elsewhere." + name
					} else if rest, ok := strings.CutPrefix(in.RawPath, "/"+a.Bucket+"/"); ok {
						in.RawPath = "/bucketproof-elsewhere/" + rest
					}
				})
			})},
		{Name: "url-answers-from-memory", Does: "what a pre-signed URL has read, if it was less than 64 bytes, it reads again", Profiles: all,
			Breaks: []string{"BYOB-SIGN-003"}, Setup: front(remembering)},
		{Name: "key-decoded-twice", Does: "the key that a pre-signed URL is checked for is decoded once more", Profiles: v4, Breaks: []string{"BYOB-SIGN-003"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) { in.RawPath = strings.ReplaceAll(in.RawPath, "%25", "%") })
			})},
		{Name: "host-not-bound", Does: "a pre-signed URL for the host elsewhere.example is good here too", Profiles: v4,
			Breaks: []string{"BYOB-SIGN-004"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				a := s.known()
				return a != nil && (s.right(r, func(in *signing.Input) { in.Host = "elsewhere.example" }) ||
					s.right(r, func(in *signing.Input) { in.Host = a.Bucket + ".elsewhere.example" }))
			})},
		{Name: "content-type-not-checked", Does: "a signed Content-Type is not compared with the one that is sent", Profiles: v4,
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.Header = before.Header }, "Content-Type"))},
		{Name: "content-md5-not-checked", Does: "a signed Content-MD5 is not compared with the one that is sent", Profiles: v4,
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.Header = before.Header }, "Content-Md5"))},
		{Name: "unsigned-acl-honoured", Does: "an ACL that nobody signed is taken with a pre-signed PUT", Profiles: []string{"aws", "coreweave", "gcp"},
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(func(_ *signer, r *http.Request) bool { return dropped(r, "Acl") })},
		{Name: "unsigned-metadata-honoured", Does: "metadata that nobody signed is taken with a pre-signed PUT", Profiles: v4,
			Breaks: []string{"BYOB-SIGN-005"}, Setup: obeying(func(_ *signer, r *http.Request) bool { return dropped(r, "Meta-Abuse") })},
		{Name: "parameters-not-bound", Does: "of a pre-signed URL that was accepted once only the signature is looked at, and no other parameter", Profiles: all,
			Breaks: []string{"BYOB-SIGN-006", "BYOB-SIGN-009"}, Setup: obeying(seenBefore(func(before, now *signing.Input) { now.RawQuery = before.RawQuery }, ""))},
		{Name: "repeated-parameter-ignored", Does: "of a parameter that stands there twice the first is checked", Profiles: all,
			Breaks: []string{"BYOB-SIGN-006", "BYOB-SIGN-009"}, Setup: obeying(func(s *signer, r *http.Request) bool {
				return s.right(r, func(in *signing.Input) { in.RawQuery = firstOnly(in.RawQuery) })
			})},
		{Name: "signature-in-any-case", Does: "a signature is accepted in upper and lower case", Profiles: all, Breaks: []string{"BYOB-SIGN-006"},
			Setup: obeying(remembered(strings.EqualFold))},
		{Name: "signature-compared-to-its-end", Does: "of a signature that was cut off only what is left is compared", Profiles: all,
			Breaks: []string{"BYOB-SIGN-006"}, Setup: obeying(remembered(func(whole, sig string) bool { return len(whole) > len(sig) && strings.HasPrefix(whole, sig) }))},
		{Name: "expiry-ignored", Does: "a pre-signed URL is good for ever", Profiles: all, Breaks: []string{"BYOB-SIGN-007"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				over := until(r).Add(-time.Second)
				return over.Before(time.Now()) && s.right(r, func(in *signing.Input) { in.Time = over })
			})},
		{Name: "expiry-in-minutes", Does: "the lifetime of a pre-signed URL is taken for minutes", Profiles: v4, Breaks: []string{"BYOB-SIGN-007"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				life, err := strconv.Atoi(param(r, "Expires"))
				over := until(r).Add(-time.Second)
				return err == nil && over.Before(time.Now()) && time.Since(over) < time.Duration(life)*(time.Minute-time.Second) &&
					s.right(r, func(in *signing.Input) { in.Time = over })
			})},
		{Name: "a-day-of-skew", Does: "the store's clock and a URL's may differ by a day", Profiles: all, Breaks: []string{"BYOB-SIGN-007", "BYOB-SIGN-012"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				now := time.Now()
				for _, t := range []time.Time{until(r).Add(-time.Second), from(r).Add(time.Second)} {
					if d := now.Sub(t); d > -24*time.Hour && d < 24*time.Hour && s.right(r, func(in *signing.Input) { in.Time = t }) {
						return true
					}
				}
				return false
			})},
		{Name: "lifetime-unbounded", Does: "a pre-signed URL may live longer than 7 days", Profiles: v4, Breaks: []string{"BYOB-SIGN-007"},
			Setup: obeying(func(_ *signer, r *http.Request) bool {
				life, err := strconv.Atoi(param(r, "Expires"))
				return err == nil && life > int(signing.MaxLifetime/time.Second)
			})},
		{Name: "urls-refused-after-an-hour", Does: "a pre-signed URL is refused an hour after its date, whatever its lifetime", Profiles: v4,
			Breaks: []string{"BYOB-SIGN-007"}, Setup: refusing(func(r *http.Request) bool {
				at, err := time.Parse("20060102T150405Z", param(r, "Date"))
				return err == nil && time.Since(at) > time.Hour
			})},
		{Name: "start-ignored", Does: "a SAS is good before its start", Profiles: []string{"azure"}, Breaks: []string{"BYOB-SIGN-012"},
			Setup: obeying(func(s *signer, r *http.Request) bool {
				start, err := time.Parse(time.RFC3339, r.URL.Query().Get("st"))
				return err == nil && start.After(time.Now()) && s.right(r, func(in *signing.Input) { in.Time = start.Add(time.Second) })
			})},
		{Name: "anyone-may-read", Does: "objects are read without a signature", Profiles: all, Breaks: []string{"BYOB-SIGN-010", "BYOB-PERM-020"},
			Setup: obeying(func(_ *signer, r *http.Request) bool { return stranger(r, http.MethodGet, http.MethodHead) })},
		{Name: "anyone-may-write", Does: "objects are written and removed without a signature", Profiles: all, Breaks: []string{"BYOB-SIGN-010", "BYOB-PERM-020"},
			Setup: obeying(func(_ *signer, r *http.Request) bool { return stranger(r, http.MethodPut, http.MethodDelete) })},
		{Name: "no-delete-by-url", Does: "a DELETE by pre-signed URL is refused", Profiles: all, Breaks: []string{"BYOB-SIGN-001"},
			Setup: refusing(func(r *http.Request) bool { return object(r, http.MethodDelete) })},
		{Name: "sdk-parameter-refused", Does: "a pre-signed URL with x-amz-checksum-mode is refused", Profiles: s3family, Breaks: []string{"BYOB-SIGN-011"},
			Setup: refusing(func(r *http.Request) bool { return r.URL.Query().Has("x-amz-checksum-mode") && presigned(r) })},
	}
}
