package address

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// The two forms of a service account's private key: PKCS#8, as Google hands it out, and PKCS#1.
const (
	pkcs8 = "PRIVATE KEY"
	pkcs1 = "RSA PRIVATE KEY"
)

// privateKey checks that a decoded secret is a PEM private key and returns it unchanged (BYOB-ADDR-007). One thing is
// mended: a form encoder (url.QueryEscape) writes the spaces of the first and last line as "+". The key's contents
// are checked as far as its outer ASN.1 structure goes; only its user can say whether it is the right one.
func privateKey(secret string) (string, *Error) {
	trimmed := strings.TrimSpace(secret)
	if strings.HasPrefix(trimmed, "-----BEGIN+") {
		for _, kind := range [...]string{pkcs8, pkcs1} {
			plus := strings.ReplaceAll(kind, " ", "+")
			secret = strings.Replace(secret, "-----BEGIN+"+plus+"-----", "-----BEGIN "+kind+"-----", 1)
			secret = strings.Replace(secret, "-----END+"+plus+"-----", "-----END "+kind+"-----", 1)
		}
		trimmed = strings.TrimSpace(secret)
	}
	kind, der, ok := decodePEM(trimmed)
	if ok && (kind == pkcs8 && isPKCS8(der) || kind == pkcs1 && isPKCS1(der)) {
		return secret, nil
	}
	rule, fix := diagnoseKey(trimmed, kind)
	return "", refuse(GCP, "BYOB-ADDR-007", "credentials", rule, fix)
}

// decodePEM reads one PEM block without headers, and nothing around it (RFC 7468). encoding/pem is more lenient: it
// skips what it can't read and drops spaces that were a "+" once. It is slower, too, since it looks for many blocks.
// The kind is returned as soon as the first line is sound.
func decodePEM(s string) (kind string, der []byte, ok bool) {
	s, ok = strings.CutPrefix(s, "-----BEGIN ")
	if !ok {
		return "", nil, false
	}
	first, body, ok := strings.Cut(s, "\n")
	first, dashes := strings.CutSuffix(strings.TrimSuffix(first, "\r"), "-----")
	if !ok || !dashes {
		return "", nil, false
	}
	if body, ok = strings.CutSuffix(body, "\n-----END "+first+"-----"); !ok {
		return first, nil, false
	}
	der, err := base64.StdEncoding.DecodeString(body) // which skips line breaks, \r included
	return first, der, err == nil
}

// diagnoseKey says what is wrong with a key that privateKey did not take.
func diagnoseKey(s, kind string) (rule, fix string) {
	const give = "give the whole private_key of the service account's JSON key file, percent-encoded, line breaks as %0A"
	switch {
	case strings.HasPrefix(s, "{"):
		return "the secret is a whole JSON key file, or the like", give
	case strings.HasPrefix(s, "%2D") || strings.HasPrefix(s, "-----BEGIN%"):
		return "the private key is percent-encoded twice", "encode it once"
	case !strings.HasPrefix(s, "-----BEGIN "):
		return "the secret is no private key in PEM form, and HMAC keys don't do", give
	case strings.Contains(s, `\n`):
		return `the private key holds \n as two characters, as JSON writes a line break`, `write each \n as %0A`
	case strings.IndexByte(s, '\n') < 0:
		return "the private key has lost its line breaks", "write each line break as %0A"
	case kind == "ENCRYPTED PRIVATE KEY" || strings.Contains(s, "Proc-Type:"):
		return "the private key is encrypted with a passphrase", "give it without one"
	case kind == pkcs8 || kind == pkcs1:
		return "the private key is damaged, or is no RSA key", give + "; a + that came as a space must be %2B"
	}
	return "the PEM form holds something other than an RSA private key", give
}

// rsaOID is the object identifier of rsaEncryption (RFC 8017), in DER.
var rsaOID = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}

// isPKCS8 looks at the outside of a PrivateKeyInfo (RFC 5208): version 0, rsaEncryption, and a PKCS#1 key as octets.
func isPKCS8(der []byte) bool {
	body, rest, ok := element(der, 0x30)
	if !ok || len(rest) > 0 {
		return false
	}
	version, body, ok := element(body, 0x02)
	if !ok || len(version) != 1 || version[0] != 0 {
		return false
	}
	algorithm, body, ok := element(body, 0x30)
	if !ok || !bytes.HasPrefix(algorithm, rsaOID) {
		return false
	}
	key, _, ok := element(body, 0x04)
	return ok && isPKCS1(key)
}

// isPKCS1 looks at the outside of an RSAPrivateKey (RFC 8017): version 0 and eight integers after it.
func isPKCS1(der []byte) bool {
	body, rest, ok := element(der, 0x30)
	if !ok || len(rest) > 0 {
		return false
	}
	for i := range 9 {
		var number []byte
		if number, body, ok = element(body, 0x02); !ok || len(number) == 0 {
			return false
		}
		if i == 0 && (len(number) != 1 || number[0] != 0) {
			return false
		}
	}
	return len(body) == 0
}

// element reads one DER element with the given tag.
func element(der []byte, tag byte) (content, rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, false
	}
	n, der := int(der[1]), der[2:]
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 3 || len(der) < size {
			return nil, nil, false
		}
		n = 0
		for _, b := range der[:size] {
			n = n<<8 | int(b)
		}
		der = der[size:]
	}
	if n > len(der) {
		return nil, nil, false
	}
	return der[:n], der[n:], true
}
