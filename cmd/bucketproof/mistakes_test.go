package main

import (
	"bytes"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// TestMistakesGetTheirOwnFinding makes each mistake that a tired administrator makes, and looks for one finding about it,
// with a remedy, within 30 s, and without the secret.
func TestMistakesGetTheirOwnFinding(t *testing.T) {
	h := newHost(t)
	silent := silence(t)
	// The program waits for its limits there: a process of its own does, while the other cases run.
	patient := provision(t, h, "s3-compatible", stores.Setup{})
	waiting := begin(t, withHost(patient.Address, silent), flagsFor(t, h, patient))
	for _, c := range []struct {
		name    string
		setup   stores.Setup
		waits   bool // it was begun before the others
		address func(string) string
		flags   func([]string) []string
		finding string
		outcome reports.Outcome
		code    int
		says    string
	}{
		{name: "a wrong secret", address: swapSecret, finding: "BYOB-NET-007", outcome: reports.Failed, code: exitNot, says: "SignatureDoesNotMatch"},
		{name: "an unknown access key", address: swapKey, finding: "BYOB-NET-007", outcome: reports.Failed, code: exitNot, says: "InvalidAccessKeyId"},
		{name: "a bucket that is not there", address: func(a string) string { return strings.Replace(a, "?region", "-gone?region", 1) },
			finding: "BYOB-NET-008", outcome: reports.Failed, code: exitNot, says: "no such bucket"},
		{name: "a host that does not exist", address: func(a string) string { return withHost(a, "no-such-host.invalid:9000") },
			finding: "BYOB-NET-001", outcome: reports.Failed, code: exitNot, says: "no such host"},
		{name: "a port on which nobody listens", address: func(a string) string { return withHost(a, closedPort(t)) },
			finding: "BYOB-NET-002", outcome: reports.Failed, code: exitNot, says: "refused"},
		{name: "a wrong region", address: func(a string) string { return strings.Replace(a, "region=us-east-1", "region=eu-west-1", 1) },
			finding: "BYOB-NET-005", outcome: reports.Failed, code: exitNot, says: "us-east-1"},
		{name: "a certificate of a CA that is not trusted", flags: func([]string) []string { return nil },
			finding: "BYOB-NET-003", outcome: reports.Failed, code: exitNot, says: "certificate"},
		{name: "a clock that is off", setup: stores.Setup{Hooks: stores.Hooks{Front: lateClock}},
			finding: "BYOB-NET-004", outcome: reports.Failed, code: exitNot, says: " off"},
		{name: "plain http on a TLS port", address: func(a string) string { return strings.Replace(a, "&tls=true", "&tls=false", 1) },
			finding: "BYOB-NET-004", outcome: reports.Errored, code: exitErrored, says: "Date"},
		{name: "a host that accepts and never answers", waits: true, finding: "BYOB-NET-003", outcome: reports.Errored, code: exitErrored, says: "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := patient
			if !c.waits {
				b = provision(t, h, "s3-compatible", c.setup)
			}
			address, flags := b.Address, flagsFor(t, h, b)
			if c.address != nil {
				address = c.address(address)
			}
			if c.flags != nil {
				flags = c.flags(flags)
			}
			var dir string
			var got called
			var took time.Duration
			if c.waits {
				dir, got, took = waiting()
			} else {
				dir = filepath.Join(t.TempDir(), "report")
				began := time.Now()
				got = call(t, address, append([]string{"certify", "-", "--out", dir}, flags...)...)
				took = time.Since(began)
			}
			if took > 30*time.Second {
				t.Errorf("it took %s, want at most 30s", took)
			}
			if got.code != c.code {
				t.Errorf("exit code: got %d, want %d", got.code, c.code)
			}
			r := result(t, dir)
			q := line(t, r, c.finding)
			if q.Outcome != c.outcome || q.Remedy == "" || !strings.Contains(q.Reason+q.Actual, c.says) {
				t.Errorf("%s: got %s (reason %q, actual %q, remedy %q), want %s, saying %q, with a remedy", c.finding, q.Outcome, q.Reason, q.Actual, q.Remedy, c.outcome, c.says)
			}
			for _, other := range r.Requirements {
				if other.Outcome == reports.Failed && other.ID != c.finding {
					t.Errorf("%s failed besides: %s", other.ID, other.Actual)
				}
			}
			for _, word := range []string{"goroutine ", "panic", ".go:"} {
				if strings.Contains(got.out+got.err, word) {
					t.Errorf("the output holds %q: a stack trace?", word)
				}
			}
			noSecrets(t, dir, got, append(b.Secrets, secretOf(address))...)
		})
	}
}

// begin certifies in a process of its own; what it returns waits for the end, and says where the reports are and how long it took.
func begin(t *testing.T, address string, flags []string) func() (dir string, got called, took time.Duration) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "report")
	var out, errw bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, append([]string{"certify", "-", "--out", dir}, flags...)...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = append(os.Environ(), asProgram+"=1"), strings.NewReader(address), &out, &errw
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan time.Duration, 1)
	go func() {
		_ = cmd.Wait() // the exit code says how it ended
		ended <- time.Since(began)
	}()
	return func() (string, called, time.Duration) {
		took := <-ended
		return dir, called{cmd.ProcessState.ExitCode(), out.String(), errw.String()}, took
	}
}

// noSecrets looks through everything that a call printed and wrote.
func noSecrets(t *testing.T, dir string, got called, secrets ...string) {
	t.Helper()
	all := map[string]string{"standard output": got.out, "standard error": got.err}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		all[path] = path + "\n" + string(body)
		return err
	})
	if err != nil {
		t.Errorf("look through the reports: %v", err)
	}
	for _, secret := range secrets {
		if len(secret) < 8 {
			t.Fatalf("a secret of %d characters shows nothing", len(secret))
		}
		for _, piece := range pieces(secret) {
			for where, text := range all {
				if strings.Contains(text, piece) {
					t.Errorf("%s holds a piece of a secret", where)
				}
			}
		}
	}
}

