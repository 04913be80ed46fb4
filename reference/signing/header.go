package signing

import (
	"net/http"
	"slices"
	"strings"
)

// headerValues returns the values of a header given in lower case, in the order received, also where a header was
// filled past its canonical spelling.
func headerValues(h http.Header, lower string) ([]string, bool) {
	if v, ok := h[http.CanonicalHeaderKey(lower)]; ok {
		return v, true
	}
	var names []string
	for name := range h {
		if strings.EqualFold(name, lower) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, false
	}
	slices.Sort(names)
	var all []string
	for _, n := range names {
		all = append(all, h[n]...)
	}
	return all, true
}

// appendValues writes a header's values canonically: each trimmed, runs of spaces made one, joined by commas. tabs says
// that a run of any white space counts (GCS); S3 speaks of spaces only, so a tab inside stays.
func appendValues(dst []byte, values []string, tabs bool) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		v = strings.TrimSpace(v)
		run := false
		for j := 0; j < len(v); j++ {
			c := v[j]
			if c == ' ' || tabs && (c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
				if !run {
					dst = append(dst, ' ')
				}
				run = true
				continue
			}
			run = false
			dst = append(dst, c)
		}
	}
	return dst
}

// hostOnly is the list of signed headers where no other is; nobody writes to it.
var hostOnly = []string{"host"}

// signedNames are the headers to be signed, "host" among them, in lower case and sorted.
func signedNames(h http.Header) []string {
	dst := append(make([]string, 0, len(h)+1), "host")
	for name := range h {
		if lower := strings.ToLower(name); lower != "host" {
			dst = append(dst, lower)
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// hostNames are the spellings of Host a signer may have signed: first the one most likely meant.
//
// S3: a default port is left out, as the SDKs do. GCS: Google's library signs the host without any port (conformance
// test "Simple GET with non-default hostname"), other signers with it.
func hostNames(host string, tls bool, noPort bool) (first, second string) {
	name, port := splitPort(host)
	if port == "" {
		return host, ""
	}
	if noPort || tls && port == "443" || !tls && port == "80" {
		return name, host
	}
	return host, ""
}

// splitPort cuts the port off host[:port]; brackets of an IPv6 address stay.
func splitPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host[i:], ']') >= 0 || strings.IndexByte(host[:i], ':') >= 0 && host[0] != '[' {
		return host, ""
	}
	for _, c := range host[i+1:] {
		if c < '0' || c > '9' {
			return host, ""
		}
	}
	return host[:i], host[i+1:]
}
