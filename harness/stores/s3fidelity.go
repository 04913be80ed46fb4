package stores

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// s3Examined is a bucket of a store's own, in which it is asked at length, once. Rights are granted and documents set in it as
// nobody may in a bucket that is in use.
type s3Examined struct {
	*s3Prober
	grant  func(ctx context.Context, s Setup) error // gives the user the setup's rights, in the place of those he had
	set    func(ctx context.Context, what, query string, body []byte) error
	kmsKey string // a KMS key it has; "" for none
}

// attempted is one wrong request.
type attempted struct {
	how     string
	request presigned
}

// examine asks everything that takes more than a bucket in use allows. Where something that has to work doesn't, that is unknown,
// not an error: the store is as it is.
func (o *s3Examined) examine(ctx context.Context) []reports.Fidelity {
	const key, text = probeKey, "bucketproof"
	if _, err := o.must(ctx, "store the probe", s3Request{method: http.MethodPut, key: key, body: []byte(text), as: o.root}); err != nil {
		return []reports.Fidelity{{What: reports.FidelityExpiry, Enforced: "unknown", Seen: err.Error()}}
	}
	get := presigned{method: http.MethodGet, key: key}
	typed := presigned{method: http.MethodPut, key: key + "-2", body: []byte(text), header: http.Header{"Content-Type": {"text/plain"}}}
	late, old, wide := get, get, get
	late.at, late.lifetime = time.Now().Add(-2*time.Minute), time.Minute
	old.at, old.lifetime = time.Now().Add(-49*time.Hour), 24*time.Hour
	wide.lifetime = 604801 * time.Second
	changed := func(p presigned, change func(*http.Request)) presigned {
		p.change = change
		return p
	}
	as := func(method string) presigned { return changed(get, func(r *http.Request) { r.Method = method }) }
	list := []reports.Fidelity{
		o.refused(ctx, reports.FidelityExpiry, get, attempted{"a URL that lived a minute, two minutes later", late}, attempted{"one that lived a day, two days later", old}),
		o.refused(ctx, reports.FidelityLifetime, get, attempted{"a URL for more than seven days", wide}),
		o.refused(ctx, reports.FidelityMethod, get, attempted{"a URL to GET used to HEAD", as(http.MethodHead)}, attempted{"to PUT", as(http.MethodPut)}, attempted{"to DELETE", as(http.MethodDelete)}),
		o.refused(ctx, reports.FidelityObject, get, attempted{"a URL used for another key", changed(get, func(r *http.Request) { r.URL.Path += "-2" })}),
		o.refused(ctx, reports.FidelityHost, get, attempted{"a URL used at another host name", changed(get, func(r *http.Request) { r.Host = "other.example" })}),
		o.refused(ctx, reports.FidelityQuery, get, attempted{"a parameter added to a URL", changed(get, func(r *http.Request) { r.URL.RawQuery += "&response-content-type=text%2Fhtml" })},
			attempted{"a later expiry written in", changed(get, func(r *http.Request) {
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "X-Amz-Expires=60", "X-Amz-Expires=600", 1)
			})}),
		o.refused(ctx, reports.FidelityRepeated, get, attempted{"the lifetime said twice", changed(get, func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Expires=604800" })}),
		o.refused(ctx, reports.FidelityHeaders, typed, attempted{"another Content-Type than was signed", changed(typed, func(r *http.Request) { r.Header.Set("Content-Type", "text/html") })},
			attempted{"none", changed(typed, func(r *http.Request) { r.Header.Del("Content-Type") })}),
		o.refused(ctx, reports.FidelityUnsigned, typed, attempted{"x-amz-acl added, unsigned", changed(typed, func(r *http.Request) { r.Header.Set("X-Amz-Acl", "private") })}),
		o.skewed(ctx), o.hashed(ctx), o.checksummed(ctx),
	}
	list = append(list, o.rights(ctx)...)
	return append(list, o.encrypted(ctx), o.defaultKey(ctx), o.lifecycle(ctx), o.versioned(ctx))
}

// refused tries wrong requests beside the right one.
func (o *s3Examined) refused(ctx context.Context, what string, right presigned, wrong ...attempted) reports.Fidelity {
	control, err := o.presigned(ctx, right)
	if err == nil && control.status/100 != 2 {
		err = fmt.Errorf("the request unbroken: %v", control)
	}
	enforced, words := true, []string{}
	for _, w := range wrong {
		a, werr := o.presigned(ctx, w.request)
		err = errors.Join(err, werr)
		enforced = enforced && (a.status == http.StatusForbidden || a.status == http.StatusBadRequest)
		words = append(words, fmt.Sprintf("%s: %v", w.how, a))
	}
	return seen(what, enforced, err, fmt.Sprintf("%s; unbroken: %v", strings.Join(words, ", "), control))
}

// skewed signs by header with a clock that is 20 minutes off.
func (o *s3Examined) skewed(ctx context.Context) reports.Fidelity {
	get := s3Request{method: http.MethodGet, key: probeKey, as: o.user}
	control, err := o.do(ctx, get)
	enforced, words := control.status == http.StatusOK, []string{}
	for _, off := range []time.Duration{-20 * time.Minute, 20 * time.Minute} {
		get.skew = off
		a, serr := o.do(ctx, get)
		err = errors.Join(err, serr)
		enforced = enforced && a.status == http.StatusForbidden
		words = append(words, fmt.Sprintf("signed by a clock %v off: %v", off, a))
	}
	return seen(reports.FidelityAge, enforced, err, fmt.Sprintf("%s; unbroken: %v", strings.Join(words, ", "), control))
}

// hashed sends another body than the one whose hash was signed.
func (o *s3Examined) hashed(ctx context.Context) reports.Fidelity {
	put := s3Request{method: http.MethodPut, key: probeKey + "-3", body: []byte("x"), as: o.user}
	control, err := o.do(ctx, put)
	put.change = func(r *http.Request) { setBody(r, "y") }
	a, perr := o.do(ctx, put)
	return seen(reports.FidelityBodyHash, control.status == http.StatusOK && a.status == http.StatusBadRequest, errors.Join(err, perr),
		fmt.Sprintf("another body than was signed: %v; unbroken: %v", a, control))
}

// checksummed sends another body than x-amz-checksum-sha256, signed, says.
func (o *s3Examined) checksummed(ctx context.Context) reports.Fidelity {
	const ofX = "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=" // SHA-256 of "x"
	put := presigned{method: http.MethodPut, key: probeKey + "-4", body: []byte("x"), header: http.Header{"X-Amz-Checksum-Sha256": {ofX}}}
	control, err := o.presigned(ctx, put)
	put.body = []byte("y")
	a, perr := o.presigned(ctx, put)
	return seen(reports.FidelityChecksum, control.status == http.StatusOK && a.status == http.StatusBadRequest, errors.Join(err, perr),
		fmt.Sprintf("another body than the signed checksum's: %v; unbroken: %v", a, control))
}

// needs are a request that needs each of the eleven actions.
var needs = map[string]s3Request{
	"s3:GetObject*":                 {method: http.MethodGet, key: probeKey},
	"s3:GetEncryptionConfiguration": {method: http.MethodGet, query: "encryption="},
	"s3:ListBucket":                 {method: http.MethodGet, query: "list-type=2"},
	"s3:ListBucketMultipartUploads": {method: http.MethodGet, query: "uploads="},
	"s3:ListBucketVersions":         {method: http.MethodGet, query: "versions="},
	"s3:DeleteObject":               {method: http.MethodDelete, key: probeKey + "-none"},
	"s3:PutObject":                  {method: http.MethodPut, key: probeKey + "-5", body: []byte("x")},
	"s3:GetBucketCORS":              {method: http.MethodGet, query: "cors="},
	"s3:GetBucketLocation":          {method: http.MethodGet, query: "location="},
	"s3:GetBucketVersioning":        {method: http.MethodGet, query: "versioning="},
}

// rights takes each of the eleven actions away in turn, and tries what needs it, beside the same request with all of them. What
// the store answers NotImplemented either way tells nothing.
func (o *s3Examined) rights(ctx context.Context) []reports.Fidelity {
	out := make([]reports.Fidelity, len(actions))
	try := func(action string) (s3Answer, error) {
		q, ok := needs[action]
		if action == "s3:AbortMultipartUpload" {
			begun, err := o.must(ctx, "begin an upload", s3Request{method: http.MethodPost, key: probeKey, query: "uploads=", as: o.root})
			if err != nil {
				return begun, err
			}
			q, ok = s3Request{method: http.MethodDelete, key: probeKey, query: "uploadId=" + url.QueryEscape(uploadOf(begun))}, true
		}
		if !ok {
			return s3Answer{}, errors.New("no request needs it")
		}
		q.as = o.user
		return o.do(ctx, q)
	}
	for i, action := range actions {
		with, err := try(action)
		err = errors.Join(err, o.grant(ctx, Setup{Without: []string{action}}))
		without, werr := try(action)
		out[i] = seen(action, with.status != http.StatusForbidden && with.status != http.StatusNotImplemented && without.status == http.StatusForbidden,
			errors.Join(err, werr, o.grant(ctx, Setup{})), fmt.Sprintf("without it: %v; with it: %v", without, with))
		if with.status == http.StatusNotImplemented {
			out[i].Enforced = "unknown"
		}
	}
	return out
}

// encrypted asks for encryption with a key that isn't there: a store that honours the header refuses.
func (o *s3Examined) encrypted(ctx context.Context) reports.Fidelity {
	put := s3Request{method: http.MethodPut, key: probeKey + "-6", body: []byte("x"), as: o.user,
		header: http.Header{"X-Amz-Server-Side-Encryption": {"aws:kms"}, "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": {"bucketproof-no-such-key"}}}
	a, err := o.do(ctx, put)
	return seen(reports.FidelitySSE, a.status >= 400, err, fmt.Sprintf("PUT with a KMS key that there isn't: %v; encryption named in the answer: %q", a, a.header.Get("X-Amz-Server-Side-Encryption")))
}

// defaultKey sets a default encryption and looks whether an object that says nothing has it.
func (o *s3Examined) defaultKey(ctx context.Context) reports.Fidelity {
	const what = reports.FidelityDefaultKey
	if o.kmsKey == "" {
		err := o.set(ctx, "set the default encryption", "encryption=", defaultEncryption("bucketproof"))
		return seen(what, false, nil, fmt.Sprintf("it has no KMS key of ours; PutBucketEncryption: %s", answered(err)))
	}
	if err := o.set(ctx, "set the default encryption", "encryption=", defaultEncryption(o.kmsKey)); err != nil {
		return seen(what, false, nil, err.Error())
	}
	put, err := o.do(ctx, s3Request{method: http.MethodPut, key: probeKey + "-7", body: []byte("x"), as: o.user})
	head, herr := o.do(ctx, s3Request{method: http.MethodHead, key: probeKey + "-7", as: o.user})
	by, key := head.header.Get("X-Amz-Server-Side-Encryption"), head.header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
	return seen(what, put.status == http.StatusOK && by == "aws:kms" && strings.HasSuffix(o.kmsKey, strings.TrimPrefix(key, "arn:aws:kms:")), errors.Join(err, herr),
		fmt.Sprintf("an object that says nothing, under a default of %s: PUT %v, then %q by %q", o.kmsKey, put, by, key))
}

func answered(err error) string {
	if err != nil {
		return err.Error()
	}
	return "taken"
}

// lifecycle sets a rule that expires objects, and reads it back.
func (o *s3Examined) lifecycle(ctx context.Context) reports.Fidelity {
	err := o.set(ctx, "set a lifecycle rule", "lifecycle=", []byte(`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>probe</ID>`+
		`<Filter><Prefix>none/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`))
	if err != nil {
		return seen(reports.FidelityLifecycle, false, nil, err.Error())
	}
	a, err := o.do(ctx, s3Request{method: http.MethodGet, query: "lifecycle=", as: o.root})
	return seen(reports.FidelityLifecycle, a.status == http.StatusOK && strings.Contains(string(a.body), "<Days>30</Days>"), err, fmt.Sprintf("a rule was set; GetBucketLifecycleConfiguration: %v", a))
}

// versioned turns versioning on, overwrites an object, and reads the old version. It comes last.
func (o *s3Examined) versioned(ctx context.Context) reports.Fidelity {
	const what = reports.FidelityVersions
	if err := o.set(ctx, "turn versioning on", "versioning=", []byte(versioningOn)); err != nil {
		return seen(what, false, nil, err.Error())
	}
	first, err := o.do(ctx, s3Request{method: http.MethodPut, key: probeKey + "-8", body: []byte("one"), as: o.user})
	second, serr := o.do(ctx, s3Request{method: http.MethodPut, key: probeKey + "-8", body: []byte("two"), as: o.user})
	version := versionQuery(first.header)
	if version == "" || first.status != http.StatusOK || second.status != http.StatusOK {
		return seen(what, false, errors.Join(err, serr), fmt.Sprintf("no version was named: %v, %v", first, second))
	}
	old, err := o.do(ctx, s3Request{method: http.MethodGet, key: probeKey + "-8", query: version, as: o.user})
	return seen(what, old.status == http.StatusOK && string(old.body) == "one", err, fmt.Sprintf("the first version after a second: %v, %q", old, old.body))
}
