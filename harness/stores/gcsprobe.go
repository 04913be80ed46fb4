package stores

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/reports"
)

// ask sends a request to the front as it is without its hooks.
func (o *gcsOwner) ask(ctx context.Context, method, target, body string, header http.Header) (*held, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+gcsHost+target, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("ask the front: %w", withoutURL(err))
	}
	for k, v := range header {
		r.Header[k] = v
	}
	w := &held{header: http.Header{}}
	o.front.ServeHTTP(w, r)
	return w, nil
}

// signed asks with a V4 URL of the store's owner for the probe's key, begun at a time; change may spoil it. header is signed and sent.
func (o *gcsOwner) signed(ctx context.Context, method string, at time.Time, q url.Values, body string, header http.Header, change func(target string) string) (*held, error) {
	target, err := o.mint(method, at, q, header)
	if err != nil {
		return nil, err
	}
	if change != nil {
		target = change(target)
	}
	return o.ask(ctx, method, target, body, header)
}

// mint signs a URL, without its host.
func (o *gcsOwner) mint(method string, at time.Time, q url.Values, header http.Header) (string, error) {
	private, err := signing.ParseRSAKey([]byte(o.warden.pem))
	if err != nil {
		return "", fmt.Errorf("sign for the front: %w", err)
	}
	signer, err := signing.NewGCSSigner(o.warden.email, private)
	if err != nil {
		return "", fmt.Errorf("sign for the front: %w", err)
	}
	minted, err := signer.Sign(signing.Request{Method: method, Host: gcsHost, Bucket: o.bucket, Key: probeKey, Query: q, Header: header,
		At: at.Truncate(time.Second), Lifetime: probeLife})
	if err != nil {
		return "", fmt.Errorf("sign for the front: %w", err)
	}
	return strings.TrimPrefix(minted.URL, "https://"+gcsHost), nil
}

// probeLife is how long the probe's own URLs live.
const probeLife = time.Minute