// pieces are parts of a secret as they could show: from the start, the middle and the end, raw and percent-encoded.
func pieces(secret string) []string {
	var out []string
	for _, s := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
		// A private key begins and ends with words that are no secret.
		if i := strings.Index(s, "KEY-----"); i >= 0 {
			s = s[i+8:]
			if j := strings.Index(s, "-----END"); j > 0 {
				s = s[:j]
			}
		}
		n := min(len(s), 14)
		out = append(out, s[:n], s[(len(s)-n)/2:(len(s)-n)/2+n], s[len(s)-n:])
	}
	return out
}

func secretOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	userinfo := rest[:max(strings.LastIndexByte(rest, '@'), 0)]
	_, secret, _ := strings.Cut(userinfo, ":")
	raw, err := url.PathUnescape(secret)
	if err != nil {
		return secret
	}
	return raw
}

// swapSecret puts another secret into an address.
func swapSecret(a string) string {
	scheme, rest, _ := strings.Cut(a, "://")
	at := strings.LastIndexByte(rest, '@')
	id, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + id + ":another0Secret1That2Is3Not4Right5" + rest[at:]
}

// swapKey puts another access key into an address.
func swapKey(a string) string {
	scheme, rest, _ := strings.Cut(a, "://")
	_, secret, _ := strings.Cut(rest, ":")
	return scheme + "://AKIDNOBODYKNOWS:" + secret
}

func withHost(a, host string) string {
	at := strings.LastIndexByte(a, '@')
	_, rest, _ := strings.Cut(a[at:], "/")
	return a[:at+1] + host + "/" + rest
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// silence is the address of a server that takes connections and never answers.
func silence(t *testing.T) string {
	return accepts(t, func(c net.Conn) { t.Cleanup(func() { _ = c.Close() }) })
}

// accepts is the address of a server that does something with each connection.
func accepts(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
		}
	}()
	return l.Addr().String()
}

func lateClock(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(lateWriter{w}, r) })
}

// lateWriter dates every answer 20 minutes from now.
type lateWriter struct{ http.ResponseWriter }

func (w lateWriter) WriteHeader(status int) {
	w.Header().Set("Date", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat))
	w.ResponseWriter.WriteHeader(status)
}

// embeddedCode is how certifying a well-provisioned embedded bucket ends: the gateway hasn't got the default encryption that
// profiles aws and coreweave ask for.
func embeddedCode(provider string) int {
	if provider == "aws" || provider == "coreweave" {
		return exitIncomplete
	}
	return exitOK
}

func TestNoSecretShowsOnAnyProvider(t *testing.T) {
	h := newHost(t)
	for _, provider := range []string{"aws", "coreweave", "gcp", "azure", "s3-compatible"} {
		t.Run(provider, func(t *testing.T) {
			h := hostOf(t, h, provider)
			b := provision(t, h, provider, stores.Setup{Path: "team/one"})
			dir := filepath.Join(t.TempDir(), "report")
			got := call(t, b.Address, append([]string{"certify", "-", "--out", dir}, flagsFor(t, h, b)...)...)
			if want := embeddedCode(provider); got.code != want {
				t.Errorf("exit code: got %d, want %d\n%s", got.code, want, got.out)
			}
			noSecrets(t, dir, got, b.Secrets...)
			if _, err := os.Stat(filepath.Join(dir, "evidence", "BYOB-XFER-001.har")); err != nil {
				t.Errorf("no evidence: %v", err)
			}
		})
	}
}

// A slip of the paste buffer puts the secret where another part of the address belongs: it shows there no more than before
// the "@".
func TestASecretInAnotherPartOfTheAddressIsNotShown(t *testing.T) {
	for _, secret := range []string{"wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY", "abcdefghij0123456789klmnopqrst"} {
		for part, raw := range map[string]string{
			"region":               "s3://AKIAIOSFODNN7EXAMPLE:" + secret + "@127.0.0.1:1/bucket?region=" + secret + "&tls=false",
			"a part of the region": "s3://AKIAIOSFODNN7EXAMPLE:" + secret + "@127.0.0.1:1/bucket?region=eu-" + secret + "-1&tls=false",
			"sub-path":             "s3://AKIAIOSFODNN7EXAMPLE:" + secret + "@127.0.0.1:1/bucket/team/" + secret + "?region=us-east-1&tls=false",
			"bucket":               "s3://AKIAIOSFODNN7EXAMPLE:" + secret + "@127.0.0.1:1/" + strings.ToLower(secret) + "?region=us-east-1&tls=false",
			"host":                 "s3://AKIAIOSFODNN7EXAMPLE:" + secret + "@" + secret + ".invalid:1/bucket?region=us-east-1&tls=false",
		} {
			t.Run(part, func(t *testing.T) {
				shown := secret
				if part == "bucket" || part == "host" {
					shown = strings.ToLower(secret)
				}
				noSecrets(t, t.TempDir(), call(t, raw, "address", "-"), secret, shown)
				noSecrets(t, t.TempDir(), call(t, raw, "address", "-", "--json"), secret, shown)
				noSecrets(t, t.TempDir(), call(t, raw, "certify", "-", "--plan"), secret, shown)
				dir := filepath.Join(t.TempDir(), "report")
				got := call(t, raw, "certify", "-", "--out", dir, "--endpoint", ".invalid=127.0.0.1:1")
				noSecrets(t, dir, got, secret, shown)
			})
		}
	}
}
