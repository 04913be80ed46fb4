package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// attack is what would be markup, if anything that came from outside could be.
const attack = `"><img src=x onerror=alert(1)><script>alert(1)</script>`

// harmless looks through a report folder: nothing of the attack became an element, an attribute or a link, and it was shown
// to whoever reads it.
func harmless(t *testing.T, dir string) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	root, err := html.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	scripts, shown := 0, false
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script":
			shown = shown || strings.Contains(n.Data, "onerror=alert(1)") || strings.Contains(n.Data, "onerror%3Dalert%281%29") || strings.Contains(n.Data, "onerror=alert%281%29")
		case n.Type != html.ElementNode:
		case n.Data == "script":
			scripts++
		case n.Data == "img", n.Data == "iframe", n.Data == "base", n.Data == "object":
			t.Errorf("the report has an element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "evidence/") && a.Val != "data:," {
				t.Errorf("the report has <%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("the report has %d scripts, want its own", scripts)
	}
	if !shown {
		t.Error("what was said is not in the report: this test has tried nothing")
	}
	summary, err := os.ReadFile(filepath.Join(dir, "summary.md"))
	if err != nil || strings.Contains(string(summary), "<img") || strings.Contains(string(summary), "<script") {
		t.Errorf("summary.md takes markup: %v", err)
	}
	if r := result(t, dir); r.Run.Command == "" {
		t.Error("the result doesn't say how it was made")
	}
}

// A document is written by whoever may change the bucket.
func TestAHostileDocumentStaysText(t *testing.T) {
	dir := t.TempDir()
	quoted, err := json.Marshal(attack)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"cors":   fmt.Sprintf(`{"CORSRules": [{"ID": %[1]s, "AllowedOrigins": [%[1]s], "AllowedMethods": ["GET"], "AllowedHeaders": [%[1]s], "ExposeHeaders": [%[1]s]}]}`, quoted),
		"policy": fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Sid": %[1]s, "Effect": "Allow", "Principal": {"AWS": [%[1]s, "arn:aws:iam::830241207209:root"]}, "Action": ["s3:GetObject", %[1]s], "Resource": ["arn:aws:s3:::b-1/*", %[1]s]}]}`, quoted),
	}
	args := []string{"review", "--provider", "aws", "--deployment", "dedicated", "--bucket", "b-1", "--frontend-origin", "https://wandb.example.com", "--path", "a" + attack, "--out", filepath.Join(dir, "out")}
	for name, text := range files {
		file := filepath.Join(dir, name+".json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+name, file)
	}
	if got := call(t, "", args...); got.code != exitNot {
		t.Fatalf("exit code: got %d, want %d\n%s%s", got.code, exitNot, got.out, got.err)
	}
	harmless(t, filepath.Join(dir, "out"))
}

// A server says what it likes: in its status, its header, its error's code and message, and where it sends people.
func TestAHostileServerStaysText(t *testing.T) {
	store := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"ETag", "Server", "X-Amz-Bucket-Region", "X-Amz-Request-Id", "Access-Control-Allow-Origin", "Content-Type"} {
			w.Header().Set(name, attack)
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<Error><Code>AccessDenied</Code><Message>%s</Message><Resource>%[1]s</Resource></Error>", html.EscapeString(attack))
	}))
	defer store.Close()
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: store.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	address := "s3://AKIDEXAMPLE:hunter2hunter2hunter2@" + strings.TrimPrefix(store.URL, "https://") + "/bucket-1?region=us-east-1&tls=true"
	got := call(t, address, "certify", "-", "--ca-file", ca, "--out", filepath.Join(dir, "out"))
	if got.code == exitOK || got.code == exitUsage {
		t.Fatalf("exit code: got %d\n%s%s", got.code, got.out, got.err)
	}
	harmless(t, filepath.Join(dir, "out"))
	noSecrets(t, filepath.Join(dir, "out"), got, "hunter2hunter2hunter2")
}

// A path below a bucket may have any name.
func TestAHostilePathStaysText(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "gcp", stores.Setup{Path: "a" + strings.ReplaceAll(attack, "/", "")})
	dir := filepath.Join(t.TempDir(), "out")
	got := call(t, b.Address, append([]string{"certify", "-", "--out", dir}, flagsFor(t, h, b)...)...)
	if got.code != exitOK {
		t.Fatalf("exit code: got %d, want %d\n%s%s", got.code, exitOK, got.out, got.err)
	}
	harmless(t, dir)
	noSecrets(t, dir, got, b.Secrets...)
}
