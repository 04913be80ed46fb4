package bucket

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/jwt"

	"github.com/bucketproof/bucketproof/reference/address"
)

// tokenSource gives a token that is valid for a while yet. It is safe for concurrent use.
type tokenSource func(context.Context) (*oauth2.Token, error)

// googleSigner is a service account's key as the SDK signs URLs with it: parsed once, and behind a function, where nothing
// that prints structures finds it.
type googleSigner struct {
	email string
	sign  func([]byte) ([]byte, error)
}

func googleCredentials(ctx context.Context, a *address.Address, o Options) (tokenSource, *googleSigner, string, error) {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, o.HTTP)
	if !a.HasCredentials() {
		token, err := googleDefault(ctx, o.HTTP)
		return token, nil, "the bucket's owner (Google's default credentials)", err
	}
	text := a.Credentials.Secret.Reveal()
	key, err := parseKey([]byte(text))
	if err != nil {
		return nil, nil, "", err
	}
	s := &googleSigner{email: a.Credentials.ID, sign: func(b []byte) ([]byte, error) {
		sum := sha256.Sum256(b)
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}}
	if o.GoogleTokenURL != "" {
		c := jwt.Config{Email: s.email, PrivateKey: []byte(text), Scopes: []string{storage.ScopeFullControl}, TokenURL: o.GoogleTokenURL}
		return fromSource(c.TokenSource(ctx)), s, "the address's service account key", nil
	}
	file, err := json.Marshal(map[string]string{"type": "service_account", "client_email": s.email, "private_key": text})
	if err != nil {
		return nil, nil, "", errors.New("the service account's key can't be written as JSON")
	}
	source, err := google.JWTAccessTokenSourceWithScope(file, storage.ScopeFullControl)
	if err != nil { // its text may quote what it couldn't read
		return nil, nil, "", errors.New("the service account's private key can't be used")
	}
	return fromSource(source), s, "the address's service account key", nil
}

// parseKey refuses what can't sign, in words that don't show it.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the service account's private key is no PEM block")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the service account's private key is neither PKCS #8 nor PKCS #1")
	}
	if key, ok := key.(*rsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errors.New("the service account's private key is no RSA key")
}

func fromSource(s oauth2.TokenSource) tokenSource {
	return func(context.Context) (*oauth2.Token, error) { return s.Token() }
}

// googleDefault finds Google's default credentials as Google's libraries do (GOOGLE_APPLICATION_CREDENTIALS, gcloud's
// file, the metadata server), but that the metadata server is asked through the one client and only when a token is
// needed: the library would probe for it, by name and by address, with clients of its own.
func googleDefault(ctx context.Context, client *http.Client) (tokenSource, error) {
	if os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") == "" && !exists(gcloudFile()) {
		return fromMetadata(client), nil
	}
	found, err := google.FindDefaultCredentials(ctx, storage.ScopeFullControl)
	if err != nil {
		return nil, fmt.Errorf("read Google's default credentials: %s", clean(err.Error()))
	}
	return fromSource(found.TokenSource), nil
}

func gcloudFile() string {
	dir := os.Getenv("APPDATA")
	if runtime.GOOS != "windows" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "gcloud", "application_default_credentials.json")
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return file != "" && err == nil
}

// metadataHost is where Google's machines find their service account; GCE_METADATA_HOST replaces it.
const metadataHost = "169.254.169.254"

// earlier is how long before its end a token is replaced.
const earlier = time.Minute

func fromMetadata(client *http.Client) tokenSource {
	var mu sync.Mutex
	var last *oauth2.Token
	return func(ctx context.Context) (*oauth2.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if last != nil && time.Until(last.Expiry) > earlier {
			return last, nil
		}
		host := os.Getenv("GCE_METADATA_HOST")
		if host == "" {
			host = metadataHost
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/computeMetadata/v1/instance/service-accounts/default/token", nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Metadata-Flavor", "Google")
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var answer struct {
			Token   string `json:"access_token"`
			Seconds int    `json:"expires_in"`
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, errorBody))
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Token == "" {
			return nil, fmt.Errorf("metadata server: %d without a token", resp.StatusCode)
		}
		last = &oauth2.Token{AccessToken: answer.Token, TokenType: "Bearer", Expiry: time.Now().Add(time.Duration(answer.Seconds) * time.Second)}
		return last, nil
	}
}
