package stores

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// xmlError is an error as S3 and GCS's XML API write one (S3 API reference, "Error responses").
type xmlError struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
	Details string `xml:",omitempty"`
	// Resource is the path asked for.
	Resource  string `xml:",omitempty"`
	RequestID string `xml:"RequestId,omitempty"`
}

// writeXMLError answers with an error; to HEAD without its body, as HTTP has it.
func writeXMLError(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(xmlError{Code: code, Message: message, Resource: r.URL.Path}); err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", fmt.Sprint(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

// hostOf is the Host of a request without port, in lower case.
func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(host)
}

// onlyHost lets through requests for one host, path style; the gateway itself would also take the bucket's name from another.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hostOf(r) != host {
			writeXMLError(w, r, http.StatusBadRequest, "InvalidRequest",
				fmt.Sprintf("This endpoint is %s, path style; the request is for %q.", host, r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// onlyVirtualHosted lets through requests whose host is one label below domain: CoreWeave AI Object Storage takes no
// path-style requests (docs.coreweave.com, "Endpoints").
func onlyVirtualHosted(domain string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		label, below := strings.CutSuffix(hostOf(r), "."+domain)
		if !below || label == "" || strings.Contains(label, ".") {
			writeXMLError(w, r, http.StatusBadRequest, "InvalidRequest",
				fmt.Sprintf("Path-style requests are not supported: the bucket's name belongs before %s in the host; the request is for %q.", domain, r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// gatewayGone answers when the gateway behind a front can't be asked.
func gatewayGone(w http.ResponseWriter, r *http.Request, err error) {
	writeXMLError(w, r, http.StatusServiceUnavailable, "ServiceUnavailable", "The store behind this front doesn't answer.")
}
