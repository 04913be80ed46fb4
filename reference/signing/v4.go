package signing

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// dialect is what differs between the two Version 4 schemes, which are one algorithm: the words.
type dialect struct {
	scheme                       Scheme
	algorithm, credential, date  string
	expires, headers, signature  string
	token, payload               string // parameter names
	hmac, rsa                    string // algorithms
	secretPrefix, terminator     string
	service, region              string // defaults
	headerPrefix, payloadHeader  string
	tabs, hostWithoutPort, byEnc bool
}

// The two dialects are constants in all but name.
var (
	s3Dialect = dialect{
		scheme: S3, algorithm: "X-Amz-Algorithm", credential: "X-Amz-Credential", date: "X-Amz-Date",
		expires: "X-Amz-Expires", headers: "X-Amz-SignedHeaders", signature: "X-Amz-Signature",
		token: "X-Amz-Security-Token", payload: "X-Amz-Content-Sha256", hmac: "AWS4-HMAC-SHA256",
		secretPrefix: "AWS4", terminator: "aws4_request", service: "s3", headerPrefix: "x-amz-",
		payloadHeader: "x-amz-content-sha256", byEnc: true,
	}
	gcsDialect = dialect{
		scheme: GCS, algorithm: "X-Goog-Algorithm", credential: "X-Goog-Credential", date: "X-Goog-Date",
		expires: "X-Goog-Expires", headers: "X-Goog-SignedHeaders", signature: "X-Goog-Signature",
		token: "X-Goog-Security-Token", hmac: "GOOG4-HMAC-SHA256", rsa: "GOOG4-RSA-SHA256",
		secretPrefix: "GOOG4", terminator: "goog4_request", service: "storage", region: "auto", headerPrefix: "x-goog-",
		payloadHeader: "x-goog-content-sha256", tabs: true, hostWithoutPort: true,
	}
)

// owns says whether a parameter belongs to the signature itself.
func (d *dialect) owns(name string) bool {
	switch name {
	case d.algorithm, d.credential, d.date, d.expires, d.headers, d.signature, d.token:
		return true
	}
	return false
}

func (d *dialect) compare(a, b param) int {
	if d.byEnc {
		return sortEncoded(a, b)
	}
	return sortDecoded(a, b)
}

const v4Time = "20060102T150405Z"

// attempt is everything a V4 signature covers, in a form in which a part can be exchanged.
type attempt struct {
	d                     *dialect
	method, path, host    string
	query                 []param // sorted, without the signature
	signed                []string
	header                http.Header
	payload               string
	time                  string // X-Amz-Date
	day, region, service  string
	algorithm, signedText string
}

// appendCanonical writes the canonical request: method, path, query, headers, their names, the payload's hash.
func (a *attempt) appendCanonical(dst []byte) []byte {
	dst = append(append(dst, a.method...), '\n')
	dst = append(append(dst, a.path...), '\n')
	dst = append(appendQuery(dst, a.query), '\n')
	for _, name := range a.signed {
		dst = append(append(dst, name...), ':')
		if name == "host" {
			dst = append(dst, a.host...)
		} else {
			values, _ := headerValues(a.header, name)
			dst = appendValues(dst, values, a.d.tabs)
		}
		dst = append(dst, '\n')
	}
	dst = append(append(append(dst, '\n'), a.signedText...), '\n')
	return append(dst, a.payload...)
}

// appendString writes the string-to-sign: algorithm, time, scope, and the canonical request's hash.
func (a *attempt) appendString(dst, canonical []byte) []byte {
	sum := sha256.Sum256(canonical)
	dst = append(append(dst, a.algorithm...), '\n')
	dst = append(append(dst, a.time...), '\n')
	dst = append(append(dst, a.day...), '/')
	dst = append(append(dst, a.region...), '/')
	dst = append(append(dst, a.service...), '/')
	dst = append(append(dst, a.d.terminator...), '\n')
	return hex.AppendEncode(dst, sum[:])
}

func (a *attempt) credential(id string) string {
	return strings.Join([]string{id, a.day, a.region, a.service, a.d.terminator}, "/")
}
