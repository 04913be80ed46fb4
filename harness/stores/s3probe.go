package stores

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// probeKey is the one key a probe may write; it is gone again before the probe returns.
const probeKey = "bucketproof-probe"

// s3Prober asks a store that speaks S3 what it enforces, in one bucket.
type s3Prober struct {
	s3Wire
	root, user credentials
}

func (o *s3Owner) prober() *s3Prober { return &s3Prober{o.s3Wire, o.gateway.root, o.user} }

func (o *s3Owner) probe(ctx context.Context) ([]reports.Fidelity, error) {
	list, err := o.prober().probe(ctx)
	if err != nil {
		return nil, err
	}
	more, err := o.gateway.fidelity(ctx)
	return joined(list, more), err
}

// fidelity asks the gateway at length, once, in a bucket of its own.
func (g *gateway) fidelity(ctx context.Context) (_ []reports.Fidelity, err error) {
	g.examining.Lock()
	defer g.examining.Unlock()
	if g.examined != nil {
		return g.examined, nil
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	user, err := g.addUser()
	if err != nil {
		return nil, err
	}
	o := newS3Owner(g, name, user)
	defer func() { err = errors.Join(err, o.remove(context.WithoutCancel(ctx))) }()
	if err := o.create(ctx, Setup{}); err != nil {
		return nil, err
	}
	x := &s3Examined{s3Prober: o.prober(), set: o.set, grant: func(ctx context.Context, s Setup) error {
		return o.set(ctx, "set the bucket policy", "policy=", policyDocument(name, user.id, s))
	}}
	g.examined = x.examine(ctx)
	return g.examined, nil
}

// probe asks the store as the address's user, past the front: a fault in the front must make requirements fail, not make
// them unverifiable. Each refusal has its positive control, the same request unbroken.
func (o *s3Prober) probe(ctx context.Context) ([]reports.Fidelity, error) {
	get := s3Request{method: http.MethodGet, query: "location=", as: o.user}
	control, err := o.must(ctx, "probe "+o.name, get)
	if err != nil {
		return nil, err
	}
	refused := func(what string, q s3Request, how string, statuses ...int) reports.Fidelity {
		a, err := o.do(ctx, q)
		enforced := false
		for _, s := range statuses {
			enforced = enforced || a.status == s
		}
		return seen(what, enforced, err, fmt.Sprintf("%s: %v; unbroken: %v", how, a, control))
	}
	tampered, region, policy := get, get, get
	tampered.change = tamper
	region.query, region.region = "list-type=2&max-keys=1", "eu-west-1" // MinIO answers GetBucketLocation whatever the region
	policy.query = "policy="
	list := []reports.Fidelity{
		refused(reports.FidelitySignatures, tampered, "one digit of the signature changed", 403),
		o.probeIdentity(ctx, get, control),
		refused(reports.FidelityRegion, region, "signed for eu-west-1", 400, 403),
		refused(reports.FidelityPermissions, policy, "GetBucketPolicy, which isn't granted", 403),
		o.probeClock(ctx),
		o.probeCORS(ctx),
	}
	a, err := o.do(ctx, s3Request{method: http.MethodGet, query: "versioning=", as: o.user})
	list = append(list, seen(reports.FidelityVersioning, a.status == 200, err, fmt.Sprintf("GetBucketVersioning: %v", a)))
	a, err = o.do(ctx, s3Request{method: http.MethodGet, query: "encryption=", as: o.user})
	list = append(list, seen(reports.FidelityEncryption, a.status == 200 || a.code == "ServerSideEncryptionConfigurationNotFoundError", err, fmt.Sprintf("GetBucketEncryption: %v", a)))
	return append(list, o.probeMD5(ctx), o.probeMultipart(ctx)), nil
}

// tamper changes the last hexadecimal digit of a signature, in the header or in the query.
func tamper(r *http.Request) {
	flip := func(s string) string {
		last := "0"
		if strings.HasSuffix(s, "0") {
			last = "1"
		}
		return s[:len(s)-1] + last
	}
	if auth := r.Header.Get("Authorization"); auth != "" {
		r.Header.Set("Authorization", flip(auth))
		return
	}
	q := r.URL.Query()
	q.Set("X-Amz-Signature", flip(q.Get("X-Amz-Signature")))
	r.URL.RawQuery = q.Encode()
}

// probeIdentity tries a key nobody has, the right key with another secret, and no signature at all.
func (o *s3Prober) probeIdentity(ctx context.Context, get s3Request, control s3Answer) reports.Fidelity {
	stranger, err := newCredentials()
	if err != nil {
		return seen(reports.FidelityIdentity, false, err, "")
	}
	unknown, wrong, anonymous := get, get, get
	unknown.as = stranger
	wrong.as = credentials{id: o.user.id, secret: stranger.secret}
	anonymous.as = credentials{}
	enforced, observed := true, []string{}
	for _, try := range []struct {
		how string
		q   s3Request
	}{{"unknown access key", unknown}, {"wrong secret", wrong}, {"unsigned", anonymous}} {
		a, err := o.do(ctx, try.q)
		if err != nil {
			return seen(reports.FidelityIdentity, false, err, "")
		}
		enforced = enforced && a.status == http.StatusForbidden
		observed = append(observed, fmt.Sprintf("%s: %v", try.how, a))
	}
	return seen(reports.FidelityIdentity, enforced, nil, fmt.Sprintf("%s; unbroken: %v", strings.Join(observed, ", "), control))
}

// probeClock tries a pre-signed URL whose date is a day and more ahead.
func (o *s3Prober) probeClock(ctx context.Context) reports.Fidelity {
	a, err := o.presigned(ctx, presigned{method: http.MethodGet, query: "location=", at: time.Now().Add(26 * time.Hour)})
	return seen(reports.FidelityClock, a.status == 403, err, fmt.Sprintf("pre-signed 26 hours ahead: %v", a))
}

// probeCORS sends a preflight the bucket's policy allows and one it doesn't.
func (o *s3Prober) probeCORS(ctx context.Context) reports.Fidelity {
	preflight := func(method string) (s3Answer, error) {
		h := http.Header{}
		h.Set("Origin", "https://wandb.ai")
		h.Set("Access-Control-Request-Method", method)
		return o.do(ctx, s3Request{method: http.MethodOptions, key: probeKey, header: h})
	}
	put, err := preflight(http.MethodPut)
	if err != nil {
		return seen(reports.FidelityCORS, false, err, "")
	}
	remove, err := preflight(http.MethodDelete)
	return seen(reports.FidelityCORS, put.status == 200 && put.header.Get("Access-Control-Allow-Origin") != "" && remove.status == 403, err,
		fmt.Sprintf("preflight for PUT, which is allowed: %v; for DELETE, which isn't: %v", put, remove))
}

// probeMD5 sends a body with another body's Content-MD5.
func (o *s3Prober) probeMD5(ctx context.Context) reports.Fidelity {
	const otherMD5 = "1B2M2Y8AsgTpgAmY7PhCfg==" // of nothing
	a, err := o.do(ctx, s3Request{method: http.MethodPut, key: probeKey, body: []byte("x"), as: o.user, header: http.Header{"Content-Md5": {otherMD5}}})
	if err != nil {
		return seen(reports.FidelityContentMD5, false, err, "")
	}
	there, err := o.do(ctx, s3Request{method: http.MethodHead, key: probeKey, as: o.root})
	if err == nil && there.status == http.StatusOK {
		_, err = o.must(ctx, "remove the probe", s3Request{method: http.MethodDelete, key: probeKey,
			query: versionQuery(there.header), as: o.root, header: http.Header{"X-Amz-Bypass-Governance-Retention": {"true"}}})
	}
	return seen(reports.FidelityContentMD5, a.status == 400 && there.status == 404, err,
		fmt.Sprintf("another body's MD5: %v; the object afterwards: %v", a, there))
}

func versionQuery(h http.Header) string {
	if v := h.Get("X-Amz-Version-Id"); v != "" {
		return "versionId=" + url.QueryEscape(v)
	}
	return ""
}

// probeMultipart begins an upload and aborts it.
func (o *s3Prober) probeMultipart(ctx context.Context) reports.Fidelity {
	begun, err := o.do(ctx, s3Request{method: http.MethodPost, key: probeKey, query: "uploads=", as: o.user})
	if err != nil {
		return seen(reports.FidelityMultipart, false, err, "")
	}
	upload := uploadOf(begun)
	if upload == "" {
		return seen(reports.FidelityMultipart, false, nil, fmt.Sprintf("CreateMultipartUpload: %v", begun))
	}
	aborted, err := o.do(ctx, s3Request{method: http.MethodDelete, key: probeKey, query: "uploadId=" + url.QueryEscape(upload), as: o.user})
	return seen(reports.FidelityMultipart, aborted.status/100 == 2, err, fmt.Sprintf("CreateMultipartUpload: %v; AbortMultipartUpload: %v", begun, aborted))
}

// uploadOf is the ID of the upload that an answer began, "" when it began none.
func uploadOf(a s3Answer) string {
	var upload struct{ UploadId string }
	if a.status != http.StatusOK || xml.Unmarshal(a.body, &upload) != nil {
		return ""
	}
	return upload.UploadId
}
