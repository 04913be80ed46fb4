package address

import (
	"fmt"
	"regexp"
	"strings"
)

// String prints the address without its credentials, ID included: redaction is the default (BYOB-ADDR-017). Without
// credentials it is the whole address, and parses again.
func (a Address) String() string { return a.print(redacted, a.Shown, a.ShownRegion()) }

// Reveal prints the whole address with its credentials, percent-encoded. It is a secret. Parse reads it back to an
// equal address, given the same options (BYOB-ADDR-017); its commas are encoded, so it fits into a list of stores.
func (a *Address) Reveal() string {
	var b strings.Builder
	b.Grow(len(a.Credentials.ID) + len(a.Credentials.Secret.Reveal())*5/4 + 3)
	escape(&b, a.Credentials.ID)
	b.WriteByte(':')
	escape(&b, a.Credentials.Secret.Reveal())
	return a.print(b.String(), whole, a.Region)
}

func whole(part string) string { return part }

// minSecret keeps a secret that is a word ("key") from hiding every part of an address; such secrets are for play.
const minSecret = 6

// Shown is a part of the address (endpoint, account, bucket, sub-path, host) as it may be shown: not at all where either
// half of the credentials is found in it, in any case of letters, as after a slip of the paste buffer.
func (a *Address) Shown(part string) string {
	in := strings.ToLower(part)
	for _, half := range []string{a.Credentials.Secret.Reveal(), a.Credentials.ID} {
		for line := range strings.Lines(half) { // of a private key every line is a secret
			if line = strings.TrimSpace(line); len(line) >= minSecret && strings.Contains(in, strings.ToLower(line)) {
				return redacted
			}
		}
	}
	return part
}

// regionForm is how providers write regions: us-east-1, and CoreWeave's US-EAST-04A. Keys mix letters of both cases.
var regionForm = regexp.MustCompile(`^([a-z0-9-]{1,63}|[A-Z0-9-]{1,63})$`)

// ShownRegion is the region as it may be shown: only what looks like one, and is no part of the credentials.
func (a *Address) ShownRegion() string {
	if a.Region != "" && !regionForm.MatchString(a.Region) {
		return redacted
	}
	return a.Shown(a.Region)
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
	a.writeLocation(&b, a.Provider == CoreWeave, a.Shown)
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

// print puts the address together. userinfo stands before the "@" if the address has credentials; show is asked for every
// other part.
func (a *Address) print(userinfo string, show func(string) string, region string) string {
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
	a.writeLocation(&b, a.Provider == CoreWeave && !a.HasCredentials(), show)
	a.writeQuery(&b, region)
	return b.String()
}

// writeLocation writes endpoint or account, bucket and sub-path.
func (a *Address) writeLocation(b *strings.Builder, bucketFirst bool, show func(string) string) {
	switch {
	case bucketFirst:
		b.WriteString(show(a.Bucket))
		b.WriteByte('.')
		b.WriteString(show(a.Endpoint))
	case a.Provider == Azure:
		b.WriteString(show(a.Account))
		b.WriteByte('/')
		b.WriteString(show(a.Bucket))
	case a.Endpoint != "":
		b.WriteString(show(a.Endpoint))
		b.WriteByte('/')
		b.WriteString(show(a.Bucket))
	default:
		b.WriteString(show(a.Bucket))
	}
	if path := show(a.Path); path != a.Path {
		b.WriteString("/" + path)
		return
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
func (a *Address) writeQuery(b *strings.Builder, region string) {
	sep := byte('?')
	add := func(key, value string) {
		b.WriteByte(sep)
		b.WriteString(key)
		b.WriteString(value)
		sep = '&'
	}
	if a.RegionFrom == FromQuery {
		add("region=", region)
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
