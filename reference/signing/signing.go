// Package signing mints, verifies and explains pre-signed URLs of the three schemes W&B meets: S3 Signature Version 4 in
// the query, Google Cloud Storage V4 in the query (RSA and HMAC keys), and Azure shared access signatures (service, user
// delegation; account SAS for verifying). It is pure: no network, no clock, no environment; times, keys and requests are
// arguments, and every type is safe for concurrent use once made. A verifier says at which Stage a request is refused and
// why (Cause), in words for an administrator; Explain goes on and looks for what was changed. Comparison of signatures
// is constant-time. No error, sentence or printed form holds a secret, a session token or a whole signature: only
// Signed.URL and the canonical request of a Verdict are secrets, and both keep out of every printed form.
//
// Sources: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in the Amazon S3 API Reference;
// "Signed URLs" and "V4 signing process: canonical requests" in Google's Cloud Storage documentation; "Create a service
// SAS", "Create a user delegation SAS" and "Create an account SAS" in Microsoft's Storage REST API reference.
//
// Readings of ours where the sources leave a choice: a URL is valid up to and including its last second (S3, GCS), and
// to before its expiry (Azure, "the time at which the SAS becomes invalid"); a plus sign in a query is a space, as the
// providers' own libraries write it; a default port in Host is as good as none; the list of signed headers must be
// sorted and in lower case, as every document says it shall be.
package signing

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Scheme is a way of signing a URL.
type Scheme string

// The schemes. None is the scheme of a URL that carries no signature at all.
const (
	None            Scheme = ""
	S3              Scheme = "S3 Signature Version 4"
	GCS             Scheme = "GCS V4"
	AzureService    Scheme = "Azure service SAS"
	AzureDelegation Scheme = "Azure user delegation SAS"
	AzureAccount    Scheme = "Azure account SAS"
)

// Skew is how far into the future a V4 URL may be dated: 15 minutes (S3 error RequestTimeTooSkewed).
const Skew = 15 * time.Minute

// MaxLifetime is the longest life of a V4 URL: 7 days, 604,800 seconds, for S3 and for GCS.
const MaxLifetime = 7 * 24 * time.Hour

// Unsigned is what stands for the payload's hash where the body is not signed.
const Unsigned = "UNSIGNED-PAYLOAD"

// Style is where the bucket stands in a URL.
type Style int

// PathStyle is https://host/bucket/key, VirtualHosted https://bucket.host/key, and BucketBound https://host/key, where
// the host stands for one bucket (Google's "bucket bound hostname").
const (
	PathStyle Style = iota
	VirtualHosted
	BucketBound
)

// Input is a request as the server saw it, and what the server knows.
type Input struct {
	Method string
	// Host is the Host header as sent, with its port if it had one.
	Host string
	// RawPath and RawQuery are what stood on the request line, before any decoding.
	RawPath, RawQuery string
	// Header holds the other headers. Content-Length stands here too when it was sent.
	Header http.Header
	// TLS says whether the request came by https; it decides what a default port is, and Azure's spr.
	TLS bool
	// Remote is the client's address for Azure's sip; the zero address skips that check.
	Remote netip.Addr
	// Time is the server's clock.
	Time time.Time

	// Keys returns the keys that may have signed what the claim says, none if its credential is unknown. Its argument
	// must not be kept or changed.
	Keys func(*Claim) []Key

	// Region and Service are the server's own; "" accepts any region, and "" is the service s3 (GCS: storage). AnyService
	// accepts every service.
	Region, Service string
	// Domains are hosts, without port, whose subdomains are buckets (S3, GCS) or accounts (Azure), besides the clouds' own.
	Domains []string
	// Bucket is the bucket that the host stands for, where neither host nor path says (bucket-bound hosts).
	Bucket string
	// Account is the Azure account, where neither host nor path says (custom domains).
	Account string
	// PayloadHash overrides UNSIGNED-PAYLOAD, for services other than S3 that sign the body's hash.
	PayloadHash string
	// Policy reads a container's stored access policy (Azure's si); nil knows none.
	Policy func(container, id string) (Policy, bool)
}

// AnyService in Input.Service accepts every service in a credential scope.
const AnyService = "*"

// Policy is a stored access policy of an Azure container; zero times and "" leave the matter to the URL.
type Policy struct {
	Permissions   string
	Start, Expiry time.Time
}

// Received makes an Input of a request that a net/http server received: path and query stay as they were sent.
func Received(r *http.Request, now time.Time) Input {
	target := r.RequestURI
	if target == "" || !strings.HasPrefix(target, "/") {
		target = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
	}
	path, query, _ := strings.Cut(target, "?")
	in := Input{Method: r.Method, Host: r.Host, RawPath: path, RawQuery: query, Header: r.Header, TLS: r.TLS != nil, Time: now}
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if r.ContentLength > 0 && r.Header.Get("Content-Length") == "" {
		in.Header = r.Header.Clone()
		in.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		in.Remote = a.Addr()
	}
	return in
}

// FromURL makes an Input of a URL as a client would send it, without headers. It splits by hand, since net/url's errors
// print what they could not read, and a pre-signed URL is a secret.
func FromURL(method, rawURL string, now time.Time) (Input, error) {
	scheme, host, path, query, err := splitURL(rawURL)
	if err != nil {
		return Input{}, err
	}
	return Input{Method: method, Host: host, RawPath: path, RawQuery: query, TLS: scheme == "https", Header: http.Header{}, Time: now}, nil
}

// Detect says by the parameters' names which scheme a query is signed with, None if with none.
func Detect(rawQuery string) Scheme {
	s := None
	for rawQuery != "" {
		var part string
		part, rawQuery, _ = strings.Cut(rawQuery, "&")
		raw, _, _ := strings.Cut(part, "=")
		name, ok := unescape(raw, true)
		if !ok {
			continue
		}
		switch {
		case strings.HasPrefix(name, "X-Goog-") && gcsDialect.owns(name):
			return GCS
		case strings.HasPrefix(name, "X-Amz-") && s3Dialect.owns(name):
			return S3
		case name == "skoid":
			s = AzureDelegation
		case (name == "ss" || name == "srt") && s != AzureDelegation:
			s = AzureAccount
		case (name == "sig" || name == "sv") && s == None:
			s = AzureService
		}
	}
	return s
}

// Verify judges a request by the scheme its query is signed with. It never returns nil and never an accepted Verdict
// for a request without a signature.
func Verify(in Input) *Verdict {
	switch s := Detect(in.RawQuery); s {
	case S3:
		return verifyV4(&s3Dialect, &in)
	case GCS:
		return verifyV4(&gcsDialect, &in)
	case AzureService, AzureDelegation, AzureAccount:
		return verifyAzure(s, &in)
	default:
		v := &Verdict{Claim: Claim{Method: in.Method, Host: in.Host}}
		if legacy(in.RawQuery) {
			return v.refuse(StageParameters, CauseAlgorithm, "", "the URL is signed by Signature Version 2 (Signature, Expires and an access ID), which W&B and current stores do not use; mint it anew with Version 4")
		}
		return v.refuse(StageParameters, CauseAnonymous, "", "the URL carries no signature: it is an anonymous request, and the bucket must refuse it")
	}
}

// legacy recognises Signature Version 2 of S3 and GCS.
func legacy(rawQuery string) bool {
	q := "&" + rawQuery
	return strings.Contains(q, "&Signature=") && (strings.Contains(q, "&AWSAccessKeyId=") || strings.Contains(q, "&GoogleAccessId="))
}
