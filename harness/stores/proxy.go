package stores

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
)

// proxy passes requests on byte by byte: what a client signed is what the store must see. Method, target, Host and headers
// stay as they came, nothing is added (no X-Forwarded-For, no User-Agent, no Accept-Encoding), bodies and trailers
// stream both ways, lengths are kept. Only what RFC 9110, section 7.6.1, makes a matter of one connection is left out.
// net/http/httputil's ReverseProxy loses a request's trailers and cleans queries.
type proxy struct {
	transport http.RoundTripper
	// ahead is how many bytes of a body of known length have to be there before the store is asked at all: fasthttp reads the
	// first 8 KiB before its handler, and versitygw prints on standard error when they don't come.
	ahead  int
	failed func(w http.ResponseWriter, r *http.Request, err error) // answers when the store cannot be asked
}

// connectionHeaders concern one connection (RFC 9110, section 7.6.1).
var connectionHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := p.outgoing(w, r)
	if n := min(int64(p.ahead), r.ContentLength); n > 0 && r.Header.Get("Expect") == "" {
		b := bufio.NewReaderSize(r.Body, p.ahead)
		if _, err := b.Peek(int(n)); err != nil {
			panic(http.ErrAbortHandler) // the client broke off
		}
		out.Body = struct {
			io.Reader
			io.Closer
		}{b, r.Body}
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // the client has gone: there is nobody to answer
		}
		p.failed(w, r, err)
		return
	}
	defer resp.Body.Close()
	copyResponse(w, resp)
}

// outgoing is the request as the store gets it.
func (p *proxy) outgoing(w http.ResponseWriter, r *http.Request) *http.Request {
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code != http.StatusContinue { // the front's server sends its own, when the body is first read
			for k, v := range h {
				w.Header()[k] = v
			}
			w.WriteHeader(code)
			clear(w.Header())
		}
		return nil
	}}
	out := (&http.Request{
		Method: r.Method, URL: target(r), Host: r.Host, Header: r.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: r.Body, ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding,
		Trailer: r.Trailer, // the server fills this very map when the body ends
	}).WithContext(httptrace.WithClientTrace(r.Context(), trace))
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	removeConnectionHeaders(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // present and empty: net/http adds none
	}
	return out
}

// target is the request target exactly as it was sent. An opaque URL is written unchanged; one that begins with two slashes
// would be taken for an authority there, and its path is written as the server read it.
func target(r *http.Request) *url.URL {
	u := &url.URL{Scheme: "http", Host: "store"}
	if strings.HasPrefix(r.RequestURI, "/") && !strings.HasPrefix(r.RequestURI, "//") {
		u.Opaque = r.RequestURI
		return u
	}
	u.Path, u.RawPath, u.RawQuery, u.ForceQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.ForceQuery
	return u
}

func removeConnectionHeaders(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range connectionHeaders {
		h.Del(name)
	}
}

// copyResponse writes a response as it arrives. A body that breaks off breaks off for the client too.
func copyResponse(w http.ResponseWriter, resp *http.Response) {
	h := w.Header()
	for k, v := range resp.Header {
		h[k] = v
	}
	removeConnectionHeaders(h)
	for _, name := range []string{"Content-Type", "Date"} {
		if _, ok := resp.Header[name]; !ok {
			h[name] = nil // present and empty: net/http neither guesses a type nor adds a date
		}
	}
	for name := range resp.Trailer {
		h.Add("Trailer", name)
	}
	w.WriteHeader(resp.StatusCode)
	flush := http.NewResponseController(w)
	buf := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				panic(http.ErrAbortHandler)
			}
			flush.Flush()
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	for k, v := range resp.Trailer {
		h[k] = v
	}
}
