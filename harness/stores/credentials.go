package stores

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// credentials are an access key and its secret, in the form AWS gives them: 20 and 40 characters, and the secret may hold
// "/" and "+". Here it always holds both, so that no address or signature is right only by luck.
type credentials struct {
	id, secret string
}

func newCredentials() (credentials, error) {
	var id [10]byte
	if _, err := rand.Read(id[:]); err != nil {
		return credentials{}, fmt.Errorf("make an access key: %w", err)
	}
	for {
		var secret [30]byte
		if _, err := rand.Read(secret[:]); err != nil {
			return credentials{}, fmt.Errorf("make a secret key: %w", err)
		}
		s := base64.StdEncoding.EncodeToString(secret[:])
		if strings.Contains(s, "/") && strings.Contains(s, "+") {
			return credentials{id: "AKIA" + base32.StdEncoding.EncodeToString(id[:]), secret: s}, nil
		}
	}
}

// newName makes a bucket name every provider accepts: lower-case letters, digits and one dash, none of the reserved prefixes.
func newName() (string, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a bucket name: %w", err)
	}
	return "byob-" + hex.EncodeToString(b[:]), nil
}

// escape encodes a part of an address: everything but RFC 3986's unreserved characters, so that the strictest of parsers
// reads it back. (url.PathEscape leaves + @ : = and others that mean something in a userinfo.)
func escape(s string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(unreserved, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

// escapePath encodes a sub-path, its slashes left alone, with one in front; "" stays "".
func escapePath(p string) string {
	if p == "" {
		return ""
	}
	return "/" + strings.ReplaceAll(escape(p), "%2F", "/")
}
