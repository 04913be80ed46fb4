package connector_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/connector"
)

// TestEveryProvider takes a team, a run's file, an artifact, an export and its garbage through a real store of each provider.
func TestEveryProvider(t *testing.T) {
	host, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	for _, provider := range []string{stores.AWS, stores.CoreWeave, stores.GCP, stores.Azure, stores.S3Compatible} {
		t.Run(provider, func(t *testing.T) {
			b, err := host.Provision(t.Context(), provider, stores.Setup{Path: "byob/team"})
			if errors.Is(err, stores.ErrUnavailable) {
				t.Skipf("not run: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = b.Close() })
			tr := &http.Transport{DialContext: b.Network.Dial, TLSClientConfig: &tls.Config{RootCAs: b.Network.RootCAs, MinVersion: tls.VersionTLS12}}
			t.Cleanup(tr.CloseIdleConnections)
			client := &http.Client{Transport: tr, Timeout: 20 * time.Second}
			w := newWorld(t, connector.Options{HTTP: func(*address.Address) *http.Client { return client }}, nil)
			a, err := address.Parse(b.Address, address.Options{})
			if err != nil {
				t.Fatal(err)
			}
			list, form := b.Address, object{"provider": provider, "address": b.Address}
			identities := []object{}
			switch provider {
			case stores.CoreWeave:
				list, form = "cw://", object{"provider": provider, "bucket": a.Bucket, "path": a.Path}
				identities = append(identities, object{"provider": provider, "id": a.Credentials.ID, "secret": a.Credentials.Secret.Reveal()})
			case stores.Azure:
				form = object{"provider": provider, "account": a.Account, "container": a.Bucket, "path": a.Path}
			}
			w.populate(object{"edition": "2026-08", "cloud": "aws", "serverVersion": "0.80.0", "chartVersion": "0.40.0", "supportedFileStores": storesOf(list), "identities": identities})
			ann := w.user("ann", w.org, "member")
			before := inventory(t, b)
			team := w.team("Omega", form, "ann")
			if got := inventory(t, b); !slices.Equal(got, before) {
				t.Fatalf("after the team's creation: got %q, want %q", got, before)
			}
			run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
			content := []byte("content of " + provider)
			file := w.must(201, ann, "POST", run+"/files", object{"files": []object{
				{"name": "média/a+b c%41.txt", "kind": "run-file", "size": len(content), "md5": md5Of(content), "contentType": "text/plain"}}})["files"].([]any)[0].(object)
			path := w.in + "/files/" + file["id"].(string)
			if r := w.do(ann, "POST", path+"/uploaded", nil); r.status != 409 {
				t.Errorf("uploaded before the upload: got %d %s, want 409", r.status, r.text)
			}
			send(t, client, file["upload"], content, nil)
			w.must(204, ann, "POST", path+"/uploaded", nil)
			send(t, client, w.must(200, ann, "GET", path+"/download", nil), nil, content)

			w.must(204, ann, "POST", run+"/records", object{"kind": "history", "rows": []object{{"_step": 0, "loss": 0.5}}})
			export := w.must(201, ann, "POST", run+"/export", nil)["files"].([]any)
			if len(export) != 1 || export[0].(object)["kind"] != "history-export" {
				t.Errorf("export: got %v, want one history-export", export)
			}

			artifact := w.must(201, ann, "POST", team+"/artifacts", object{"project": "p", "name": "model", "files": []object{{"name": "weights", "md5": md5Of(content), "size": len(content)}}})
			send(t, client, artifact["files"].([]any)[0].(object)["upload"], content, nil)
			w.must(200, ann, "POST", w.in+"/artifacts/"+artifact["id"].(string)+"/commit", nil)
			if got := len(inventory(t, b)) - len(before); got != 3 {
				t.Errorf("objects: got %d, want 3: the file, the export and the artifact's", got)
			}
			for _, key := range inventory(t, b) {
				if !slices.Contains(before, key) && !strings.HasPrefix(key, "byob/team/") {
					t.Errorf("an object lies at %q, outside the sub-path", key)
				}
			}
			w.must(204, ann, "DELETE", w.in+"/artifacts/"+artifact["id"].(string), nil)
			got := w.must(200, w.admin, "POST", w.in+"/garbage-collection", nil)
			if got["removed"] != 1.0 || len(got["failed"].([]any)) != 0 {
				t.Errorf("garbage collection: got %v, want one object removed", got)
			}
			w.must(204, ann, "DELETE", path, nil)
			w.must(204, ann, "DELETE", w.in+"/files/"+export[0].(object)["id"].(string), nil)
			if got := inventory(t, b); !slices.Equal(got, before) {
				t.Errorf("at the end: got %q, want %q", got, before)
			}
			if l := w.log.String(); l != "" {
				t.Errorf("the log is not empty: %s", l)
			}
		})
	}
}

func inventory(t *testing.T, b *stores.Bucket) []string {
	t.Helper()
	all, err := b.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// send uses a link; want is what a download has to bring.
func send(t *testing.T, client *http.Client, l any, body, want []byte) {
	t.Helper()
	m := l.(object)
	r, err := http.NewRequestWithContext(t.Context(), m["method"].(string), m["url"].(string), strings.NewReader(string(body)))
	if err != nil {
		t.Fatal("the URL can't be used")
	}
	for name, v := range m["headers"].(object) {
		r.Header.Set(name, v.(string))
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal("no answer from the store")
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s: got %d %s, want 2xx", m["method"], resp.StatusCode, got)
	}
	if want != nil && string(got) != string(want) {
		t.Errorf("download: got %q, want %q", got, want)
	}
}
