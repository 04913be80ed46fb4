package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

// A proxy that stands in the way says nothing about the bucket: no requirement fails for it, and the reason names the setting.
func TestAProxyThatStandsInTheWayDecidesNothing(t *testing.T) {
	const canary = "proxy-password-canary"
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer refusing.Close()
	for name, test := range map[string]struct{ tls, variable, setting string }{
		"where nothing listens":         {"true", "HTTPS_PROXY", "http://proxyuser:" + canary + "@" + l.Addr().String()},
		"where nothing listens, http":   {"false", "HTTP_PROXY", "http://proxyuser:" + canary + "@" + l.Addr().String()},
		"that refuses":                  {"true", "HTTPS_PROXY", strings.Replace(refusing.URL, "http://", "http://proxyuser:"+canary+"@", 1)},
		"that is no URL":                {"true", "HTTPS_PROXY", "http://proxyuser:" + canary + "@[:1"},
		"that is only a secret":         {"true", "HTTPS_PROXY", "%" + canary},
		"of a kind that is not spoken":  {"true", "HTTPS_PROXY", "gopher://" + canary + "@127.0.0.1:1"},
		"that is a scheme and no host":  {"true", "HTTPS_PROXY", "http://" + canary + "@:80"},
		"whose scheme holds the secret": {"true", "HTTPS_PROXY", canary + "://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "report")
			got := asProcess(t, "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY@s3.far.example.com/bucket?region=us-east-1&tls="+test.tls,
				[]string{test.variable + "=" + test.setting}, "certify", "-", "--out", dir)
			if got.code != exitErrored {
				t.Errorf("exit code: got %d, want %d\n%s%s", got.code, exitErrored, got.out, got.err)
			}
			named := false
			for _, q := range result(t, dir).Requirements {
				if strings.HasPrefix(q.ID, "BYOB-NET-") && q.Outcome != reports.Errored && !(test.tls == "false" && q.Outcome == reports.NotApplicable) {
					t.Errorf("%s: got %s (%s), want %s", q.ID, q.Outcome, q.Reason, reports.Errored)
				}
				named = named || strings.Contains(q.Reason, test.variable)
			}
			if !named {
				t.Errorf("no reason names %s: %s", test.variable, line(t, result(t, dir), "BYOB-NET-001").Reason)
			}
			noSecrets(t, dir, got, canary)
		})
	}
}

// TestProxyOfTheEnvironmentIsHonoured certifies a bucket whose host only the proxy can find.
func TestProxyOfTheEnvironmentIsHonoured(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "aws", stores.Setup{})
	var tunnels atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := b.Network.Lookup(strings.TrimSuffix(r.Host, ":443"))
		if r.Method != http.MethodConnect || !ok || r.Header.Get("Proxy-Authorization") != "Basic cHJveHl1c2VyOnByb3h5LXBhc3N3b3JkLWNhbmFyeQ==" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		tunnels.Add(1)
		tunnel(t, w, to)
	}))
	defer proxy.Close()
	dir := filepath.Join(t.TempDir(), "report")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, h.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	got := asProcess(t, b.Address, []string{"HTTPS_PROXY=" + strings.Replace(proxy.URL, "http://", "http://proxyuser:proxy-password-canary@", 1)},
		"certify", "-", "--ca-file", ca, "--out", dir)
	if got.code != exitIncomplete {
		t.Fatalf("exit code: got %d, want %d\n%s%s", got.code, exitIncomplete, got.out, got.err)
	}
	if tunnels.Load() == 0 {
		t.Error("no request went through the proxy")
	}
	if q := line(t, result(t, dir), "BYOB-NET-001"); q.Outcome != reports.Passed || !strings.Contains(q.Observations[0].What, "proxy") {
		t.Errorf("BYOB-NET-001: got %s, %v; want passed, looked up by the proxy", q.Outcome, q.Observations)
	}
	noSecrets(t, dir, got, append(b.Secrets, "proxy-password-canary")...)
}

// tunnel joins a CONNECT request with its destination.
func tunnel(t *testing.T, w http.ResponseWriter, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		t.Errorf("the proxy can't reach the store: %v", err)
		return
	}
	in, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Errorf("hijack: %v", err)
		return
	}
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(out, buffered)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
	_ = in.Close()
}

// asProcess runs the program as a process of its own, with more in its environment.
func asProcess(t *testing.T, in string, env []string, args ...string) called {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errw bytes.Buffer
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errw
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return called{cmd.ProcessState.ExitCode(), out.String(), errw.String()}
}

// TestPlainHTTPIsSeenAndSaid certifies a bucket behind an endpoint without TLS.
func TestPlainHTTPIsSeenAndSaid(t *testing.T) {
	h := newHost(t)
	b := provision(t, h, "s3-compatible", stores.Setup{})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.CACertificate())
	u, err := url.Parse(b.Address)
	if err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(&httputil.ReverseProxy{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", u.Host, r.In.Host
		},
	})
	defer plain.Close()
	dir := filepath.Join(t.TempDir(), "report")
	address := strings.Replace(withHost(b.Address, strings.TrimPrefix(plain.URL, "http://")), "&tls=true", "&tls=false", 1)
	got := call(t, address, "certify", "-", "--out", dir)
	if got.code != exitOK {
		t.Errorf("exit code: got %d, want %d\n%s", got.code, exitOK, got.out)
	}
	r := result(t, dir)
	if q := line(t, r, "BYOB-NET-003"); q.Outcome != reports.NotApplicable {
		t.Errorf("BYOB-NET-003: got %s, want not applicable", q.Outcome)
	}
	if q := line(t, r, "BYOB-ADDR-006"); !strings.Contains(observed(q), "warning") {
		t.Errorf("BYOB-ADDR-006 doesn't warn about plain http: %s", observed(q))
	}
	if q := line(t, r, "BYOB-XFER-001"); q.Outcome != reports.Passed {
		t.Errorf("BYOB-XFER-001: got %s (%s), want passed", q.Outcome, q.Reason)
	}
	noSecrets(t, dir, got, b.Secrets...)
}

func observed(q reports.Requirement) string {
	var all []string
	for _, o := range q.Observations {
		all = append(all, o.What+" "+o.Expected+" "+o.Actual)
	}
	return strings.Join(all, "\n")
}