// probe asks the bare front. Each refusal stands beside the same request unspoilt; an object that isn't there tells without
// anything being written.
func (o *gcsOwner) probe(ctx context.Context) ([]reports.Fidelity, error) {
	var list []reports.Fidelity
	for _, p := range []func(context.Context) (reports.Fidelity, error){
		o.probeSignatures, o.probeIdentity, o.probePermissions, o.probeClock, o.probeVersioning, o.probeMultipart, o.probeMD5, o.probeCORS,
		o.probeSoftDelete, o.probeEncryption, o.probeLifecycle,
	} {
		f, err := p(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	urls, err := o.probeURLs(ctx)
	if err != nil {
		return nil, err
	}
	list = append(list, urls...)
	return append(list, reports.Fidelity{What: reports.FidelityRegion, Enforced: "unknown",
		Seen: "not tried: Google documents no check of the location in a credential scope"}), nil
}

func (o *gcsOwner) probeSignatures(ctx context.Context) (reports.Fidelity, error) {
	get := func(at time.Time, change func(string) string) (*held, error) {
		return o.signed(ctx, http.MethodGet, at, nil, "", nil, change)
	}
	now := time.Now()
	control, err := get(now, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	tampered, err := get(now, func(s string) string { // its last digit
		if strings.HasSuffix(s, "0") {
			return s[:len(s)-1] + "1"
		}
		return s[:len(s)-1] + "0"
	})
	if err != nil {
		return reports.Fidelity{}, err
	}
	expired, err := get(now.Add(-2*probeLife), nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	return seen(reports.FidelitySignatures,
		control.status == http.StatusNotFound && tampered.status == http.StatusForbidden && expired.status == http.StatusBadRequest, nil,
		fmt.Sprintf("GET by a V4 URL with its signature tampered with: %d; expired: %d; unbroken, of an object that isn't there: %d", tampered.status, expired.status, control.status)), nil
}

// bearer is the owner's own token, made without asking for one.
func (o *gcsOwner) bearer() (http.Header, error) {
	now := time.Now()
	token, err := o.warden.assertion(jwtClaims{Issuer: o.warden.email, Subject: o.warden.email, Scope: "https://www.googleapis.com/auth/devstorage.full_control",
		Issued: now.Unix(), Expires: now.Add(probeLife).Unix()})
	return http.Header{"Authorization": {"Bearer " + token}}, err
}

// probeIdentity tries both APIs with nothing, with a token that isn't one, and with an account's.
func (o *gcsOwner) probeIdentity(ctx context.Context) (reports.Fidelity, error) {
	account, err := o.bearer()
	if err != nil {
		return reports.Fidelity{}, err
	}
	resource, object := "/storage/v1/b/"+o.bucket, "/"+o.bucket+"/"+probeKey
	enforced, observed := true, []string{}
	for _, try := range []struct {
		how, target string
		header      http.Header
		want        int
	}{
		{"JSON API, no credentials", resource, nil, http.StatusUnauthorized},
		{"JSON API, a made-up token", resource, http.Header{"Authorization": {"Bearer nobody"}}, http.StatusUnauthorized},
		{"JSON API, an account's token", resource, account, http.StatusOK},
		{"XML API, no credentials", object, nil, http.StatusForbidden},
		{"XML API, a made-up token", object, http.Header{"Authorization": {"Bearer nobody"}}, http.StatusUnauthorized},
		{"XML API, an account's token", object, account, http.StatusNotFound},
	} {
		a, err := o.ask(ctx, http.MethodGet, try.target, "", try.header)
		if err != nil {
			return reports.Fidelity{}, err
		}
		enforced = enforced && a.status == try.want
		observed = append(observed, fmt.Sprintf("%s: %d", try.how, a.status))
	}
	return seen(reports.FidelityIdentity, enforced, nil, strings.Join(observed, ", ")), nil
}

func (o *gcsOwner) probeClock(ctx context.Context) (reports.Fidelity, error) {
	a, err := o.signed(ctx, http.MethodGet, time.Now().Add(26*time.Hour), nil, "", nil, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	return seen(reports.FidelityClock, a.status == http.StatusForbidden, nil, fmt.Sprintf("V4 URL dated 26 hours ahead: %d", a.status)), nil
}

// probeMultipart begins an upload and aborts it.
func (o *gcsOwner) probeMultipart(ctx context.Context) (reports.Fidelity, error) {
	begun, err := o.signed(ctx, http.MethodPost, time.Now(), url.Values{"uploads": {""}}, "", nil, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	var upload struct{ UploadId string }
	if begun.status != http.StatusOK || xml.Unmarshal(begun.body.Bytes(), &upload) != nil {
		return seen(reports.FidelityMultipart, false, nil, fmt.Sprintf("POST ?uploads: %d", begun.status)), nil
	}
	aborted, err := o.signed(ctx, http.MethodDelete, time.Now(), url.Values{"uploadId": {upload.UploadId}}, "", nil, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	return seen(reports.FidelityMultipart, aborted.status/100 == 2, nil, fmt.Sprintf("POST ?uploads: %d; DELETE ?uploadId: %d", begun.status, aborted.status)), nil
}

// probeCORS sends a preflight the bucket's policy allows and one it doesn't.
func (o *gcsOwner) probeCORS(ctx context.Context) (reports.Fidelity, error) {
	allowed := map[string]string{}
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		a, err := o.ask(ctx, http.MethodOptions, "/"+o.bucket+"/"+probeKey, "", http.Header{"Origin": {"https://wandb.ai"}, "Access-Control-Request-Method": {method}})
		if err != nil {
			return reports.Fidelity{}, err
		}
		allowed[method] = a.header.Get("Access-Control-Allow-Origin")
	}
	return seen(reports.FidelityCORS, allowed[http.MethodPut] != "" && allowed[http.MethodDelete] == "", nil,
		fmt.Sprintf("Access-Control-Allow-Origin for PUT, which is allowed: %q; for DELETE, which isn't: %q", allowed[http.MethodPut], allowed[http.MethodDelete])), nil
}

// probeMD5 sends a body with another body's Content-MD5, and takes it away again if it was stored.
func (o *gcsOwner) probeMD5(ctx context.Context) (reports.Fidelity, error) {
	put, err := o.signed(ctx, http.MethodPut, time.Now(), nil, "x", http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}}, nil)
	if err != nil {
		return reports.Fidelity{}, err
	}
	_, stored := o.storage.look(probeKey, 0)
	return seen(reports.FidelityContentMD5, put.status == http.StatusBadRequest && !stored, nil,
		fmt.Sprintf("PUT with another body's MD5: %d; stored: %t", put.status, stored)), o.clear()
}
