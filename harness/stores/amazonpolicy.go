package stores

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
)

// amazonUser is who the address's access key belongs to in the bucket's policy.
const amazonUser = "arn:aws:iam::111122223333:user/wandb"

// amazonPolicy has the address's user in the bucket policy by an ARN, as Amazon does. versitygw, which keeps and enforces the policy,
// names users by their access keys. A policy that was set with the access key is handed out with it.
type amazonPolicy struct {
	owner *s3Owner
	mu    sync.Mutex
	byKey bool // the policy that is set names the access key
}

// middleware has a hand in ?policy requests; all others go on.
func (p *amazonPolicy) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("policy") || r.Method != http.MethodGet && r.Method != http.MethodPut {
			next.ServeHTTP(w, r)
			return
		}
		body, asked := askGateway(w, r, next)
		if asked == nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		key, arn := []byte(`"`+p.owner.user.id+`"`), []byte(`"`+amazonUser+`"`)
		malformed := asked.status == http.StatusBadRequest && bytes.Contains(asked.body.Bytes(), []byte("<Code>MalformedPolicy</Code>"))
		switch {
		case r.Method == http.MethodGet && asked.status == http.StatusOK && !p.byKey:
			document := bytes.ReplaceAll(asked.body.Bytes(), key, arn)
			asked.body = *bytes.NewBuffer(document)
			asked.header.Set("Content-Length", fmt.Sprint(len(document)))
		case r.Method == http.MethodPut && asked.status/100 == 2:
			p.byKey = true
		case r.Method == http.MethodPut && malformed && bytes.Contains(body, arn): // the gateway knew the caller, and only then read the policy
			a, err := p.owner.do(r.Context(), s3Request{method: http.MethodPut, query: "policy=", body: bytes.ReplaceAll(body, arn, key), as: p.owner.gateway.root})
			if err == nil && a.status/100 == 2 {
				p.byKey = false
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		asked.replay(w)
	})
}
