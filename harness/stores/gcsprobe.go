package stores

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

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
	o.handler.ServeHTTP(w, r)
	return w, nil
}

// probe asks the bare front. A refusal would be 401 or 403: an object that isn't there, asked for with a signature that
// can't be right, tells without anything being written.
func (o *gcsOwner) probe(ctx context.Context) ([]reports.Fidelity, error) {
	const key = "/" + probeKey
	object, resource := "/"+o.bucket+key, "/storage/v1/b/"+o.bucket
	signed := func(date string) string {
		return object + "?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=nobody%2F20240101%2Fauto%2Fstorage%2Fgoog4_request" +
			"&X-Goog-Date=" + date + "&X-Goog-Expires=1&X-Goog-SignedHeaders=host&X-Goog-Signature=00"
	}
	bearer := http.Header{"Authorization": {"Bearer nobody"}}
	var list []reports.Fidelity
	for _, p := range []struct {
		what, how, method, target, body string
		header                          http.Header
		enforced                        func(status int) bool
	}{
		{reports.FidelitySignatures, "GET with a made-up V4 signature, expired in 2024", http.MethodGet, signed("20240101T000000Z"), "", nil, refusedBy},
		{reports.FidelityIdentity, "GET of the bucket's resource with a made-up token", http.MethodGet, resource, "", bearer, refusedBy},
		{reports.FidelityPermissions, "GET of the bucket's IAM policy by nobody", http.MethodGet, resource + "/iam", "", nil, refusedBy},
		{reports.FidelityClock, "GET with a V4 signature of the year 2100", http.MethodGet, signed("21000101T000000Z"), "", nil, refusedBy},
		{reports.FidelityVersioning, "GET of the bucket's resource", http.MethodGet, resource, "", nil, func(s int) bool { return s == http.StatusOK }},
		{reports.FidelityMultipart, "POST ?uploads", http.MethodPost, object + "?uploads", "", nil, func(s int) bool { return s == http.StatusOK }},
	} {
		a, err := o.ask(ctx, p.method, p.target, p.body, p.header)
		if err != nil {
			return nil, err
		}
		list = append(list, seen(p.what, p.enforced(a.status), nil, fmt.Sprintf("%s: %d", p.how, a.status)))
	}
	md5, err := o.probeMD5(ctx, object)
	if err != nil {
		return nil, err
	}
	cors, err := o.ask(ctx, http.MethodOptions, object, "", http.Header{"Origin": {"https://wandb.ai"}, "Access-Control-Request-Method": {"PUT"}})
	if err != nil {
		return nil, err
	}
	return append(list, md5,
		seen(reports.FidelityCORS, cors.header.Get("Access-Control-Allow-Origin") != "", nil,
			fmt.Sprintf("preflight the policy allows: %d, Access-Control-Allow-Origin %q", cors.status, cors.header.Get("Access-Control-Allow-Origin"))),
		reports.Fidelity{What: reports.FidelityRegion, Enforced: "unknown", Seen: "no signature is checked, so neither is a region in one"},
	), nil
}

func refusedBy(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// probeMD5 sends a body with another body's Content-MD5, and takes it away again if it was stored.
func (o *gcsOwner) probeMD5(ctx context.Context, object string) (reports.Fidelity, error) {
	put, err := o.ask(ctx, http.MethodPut, object, "x", http.Header{"Content-Md5": {"1B2M2Y8AsgTpgAmY7PhCfg=="}})
	if err != nil {
		return reports.Fidelity{}, err
	}
	obj, missing := o.server.GetObject(o.bucket, probeKey)
	if missing == nil {
		if err := o.server.Backend().DeleteObjectWithGeneration(o.bucket, probeKey, obj.Generation); err != nil {
			return reports.Fidelity{}, fmt.Errorf("remove the probe: %w", err)
		}
	}
	return seen(reports.FidelityContentMD5, put.status == http.StatusBadRequest && missing != nil, nil,
		fmt.Sprintf("PUT with another body's MD5: %d; stored: %t", put.status, missing == nil)), nil
}
