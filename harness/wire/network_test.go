package wire_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/wire"
)

func TestLookupTakesAHostInAnySpelling(t *testing.T) {
	n := wire.Network{Hosts: map[string]string{"cwobject.com": "a:1", ".cwobject.com": "b:1", ".Deep.cwobject.com": "c:1", "Upper.test.": "d:1"}}
	for host, want := range map[string]string{
		"cwobject.com": "a:1", "CWOBJECT.com": "a:1", "cwobject.com.": "a:1", "bucket.cwobject.com": "b:1", "Bucket.CWObject.COM.": "b:1",
		"x.deep.cwobject.com": "c:1", "upper.test": "d:1", "notcwobject.com": "", "": "", ".": "", "com": "",
	} {
		if got, ok := n.Lookup(host); got != want || ok != (want != "") {
			t.Errorf("Lookup(%q) = %q, %t; want %q", host, got, ok, want)
		}
	}
}

func TestAClosedNetworkIsNeverLeft(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	asked := 0
	n := wire.Network{Closed: true, Hosts: map[string]string{"here.test": l.Addr().String(), "there.test": "192.0.2.1:" + port, "named.test": "localhost:" + port, ".below.test": "[2001:db8::1]:" + port},
		ProxyFunc: func(*http.Request) (*url.URL, error) { asked++; return url.Parse("http://" + l.Addr().String()) }}
	for _, test := range []struct {
		host    string
		reached bool
	}{
		{"here.test", true}, {"HERE.test.", true}, {"127.0.0.1", true}, {"::ffff:127.0.0.1", true},
		{"localhost", false}, {"LOCALHOST.", false}, {"example.com", false}, {"192.0.2.1", false}, {"0.0.0.0", false}, {"::", false},
		{"::1%lo", false}, {"2130706433", false}, {"0x7f.1", false}, {"127.1", false}, {"169.254.169.254", false}, {"", false},
		{"there.test", false}, {"named.test", false}, {"x.below.test", false}, {"fe80::1%lo", false},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		conn, err := n.Dial(ctx, "tcp", net.JoinHostPort(test.host, port))
		if conn != nil {
			if at := conn.RemoteAddr().String(); at != l.Addr().String() {
				t.Errorf("%q: connected to %s", test.host, at)
			}
			_ = conn.Close()
		}
		var dns *net.DNSError
		if test.reached != (err == nil) || err != nil && (!errors.As(err, &dns) || !dns.IsNotFound) {
			t.Errorf("%q: got %v, want reached %t, and else no such host", test.host, err, test.reached)
		}
		if _, err := n.Resolve(ctx, test.host); test.reached != (err == nil) {
			t.Errorf("Resolve(%q): got %v, want success %t", test.host, err, test.reached)
		}
		cancel()
		tr := transport(t, wire.Options{Network: n})
		if strings.Contains(test.host, "%") || test.host == "" || test.reached {
			continue
		}
		host := test.host
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if _, err := tr.RoundTrip(attempt{method: "GET", url: "http://" + host + ":" + port + "/"}.request(t)); err == nil {
			t.Errorf("a request to %q left the network", test.host)
		}
	}
	if asked != 0 {
		t.Errorf("the proxy was asked for %d times", asked)
	}
}

func TestAProxyIsUsedForWhatIsFarAway(t *testing.T) {
	n := wire.Network{Hosts: map[string]string{".mapped.test": "127.0.0.1:1"}, ProxyFunc: func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.test:3128") }}
	for raw, want := range map[string]bool{
		"https://s3.amazonaws.com/": true, "https://10.1.2.3/": true, "http://minio.example/": true,
		"https://localhost/": false, "https://LOCALHOST.:9000/": false, "https://a.localhost/": false, "https://127.0.0.1:9000/": false, "https://127.1.2.3/": false, "https://[::1]:9000/": false,
		"https://A.mapped.test/": false, "http://169.254.169.254/": false, "http://[fe80::1]/": false,
	} {
		u, err := n.Proxy(&http.Request{URL: link(t, raw)})
		if err != nil || (u != nil) != want {
			t.Errorf("%s: got proxy %v, %v; want one: %t", raw, u, err, want)
		}
	}
}

func TestAProxySettingThatCannotBeUsedIsNotShown(t *testing.T) {
	for name, ask := range map[string]func(*http.Request) (*url.URL, error){
		"unreadable": func(*http.Request) (*url.URL, error) {
			return nil, errors.New(`invalid proxy address "http://u:hunter2@[:1"`)
		},
		"of another kind": func(*http.Request) (*url.URL, error) { return url.Parse("socks5://u:hunter2@proxy.test:1080") },
		"without a host":  func(*http.Request) (*url.URL, error) { return url.Parse("http://u:hunter2@") },
	} {
		tr := transport(t, wire.Options{Network: wire.Network{ProxyFunc: ask}})
		u := link(t, "https://far.test/")
		_, asRequest := tr.RoundTrip(attempt{method: "GET", url: u.String()}.request(t))
		_, asConnection := tr.Connect(t.Context(), u)
		_, asName := tr.Resolve(t.Context(), u)
		for _, err := range []error{asRequest, asConnection, asName} {
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "proxy setting") {
				t.Errorf("%s: got %v, want an error on the proxy setting without the password", name, err)
			}
		}
	}
}
