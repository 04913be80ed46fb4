package stores

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listen starts a server that answers each connection's first request with a fixed answer, and reports the bytes of the
// request up to its end marker.
func listen(t *testing.T, end, answer string) (addr string, got <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var b strings.Builder
		r := bufio.NewReader(conn)
		for !strings.HasSuffix(b.String(), end) {
			x, err := r.ReadByte()
			if err != nil {
				break
			}
			b.WriteByte(x)
		}
		io.WriteString(conn, answer)
		c <- b.String()
	}()
	return l.Addr().String(), c
}

// through sends a raw request through a front and returns what the store got and what the client got.
func through(t *testing.T, request, end, answer string) (atStore, atClient string) {
	t.Helper()
	addr, got := listen(t, end, answer)
	h, err := NewHost(t.Context(), HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	transport := &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Second,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}}
	defer transport.CloseIdleConnections()
	f, err := h.front(frontOptions{MinTLS: tls.VersionTLS12, Handler: &proxy{transport: transport, ahead: 8 << 10, failed: gatewayGone}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", f.addr, &tls.Config{RootCAs: h.authority.pool, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(conn, request)
	select {
	case atStore = <-got:
	case <-time.After(5 * time.Second):
		t.Fatal("nothing complete came to the store within 5 seconds")
	}
	all, _ := io.ReadAll(conn)
	return atStore, string(all)
}

func TestTheProxyPassesTargetsUnchanged(t *testing.T) {
	for _, target := range []string{
		"/", "/a%2Fb", "/a%2fb", "/a+b", "/a%20b", "//double", "/a//b", "/a/../b", "/a/./b", "/%7Etilde", "/~tilde", "/a;b", "/a=b,c",
		"/caf%C3%A9", "/caf\xc3\xa9", "/k?", "/k?a;b", "/k?a=1&a=2&b", "/k?x=%2F+%20/", "/k?X-Amz-Signature=00&list-type=2", "/%25", "/a|b", "/'()*!",
	} {
		t.Run(target, func(t *testing.T) {
			request := "GET " + target + " HTTP/1.1\r\nHost: bucket.example.com:8443\r\nConnection: close\r\n\r\n"
			got, answer := through(t, request, "\r\n\r\n", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			line, _, _ := strings.Cut(got, "\r\n")
			if want := "GET " + target + " HTTP/1.1"; line != want {
				t.Errorf("the store got %q, want %q", line, want)
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 204 ") {
				t.Errorf("the client got %q", answer)
			}
		})
	}
}

func TestTheProxyAddsAndLosesNoHeaders(t *testing.T) {
	request := "PUT /k HTTP/1.1\r\nHost: Bucket.Example.com\r\nContent-Length: 3\r\nX-Amz-Date: 1\r\nX-Forwarded-For: 10.0.0.1\r\n" +
		"Accept-Encoding: br\r\nX-Twice: a\r\nX-Twice: b\r\nX-Empty:\r\nX-Hop: 1\r\nConnection: close, X-Hop\r\n\r\nabc"
	got, answer := through(t, request, "abc", "HTTP/1.1 200 Fine\r\nETag: \"x\"\r\nServer: S\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: 0\r\n\r\n")
	want := []string{"PUT /k HTTP/1.1", "Host: Bucket.Example.com", "Content-Length: 3", "X-Amz-Date: 1", "X-Forwarded-For: 10.0.0.1",
		"Accept-Encoding: br", "X-Twice: a", "X-Twice: b", "X-Empty: "}
	sameLines(t, "the store", got, want)
	sameLines(t, "the client", answer, []string{"HTTP/1.1 200 OK", "Etag: \"x\"", "Server: S", "X-Twice: a", "X-Twice: b", "Content-Length: 0", "Connection: close"})
}

// sameLines compares the head of a message with lines in any order.
func sameLines(t *testing.T, who, message string, want []string) {
	t.Helper()
	head, _, _ := strings.Cut(message, "\r\n\r\n")
	got := map[string]int{}
	for line := range strings.SplitSeq(head, "\r\n") {
		got[line]++
	}
	for _, line := range want {
		if got[line] == 0 {
			t.Errorf("%s didn't get %q; it got\n%s", who, line, head)
		}
		got[line]--
	}
	for line, n := range got {
		if n > 0 {
			t.Errorf("%s got %q besides", who, line)
		}
	}
}

func TestTheProxyPassesTrailersBothWays(t *testing.T) {
	request := "PUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
	answer := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Back\r\n\r\n3\r\ndef\r\n0\r\nX-Back: 2\r\n\r\n"
	got, back := through(t, request, "X-Sum: 1\r\n\r\n", answer)
	if !strings.Contains(got, "Trailer: X-Sum\r\n") || !strings.Contains(got, "3\r\nabc\r\n0\r\nX-Sum: 1\r\n") {
		t.Errorf("the store got %q, want the body and its trailer", got)
	}
	if !strings.Contains(back, "Trailer: X-Back\r\n") || !strings.HasSuffix(back, "3\r\ndef\r\n0\r\nX-Back: 2\r\n\r\n") {
		t.Errorf("the client got %q, want the body and its trailer", back)
	}
}

func TestABodyThatBreaksOffBreaksOffForTheClient(t *testing.T) {
	_, back := through(t, "GET /k HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(back)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err == nil || resp.ContentLength != 10 {
		t.Errorf("got %q of %d bytes without an error, want a body cut short of 10", body, resp.ContentLength)
	}
}

func TestABodyIsPassedOnAsItComes(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	more := make(chan struct{})
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first")
		w.(http.Flusher).Flush()
		<-more
		fmt.Fprint(w, "second")
	}))
	h, err := NewHost(t.Context(), HostOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}}
	defer transport.CloseIdleConnections()
	f, err := h.front(frontOptions{MinTLS: tls.VersionTLS12, Handler: &proxy{transport: transport, ahead: 8 << 10, failed: gatewayGone}})
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: h.authority.pool}}, Timeout: 5 * time.Second}
	defer c.CloseIdleConnections()
	resp, err := c.Get("https://" + f.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "first" {
		t.Errorf("before the store has finished: got %q, %v; want what it wrote so far", buf, err)
	}
	close(more)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || string(rest) != "second" {
		t.Errorf("afterwards: got %q, %v", rest, err)
	}
}
