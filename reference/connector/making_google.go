package connector

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// softDeleteSeconds is how long Google keeps removed objects by W&B's instructions of 2026-08: seven days.
const softDeleteSeconds = 604800

// makeGoogle does a step by the JSON API: IAM policies are set by it alone.
func (c *Connector) makeGoogle(ctx context.Context, b *bucket, m *making, step Step) error {
	at := "/storage/v1/b/" + url.PathEscape(b.Address.Bucket)
	ask := func(doing, method, path string, body any, also ...int) (*answer, error) {
		return c.askGoogle(ctx, b, m, doing, method, path, body, also...)
	}
	switch step {
	case MakeAbsent:
		a, err := ask("say whether it is there", http.MethodGet, at+"?fields=name", nil, http.StatusNotFound, http.StatusForbidden)
		if err == nil && a.status != http.StatusNotFound {
			return bucketTaken()
		}
		return err
	case MakeNew:
		project := m.identity.Account
		if project == "" { // of NAME@PROJECT.iam.gserviceaccount.com
			_, host, _ := strings.Cut(m.identity.ID, "@")
			project = strings.TrimSuffix(host, ".iam.gserviceaccount.com")
		}
		resource := map[string]any{"name": b.Address.Bucket,
			"iamConfiguration": map[string]any{"uniformBucketLevelAccess": map[string]bool{"enabled": true}, "publicAccessPrevention": "enforced"}}
		if m.identity.Region != "" {
			resource["location"] = m.identity.Region
		}
		a, err := ask("be made", http.MethodPost, "/storage/v1/b?project="+url.QueryEscape(project), resource, http.StatusConflict)
		if err == nil && a.status == http.StatusConflict {
			return bucketTaken()
		}
		return err
	case MakeCORS:
		_, err := ask("take its CORS rules", http.MethodPatch, at, map[string]any{"cors": json.RawMessage(m.document("cors"))})
		return err
	case MakePolicy:
		return c.bindGoogle(ask, at, m)
	case MakeKeep:
		keep := map[string]any{"versioning": map[string]bool{"enabled": true}}
		if m.soft {
			keep["softDeletePolicy"] = map[string]int{"retentionDurationSeconds": softDeleteSeconds}
		}
		_, err := ask("keep versions", http.MethodPatch, at, keep)
		return err
	case MakeUndo:
		_, err := ask("be removed again", http.MethodDelete, at, nil, http.StatusNotFound)
		return err
	}
	return nil
}

// bindGoogle adds the prescribed bindings to those that the bucket was made with.
func (c *Connector) bindGoogle(ask func(doing, method, path string, body any, also ...int) (*answer, error), at string, m *making) error {
	const doing = "take its role bindings"
	a, err := ask(doing, http.MethodGet, at+"/iam", nil)
	if err != nil {
		return err
	}
	type binding struct {
		Role    string   `json:"role"`
		Members []string `json:"members"`
	}
	var have, want struct {
		Bindings []binding `json:"bindings"`
		ETag     string    `json:"etag,omitempty"`
	}
	if json.Unmarshal(a.body, &have) != nil || json.Unmarshal([]byte(m.document("roles")), &want) != nil {
		return &storeError{doing: doing, status: a.status, cause: errors.New("its answer is no policy")}
	}
	for _, b := range want.Bindings {
		i := slices.IndexFunc(have.Bindings, func(h binding) bool { return h.Role == b.Role })
		if i < 0 {
			have.Bindings = append(have.Bindings, b)
			continue
		}
		for _, who := range b.Members {
			if !slices.Contains(have.Bindings[i].Members, who) {
				have.Bindings[i].Members = append(have.Bindings[i].Members, who)
			}
		}
	}
	_, err = ask(doing, http.MethodPut, at+"/iam", have)
	return err
}

// askGoogle makes one request of the JSON API, with a JWT that the maker signed for itself (AIP-4111).
func (c *Connector) askGoogle(ctx context.Context, b *bucket, m *making, doing, method, path string, body any, also ...int) (*answer, error) {
	token, err := m.selfSigned(c.signingTime())
	if err != nil {
		return nil, &storeError{doing: doing, cause: err}
	}
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return nil, &storeError{doing: doing, cause: err}
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, b.Address.ServiceURL()+path, bytes.NewReader(text))
	if err != nil {
		return nil, &storeError{doing: doing, cause: errors.New("its URL can't be used")}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.exchange(ctx, doing, b, r, also...)
}

// selfSigned is a JWT that lets its bearer act as the maker for a while.
func (m *making) selfSigned(now time.Time) (string, error) {
	bad := errors.New("the maker's key can't be used to sign")
	block, _ := pem.Decode([]byte(m.identity.Secret))
	if block == nil {
		return "", bad
	}
	var key *rsa.PrivateKey
	if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		key, _ = parsed.(*rsa.PrivateKey)
	} else {
		key, _ = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if key == nil {
		return "", bad
	}
	claims, err := json.Marshal(map[string]any{"iss": m.identity.ID, "sub": m.identity.ID, "iat": now.Unix(), "exp": now.Add(ownLifetime).Unix(),
		"scope": "https://www.googleapis.com/auth/devstorage.full_control"})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", bad
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
