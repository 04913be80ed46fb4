package address

import (
	"fmt"
	"unique"
)

// redacted stands wherever a secret would.
const redacted = "[redacted]"

// Secret holds a secret key, private key or account key, and shows it to nobody but callers of Reveal. Two secrets
// are equal (==) when their contents are. The content lies behind a handle, not in a string field, so that a Secret
// prints as a memory address even where fmt can't call its methods (in an unexported field of somebody's struct).
type Secret struct{ handle unique.Handle[string] }

// NewSecret wraps a secret; the empty string makes the zero Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{unique.Make(s)}
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.handle.Value()
}

// IsZero says whether there is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// String never shows the secret; nor do the other forms below.
func (s Secret) String() string { return redacted }

// GoString is for %#v.
func (s Secret) GoString() string { return redacted }

// GomegaString is for the failure messages of Gomega, which looks into unexported fields.
func (s Secret) GomegaString() string { return redacted }

// Format is for all verbs of fmt.
func (s Secret) Format(f fmt.State, _ rune) { write(f, redacted) }

// MarshalText is for YAML, XML, flags and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is for JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Credentials are the pair before the "@" of an address.
type Credentials struct {
	// ID is the access key, or the service account's e-mail address; "" for Azure, whose account is in the host.
	// It is no secret, yet no printed form shows it: who swaps the two parts of the pair puts the secret here.
	ID     string
	Secret Secret
}

// IsZero says whether there are no credentials.
func (c Credentials) IsZero() bool { return c == Credentials{} }

// String shows neither half; nor do the other forms below.
func (c Credentials) String() string {
	if c.IsZero() {
		return "none"
	}
	return redacted
}

// GoString is for %#v.
func (c Credentials) GoString() string { return c.String() }

// GomegaString is for the failure messages of Gomega.
func (c Credentials) GomegaString() string { return c.String() }

// Format is for all verbs of fmt.
func (c Credentials) Format(f fmt.State, _ rune) { write(f, c.String()) }

// MarshalText is for YAML, XML, flags and logs.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalJSON is for JSON.
func (c Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + c.String() + `"`), nil }

// write is what the Format methods share. fmt.State never fails.
func write(f fmt.State, s string) { _, _ = f.Write([]byte(s)) }
