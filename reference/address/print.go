package address

import (
	"fmt"
	"strings"
)

// String prints the address without its credentials, ID included: redaction is the default (BYOB-ADDR-017). Without
// credentials it is the whole address, and parses again.
func (a Address) String() string { return a.print(redacted) }

// Reveal prints the whole address with its credentials, percent-encoded. It is a secret. Parse reads it back to an
// equal address, given the same options (BYOB-ADDR-017); its commas are encoded, so it fits into a list of stores.
func (a *Address) Reveal() string {
	var b strings.Builder
	b.Grow(len(a.Credentials.ID) + len(a.Credentials.Secret.Reveal())*5/4 + 3)
	escape(&b, a.Credentials.ID)
	b.WriteByte(':')
	escape(&b, a.Credentials.Secret.Reveal())
	return a.print(b.String())
}

// Canonical names the bucket and the sub-path, and nothing else: scheme, endpoint, account, bucket, path, with neither
// credentials nor query. CoreWeave's two forms have one canonical form. Certificates and file names use it.
func (a *Address) Canonical() string {
	if a.Provider == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(16 + len(a.Endpoint) + len(a.Bucket) + len(a.Path))
	b.WriteString(a.scheme())
	a.writeLocation(&b, a.Provider == CoreWeave)
	return b.String()
}

// GoString is for %#v, GomegaString for the failure messages of Gomega; both redact.
func (a Address) GoString() string { return a.String() }

// GomegaString redacts.
func (a Address) GomegaString() string { return a.String() }

// Format redacts, whatever the verb.
func (a Address) Format(f fmt.State, _ rune) { write(f, a.String()) }

// MarshalText redacts; JSON, YAML and logs use it.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func (a *Address) scheme() string {
	switch a.Provider {
	case CoreWeave:
		return "cw://"
	case GCP:
		return "gs://"
	case Azure:
		return "az://"
	}
	return "s3://"
}

// print puts the address together. userinfo stands before the "@" if the address has credentials.
func (a *Address) print(userinfo string) string {
	if a.Provider == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(64 + len(userinfo) + len(a.Endpoint) + len(a.Bucket) + len(a.Path))
	b.WriteString(a.scheme())
	if a.HasCredentials() {
		b.WriteString(userinfo)
		b.WriteByte('@')
	}
	a.writeLocation(&b, a.Provider == CoreWeave && !a.HasCredentials())
	a.writeQuery(&b)
	return b.String()
}

// writeLocation writes endpoint or account, bucket and sub-path.
func (a *Address) writeLocation(b *strings.Builder, bucketFirst bool) {
	switch {
	case bucketFirst:
		b.WriteString(a.Bucket)
		b.WriteByte('.')
		b.WriteString(a.Endpoint)
	case a.Provider == Azure:
		b.WriteString(a.Account)
		b.WriteByte('/')
		b.WriteString(a.Bucket)
	case a.Endpoint != "":
		b.WriteString(a.Endpoint)
		b.WriteByte('/')
		b.WriteString(a.Bucket)
	default:
		b.WriteString(a.Bucket)
	}
	for rest, more := a.Path, a.Path != ""; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		b.WriteByte('/')
		escape(b, segment)
	}
}

// writeQuery writes what is not the default. A region that came from elsewhere is not written, so that reading the
// address back finds it there again.
func (a *Address) writeQuery(b *strings.Builder) {
	sep := byte('?')
	add := func(key, value string) {
		b.WriteByte(sep)
		b.WriteString(key)
		b.WriteString(value)
		sep = '&'
	}
	if a.RegionFrom == FromQuery {
		add("region=", a.Region)
	}
	switch {
	case a.Provider == CoreWeave && a.HasCredentials(), a.Provider == S3Compatible && a.TLS:
		add("tls=", "true")
	case a.Provider == S3Compatible, a.Provider == AWS && !a.TLS:
		add("tls=", "false")
	}
	if a.PathStyle != a.defaultPathStyle() {
		if a.PathStyle {
			add("forcePathStyle=", "true")
		} else {
			add("forcePathStyle=", "false")
		}
	}
}

// escape percent-encodes everything but the unreserved characters of RFC 3986, so that no reader, form decoders
// included, takes anything else out of it than what was put in.
func escape(b *strings.Builder, s string) {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if c := s[i]; unreserved[c] {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
}

var unreserved = byteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
