package connector_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// linksOf makes a file in the instance's bucket and returns its upload and download.
func linksOf(t *testing.T, w *world, file object) (upload, download object) {
	t.Helper()
	ann := w.user("ann & co", w.org, "member")
	team := w.team("kappa", nil, "ann & co")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	f := w.must(201, ann, "POST", run+"/files", object{"files": []object{file}})["files"].([]any)[0].(object)
	return f["upload"].(object), w.must(200, ann, "GET", w.in+"/files/"+f["id"].(string)+"/download", nil)
}

func TestURLs(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const awsSecret, azureSecret = "aws/secret+key", "c2VjcmV0IGtleSBvZiB0aGUgYWNjb3VudA=="
	gcsAddress, gcs := gcsIdentity(t)
	for _, tc := range []struct {
		name, edition   string
		storage         object
		identities      []object
		prefix          string // of both URLs
		query, notQuery []string
		headers         object
		secret          string
	}{
		{name: "aws, virtual-hosted, with a KMS key", edition: "2025-09", storage: object{"address": "s3://own-bucket/sub?region=eu-west-1", "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/1"},
			identities: []object{{"provider": "aws", "id": "AKIAX", "secret": awsSecret}}, prefix: "https://own-bucket.s3.eu-west-1.amazonaws.com/sub/teams.byob/",
			query: []string{"X-Amz-Signature"}, notQuery: []string{"X-User"}, secret: awsSecret,
			headers: object{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type": "text/plain", "X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "arn:aws:kms:eu-west-1:123456789012:key/1"}},
		{name: "aws names the requester in 2026-08", edition: "2026-08", storage: object{"address": "s3://own-bucket/sub?region=eu-west-1"}, identities: []object{{"provider": "aws", "id": "AKIAX", "secret": awsSecret}},
			prefix: "https://own-bucket.s3.eu-west-1.amazonaws.com/sub/teams.byob/", query: []string{"X-User=ann%20%26%20co"}, secret: awsSecret, headers: object{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type": "text/plain"}},
		{name: "gcp", edition: "2026-08", storage: object{"address": gcsAddress}, identities: []object{gcs}, prefix: "https://storage.googleapis.com/bench-bucket/teams.byob/",
			query: []string{"X-Goog-Signature", "X-User=ann%20%26%20co"}, secret: "PRIVATE", headers: object{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type": "text/plain"}},
		{name: "azure", edition: "2026-08", storage: object{"address": "az://account1/container1"}, identities: []object{{"provider": "azure", "account": "other", "secret": "bm8="}, {"provider": "azure", "account": "account1", "secret": azureSecret}},
			prefix: "https://account1.blob.core.windows.net/container1/teams.byob/", query: []string{"spr=https", "sr=b", "sig="}, notQuery: []string{"scid"}, secret: azureSecret,
			headers: object{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "Content-Type": "text/plain", "X-Ms-Blob-Type": "BlockBlob"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, connector.Options{Now: func() time.Time { return now }}, nil)
			w.populate(object{"edition": tc.edition, "managedStorage": tc.storage, "identities": tc.identities})
			up, down := linksOf(t, w, object{"name": "a/b.txt", "kind": "run-file", "size": 0, "md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "contentType": "text/plain"})
			for _, l := range []object{up, down} {
				raw := l["url"].(string)
				if !strings.HasPrefix(raw, tc.prefix) {
					t.Errorf("URL: got %.90s…, want it to begin %s", raw, tc.prefix)
				}
				for _, q := range tc.query {
					if !strings.Contains(raw, q) {
						t.Errorf("URL: lacks %s", q)
					}
				}
				for _, q := range tc.notQuery {
					if strings.Contains(raw, q) {
						t.Errorf("URL: has %s", q)
					}
				}
				if strings.Contains(raw, tc.secret) || strings.Contains(raw, url.QueryEscape(tc.secret)) {
					t.Error("URL: holds the secret")
				}
			}
			if got, want := up["expires"], "2026-01-03T03:04:05Z"; got != want || up["method"] != "PUT" {
				t.Errorf("upload: got %v until %v, want PUT until %v", up["method"], got, want)
			}
			if got, want := down["expires"], "2026-01-02T04:04:05Z"; got != want || down["method"] != "GET" {
				t.Errorf("download: got %v until %v, want GET until %v", down["method"], got, want)
			}
			got := up["headers"].(object)
			if len(got) != len(tc.headers) {
				t.Errorf("headers of the upload: got %v, want %v", got, tc.headers)
			}
			for k, v := range tc.headers {
				if got[k] != v {
					t.Errorf("header %s: got %v, want %v", k, got[k], v)
				}
			}
		})
	}
}

// TestSecretsAreSealed looks for secrets and tokens in the database's files and in what the operator may read.
func TestSecretsAreSealed(t *testing.T) {
	dir := t.TempDir()
	w, form := onboardingWorld(t, connector.Options{Database: "sqlite://" + filepath.Join(dir, "c.db")})
	w.must(201, w.admin, "POST", w.in+"/teams", form)
	if text := w.do(operatorToken, "GET", w.in, nil).text; strings.Contains(text, secretKey) || strings.Contains(text, url.QueryEscape(secretKey)) || !strings.Contains(text, "/own/sub") {
		t.Errorf("the instance is shown with a secret, or without its stores: %s", text)
	}
	w.stop()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || strings.Contains(string(content), "omega") // the control: names are there in clear
		for _, secret := range []string{secretKey, url.QueryEscape(secretKey), w.admin, strings.TrimPrefix(w.admin, "bpc_"), operatorToken} {
			if strings.Contains(string(content), secret) {
				t.Errorf("%s holds a secret (%.4s…)", f.Name(), secret)
			}
		}
	}
	if !seen {
		t.Error("the team's name is in no file, so that nothing was looked at")
	}
	info, err := os.Stat(filepath.Join(dir, "c.db.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: got %v %v, want mode 0600", info.Mode(), err)
	}
}

func TestADatabaseBelongsToOneConnectorAndItsKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.db")
	first := start(t, connector.Options{Database: "sqlite://" + file})
	if _, err := connector.New(t.Context(), connector.Options{Database: "sqlite://" + file, OperatorToken: "x"}); err == nil || !strings.Contains(err.Error(), "another connector") {
		t.Errorf("a second connector: got %v, want it refused", err)
	}
	first.stop()
	if _, err := connector.New(t.Context(), connector.Options{Database: "sqlite://" + file, OperatorToken: "x", Key: make([]byte, 32)}); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: got %v, want it refused", err)
	}
	for _, bad := range []string{"mongo://user:geheim@host/db", "mysql://user:geheim@127.0.0.1:1/db", "postgres://user:geheim@127.0.0.1:1/db", "mysql://user:ge%zzheim@host"} {
		if _, err := connector.New(t.Context(), connector.Options{Database: bad, OperatorToken: "x"}); err == nil || strings.Contains(err.Error(), "heim") {
			t.Errorf("%.8s: got %v, want an error without the password", bad, err)
		}
	}
}
