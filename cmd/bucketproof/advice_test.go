package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A sweep that can't look says what mends the address; running it again never would.
func TestASweepSaysWhatMendsIt(t *testing.T) {
	got := call(t, "s3://AK:SK@"+closedPort(t)+"/bucket?region=us-east-1&tls=true", "sweep", "-")
	if got.code != exitErrored || !strings.Contains(got.err, "check host and port") {
		t.Errorf("got exit code %d and %q, want %d and what to check", got.code, got.err, exitErrored)
	}
}

// A folder that can't be written to is refused before anything is sent.
func TestAFolderThatCannotBeWrittenTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	asked := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer srv.Close()
	got := call(t, "s3://AK:SK@"+srv.Listener.Addr().String()+"/bucket?region=us-east-1", "certify", "-", "--out", filepath.Join(file, "report"))
	if got.code != exitUsage || asked || !strings.Contains(got.err, "--out: ") {
		t.Errorf("got exit code %d, asked %t, %q; want %d and nothing asked", got.code, asked, got.err, exitUsage)
	}
}

// The shell is offered what a flag knows, also after a comma.
func TestFlagsComplete(t *testing.T) {
	for args, want := range map[string]string{
		"certify --provider az":                  "azure\n",
		"certify --edition 2024-by":              "2024-byob\n",
		"certify --only BYOB-NET-00":             "BYOB-NET-008\n",
		"selftest --fault put-lost,abort-":       "put-lost,abort-keeps-parts\n",
		"selftest --profile s3-compatible,conne": "s3-compatible,connector\n",
	} {
		if got := call(t, "", append([]string{"__complete"}, strings.Fields(args)...)...); !strings.Contains(got.out, want) {
			t.Errorf("%s: got %q, want %q in it", args, got.out, want)
		}
	}
}

// Every fault can be looked up without being run.
func TestFaultsAreListed(t *testing.T) {
	got := call(t, "", "selftest", "--list")
	for _, name := range faultNames() {
		if !strings.Contains(got.out, name+"\n") {
			t.Errorf("%s is not listed", name)
		}
	}
	if got.code != exitOK || !strings.Contains(got.out, "breaks BYOB-NET-003; on coreweave") {
		t.Errorf("got exit code %d, and %d bytes", got.code, len(got.out))
	}
}
