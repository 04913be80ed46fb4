package stores

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// policyLimit is how long a bucket policy may be, in bytes (S3 user guide, "Bucket policies": 20 KB).
const policyLimit = 20 << 10

// coreWeavePolicy is a bucket's policy in CoreWeave's form, with principals like arn:aws:iam::wandb:static/..., which
// versitygw can't take. The front keeps it and hands it out; who may read or write it the gateway decides, by its own rules
// for the same request. It is not evaluated: versitygw's own policy for the address's access key grants the same.
type coreWeavePolicy struct {
	owner    *s3Owner
	org      string // W&B's organisation, as the policy names it
	mu       sync.Mutex
	document []byte // nil when there is none
}

// newCoreWeavePolicy is the policy of W&B's instructions for CoreWeave (Bring your own bucket, CoreWeave tab, Multi-tenant
// Cloud), with an organisation ID made up for the bucket.
func newCoreWeavePolicy(o *s3Owner) *coreWeavePolicy {
	var org [3]byte
	rand.Read(org[:]) // never fails, by its documentation
	resources := []string{"arn:aws:s3:::" + o.bucket + "/*", "arn:aws:s3:::" + o.bucket}
	return &coreWeavePolicy{owner: o, org: hex.EncodeToString(org[:]), document: mustJSON(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{
			map[string]any{
				"Sid": "AllowWandbUser", "Effect": "Allow", "Action": actions, "Resource": resources,
				"Principal": map[string]string{"CW": "arn:aws:iam::wandb:static/wandb-integration-public"},
				"Condition": map[string]any{"StringLike": map[string]any{"wandb:OrgID": []string{hex.EncodeToString(org[:])}}},
			},
			map[string]any{
				"Sid": "AllowUsersInOrg", "Effect": "Allow", "Action": "s3:*", "Resource": resources,
				"Principal": map[string]string{"CW": "arn:aws:iam::" + hex.EncodeToString(org[:]) + ":*"},
			},
		},
	})}
}

func (p *coreWeavePolicy) get() ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.document, p.document != nil
}

func (p *coreWeavePolicy) set(document []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.document = document
}

// middleware answers ?policy requests for the bucket; all others go on.
func (p *coreWeavePolicy) middleware(next http.Handler) http.Handler {
	own := p.owner.bucket + "." + gatewayDomain
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := r.URL.Query()["policy"]; !ok || r.URL.Path != "/" || hostOf(r) != own || r.Method == http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if body, asked := askGateway(w, r, next); asked != nil {
			p.answer(w, r, body, asked)
		}
	})
}

// answer turns the gateway's answer to a ?policy request into the bucket's.
func (p *coreWeavePolicy) answer(w http.ResponseWriter, r *http.Request, body []byte, gateway *held) {
	allowed := gateway.status/100 == 2
	malformed := gateway.status == http.StatusBadRequest && bytes.Contains(gateway.body.Bytes(), []byte("<Code>MalformedPolicy</Code>"))
	switch {
	case r.Method == http.MethodGet && allowed:
		document, ok := p.get()
		if !ok {
			writeXMLError(w, r, http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	case r.Method == http.MethodPut && (allowed || malformed): // the gateway knew the caller, and only then read the policy
		var any map[string]any
		if json.Unmarshal(body, &any) != nil {
			writeXMLError(w, r, http.StatusBadRequest, "MalformedPolicy", "This policy is not a JSON object.")
			return
		}
		p.settle(w, r, allowed, body)
	case r.Method == http.MethodDelete && allowed:
		p.settle(w, r, true, nil)
	default:
		gateway.replay(w)
	}
}

// settle keeps a new document; where the gateway has taken the request for itself, its own grant is put back.
func (p *coreWeavePolicy) settle(w http.ResponseWriter, r *http.Request, restore bool, document []byte) {
	if restore {
		if err := p.owner.restorePolicy(r.Context()); err != nil {
			writeXMLError(w, r, http.StatusInternalServerError, "InternalError", "The gateway's policy could not be put back.")
			return
		}
	}
	p.set(document)
	w.WriteHeader(http.StatusNoContent)
}

// restorePolicy sets the gateway's policy for the address's access key again.
func (o *s3Owner) restorePolicy(ctx context.Context) error {
	_, err := o.must(ctx, "set the bucket policy", s3Request{
		method: http.MethodPut, query: "policy=", body: policyDocument(o.bucket, o.user.id, o.setup), as: o.gateway.root})
	return err
}

// askGateway sends a ?policy request on, and returns its body and the answer, held back. What is too long is answered here: then
// there is none.
func askGateway(w http.ResponseWriter, r *http.Request, next http.Handler) (body []byte, asked *held) {
	body, err := io.ReadAll(io.LimitReader(r.Body, policyLimit+1))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(body) > policyLimit {
		writeXMLError(w, r, http.StatusBadRequest, "MalformedPolicy", fmt.Sprintf("The policy is longer than %d bytes.", policyLimit))
		return nil, nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked = &held{header: http.Header{}}
	next.ServeHTTP(asked, r)
	return body, asked
}

// held is an answer held back until it is known what to make of it.
type held struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (h *held) Header() http.Header { return h.header }

func (h *held) WriteHeader(status int) {
	if h.status == 0 && status >= 200 {
		h.status = status
	}
}

func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// replay answers with what was held back.
func (h *held) replay(w http.ResponseWriter) {
	for k, v := range h.header {
		w.Header()[k] = v
	}
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes())
}
