package stores

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// assertionLife is the longest a JWT lives that a service account signs for itself, and clockSkew how far its clock may be
// ahead (Google identity documentation, "Using OAuth 2.0 for server to server applications": one hour after iat at most).
const (
	assertionLife = time.Hour
	clockSkew     = 5 * time.Minute
	tokenLife     = 3599 * time.Second
)

// tokenAudiences are what a JWT names that is to be exchanged for a token: the endpoint and its older names.
var tokenAudiences = []string{"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token", "https://accounts.google.com/o/oauth2/token"}

// storageScopes are the scopes that let their bearer in, and how far (Cloud Storage documentation, "OAuth 2.0 scopes").
var storageScopes = map[string]grant{
	"https://www.googleapis.com/auth/cloud-platform":           controller,
	"https://www.googleapis.com/auth/devstorage.full_control":  controller,
	"https://www.googleapis.com/auth/devstorage.read_write":    writer,
	"https://www.googleapis.com/auth/cloud-platform.read-only": reader,
	"https://www.googleapis.com/auth/devstorage.read_only":     reader,
}

// serviceAccount is an identity with its key, in the forms its users want.
type serviceAccount struct {
	email  string
	pem    string
	key    *rsa.PrivateKey
	public *signing.RSAKey
}

func newServiceAccount(email string, key *rsa.PrivateKey) (*serviceAccount, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a service account's key: %w", err)
	}
	return &serviceAccount{
		email: email, key: key, public: signing.NewRSAKey(&key.PublicKey),
		pem: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}, nil
}

// assertion is a JWT signed by the account, for the probe.
func (a *serviceAccount) assertion(c jwtClaims) (string, error) {
	claims, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("make a JWT: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign a JWT: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

type jwtClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub,omitempty"`
	Audience string `json:"aud,omitempty"`
	Scope    string `json:"scope,omitempty"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// claims reads a JWT that the account signed and that holds now. What is wrong with it is a sentence, "" if nothing is.
func (a *serviceAccount) claims(text string, now time.Time) (c jwtClaims, wrong string) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return c, "Invalid JWT: it has not three parts."
	}
	var decoded [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(p, "="))
		if err != nil {
			return c, "Invalid JWT: a part is no base64url."
		}
		decoded[i] = b
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	if json.Unmarshal(decoded[0], &head) != nil || head.Algorithm != "RS256" {
		return c, "Invalid JWT: its algorithm is not RS256."
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, sum[:], decoded[2]) != nil {
		return c, "Invalid JWT Signature."
	}
	if json.Unmarshal(decoded[1], &c) != nil {
		return c, "Invalid JWT: its claims can't be read."
	}
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Issuer != a.email || c.Subject != "" && c.Subject != a.email:
		return c, "Invalid JWT: iss is not the account's."
	case c.Issued == 0 || c.Expires == 0 || issued.After(now.Add(clockSkew)) || expires.Sub(issued) > assertionLife || !expires.After(now):
		return c, "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	}
	return c, ""
}

// grant is what a bearer may do.
type grant int

const (
	nobody   grant = iota // a token that isn't one, or not any more
	unscoped              // an identity whose scopes don't let it in
	reader
	writer
	controller // may also change metadata of the bucket and of objects, and the IAM policy
)

func scopeGrant(scope string) grant {
	g := unscoped
	for _, s := range strings.Fields(scope) {
		g = max(g, storageScopes[s])
	}
	return g
}

// tokens are the access tokens a front has issued, and the accounts it knows.
type tokens struct {
	accounts map[string]*serviceAccount // by e-mail address
	mark     string                     // every token begins with it, so that one secret finds them all
	mu       sync.Mutex
	issued   map[string]token
}

type token struct {
	caller gcsCaller
	until  time.Time
}

func newTokens() (*tokens, error) {
	c, err := newCredentials()
	if err != nil {
		return nil, err
	}
	return &tokens{accounts: map[string]*serviceAccount{}, mark: "ya29." + c.secret, issued: map[string]token{}}, nil
}

// add lets an account have tokens.
func (t *tokens) add(a *serviceAccount) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accounts[a.email] = a
}

// account is the one of that e-mail address, nil if it is unknown.
func (t *tokens) account(email string) *serviceAccount {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.accounts[email]
}

func (t *tokens) issue(c gcsCaller, now time.Time) (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	text := t.mark + "." + hex.EncodeToString(b[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	for old, k := range t.issued {
		if !k.until.After(now) {
			delete(t.issued, old)
		}
	}
	t.issued[text] = token{c, now.Add(tokenLife)}
	return text, nil
}

// issuer is the account that a JWT says it is from, nil if it is unknown. Nothing is verified yet.
func (t *tokens) issuer(text string) *serviceAccount {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	var c jwtClaims
	if json.Unmarshal(b, &c) != nil {
		return nil
	}
	return t.account(c.Issuer)
}

// claims reads a JWT that one of the accounts signed.
func (t *tokens) claims(text string, now time.Time) (jwtClaims, string) {
	a := t.issuer(text)
	if a == nil {
		return jwtClaims{}, "Invalid grant: account not found"
	}
	return a.claims(text, now)
}

// caller says who the bearer of a token is: one of the front's own, or a JWT an account signed for itself with a scope or with
// the service as audience (AIP-4111, "Self-signed JWT").
func (t *tokens) caller(text string, now time.Time) gcsCaller {
	t.mu.Lock()
	k, ok := t.issued[text]
	t.mu.Unlock()
	if ok {
		if !k.until.After(now) {
			return gcsCaller{}
		}
		return k.caller
	}
	c, wrong := t.claims(text, now)
	switch {
	case wrong != "" || c.Subject == "":
		return gcsCaller{}
	case c.Audience == "https://"+gcsHost+"/":
		return gcsCaller{c.Issuer, controller}
	case c.Audience != "":
		return gcsCaller{}
	}
	return gcsCaller{c.Issuer, scopeGrant(c.Scope)}
}

// serve exchanges a JWT for an access token (Google identity documentation, "Using OAuth 2.0 for server to server
// applications").
func (t *tokens) serve(w http.ResponseWriter, r *http.Request, now time.Time) {
	if r.Method != http.MethodPost || r.URL.Path != "/token" {
		http.NotFound(w, r)
		return
	}
	answer := func(status int, fields map[string]any) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(fields)
	}
	refuse := func(code, why string) {
		answer(http.StatusBadRequest, map[string]any{"error": code, "error_description": why})
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse("invalid_request", "The body is no form.")
		return
	}
	if r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		refuse("unsupported_grant_type", "Invalid grant_type: only JWTs are exchanged here.")
		return
	}
	c, wrong := t.claims(r.PostForm.Get("assertion"), now)
	switch {
	case wrong != "":
		refuse("invalid_grant", wrong)
	case !slices.Contains(tokenAudiences, c.Audience):
		refuse("invalid_grant", "Invalid JWT: Failed audience check.")
	case c.Scope == "":
		refuse("invalid_scope", "Empty or missing scope not allowed.")
	default:
		text, err := t.issue(gcsCaller{c.Issuer, scopeGrant(c.Scope)}, now)
		if err != nil {
			answer(http.StatusInternalServerError, map[string]any{"error": "internal_failure"})
			return
		}
		answer(http.StatusOK, map[string]any{"access_token": text, "expires_in": int(tokenLife.Seconds()), "token_type": "Bearer"})
	}
}
