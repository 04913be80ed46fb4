package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reports"
)

// A connector that knows nothing of this run but its buckets' addresses is proved by its driver, on buckets that a file
// names; what stood there before stays, and nothing of the run does.
func TestConformADriver(t *testing.T) {
	host, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = host.Close() }()
	made, err := host.Yard(t.Context(), []string{"gcp", "s3-compatible"}, yard.Each, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = made.Close() }()
	dir := t.TempDir()
	f := yard.File{CAFile: "ca.pem", Hosts: made.Network.Hosts}
	for _, l := range made.Lots {
		f.Buckets = append(f.Buckets, l.Address)
		if err := l.Put(t.Context(), "decoy.txt", []byte("this was here before")); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	file("ca.pem", host.CACertificate())
	buckets := file("buckets.json", text)
	opened, err := yard.Open(t.Context(), buckets)
	if err != nil {
		t.Fatal(err)
	}
	c, err := yard.Reference(t.Context(), opened, nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	out := filepath.Join(dir, "report")
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, []string{"conform", "--driver", c.URL, "--token-file",
		file("token", []byte(c.Token+"\n")), "--buckets", buckets, "--out", out, "--only", "BYOB-PLACE-003,BYOB-PLACE-004,BYOB-ISO-005,BYOB-PLACE-009"})
	if code != exitIncomplete {
		t.Fatalf("exit code %d, want %d\n%s%s", code, exitIncomplete, stderr.String(), stdout.String())
	}
	raw, err := os.Open(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	result, err := reports.ReadJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]reports.Outcome{"BYOB-PLACE-003": reports.Passed, "BYOB-PLACE-004": reports.Passed, "BYOB-ISO-005": reports.Passed,
		"BYOB-PLACE-009": reports.Unverified} // nobody can cut these off
	for _, l := range result.Requirements {
		if w, asked := want[l.ID]; asked && l.Outcome != w {
			t.Errorf("%s: got %s, want %s: %s %s", l.ID, l.Outcome, w, l.Reason, l.Actual)
		}
	}
	if result.Safety.CleanUp != reports.Complete || result.Safety.Removed == 0 {
		t.Errorf("safety: %+v", result.Safety)
	}
	for _, l := range made.Lots {
		left, err := l.Inventory(t.Context())
		if err != nil || len(left) != 1 || left["decoy.txt"] == "" {
			t.Errorf("%s has %v, %v; want the decoy and nothing else", l.Name, left, err)
		}
	}
	everything := stdout.String() + stderr.String()
	_ = filepath.WalkDir(out, func(name string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			content, _ := os.ReadFile(name)
			everything += string(content)
		}
		return nil
	})
	for _, secret := range append(made.Lots[len(made.Lots)-1].Secrets, c.Token) {
		if strings.Contains(everything, secret) {
			t.Error("a secret is in the output")
		}
	}
	if strings.Contains(everything, "X-Amz-Signature=") && !strings.Contains(everything, "X-Amz-Signature=[redacted]") {
		t.Error("a signature is in the output")
	}
}

// What answers is no driver, or not for this token: no check is made, and the exit code is that of a wrong call.
func TestConformRefusesWhatIsNoDriver(t *testing.T) {
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a web page":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "no driver"},
		"nothing there":     {http.NotFound, "answered 404: this is no driver"},
		"the token refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "does not take the operator's token"},
		"an answer to everything": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"name":"x","version":"1","editions":["2025-09"],"deployments":["self-managed"],"providers":["aws"],"capabilities":{"instances":true}}`)
		}, "instead of 501 unsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			dir := t.TempDir()
			for n, content := range map[string]string{"token": "opaque", "buckets.json": `{"buckets": ["s3://id:secretsecret@127.0.0.1:1/some-bucket?region=us-east-1&tls=true"]}`} {
				if err := os.WriteFile(filepath.Join(dir, n), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var stdout, stderr bytes.Buffer
			code := execute(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, []string{"conform", "--driver", server.URL,
				"--token-file", filepath.Join(dir, "token"), "--buckets", filepath.Join(dir, "buckets.json"), "--out", filepath.Join(dir, "report")})
			if code != exitUsage || !strings.Contains(strings.Join(strings.Fields(stderr.String()), " "), tt.want) || !strings.Contains(stderr.String(), "hint: ") {
				t.Errorf("exit code %d, want %d; said:\n%s\nwant %q and a hint", code, exitUsage, stderr.String(), tt.want)
			}
			if _, err := os.Stat(filepath.Join(dir, "report", "result.json")); err == nil {
				t.Error("a result was written")
			}
		})
	}
}
