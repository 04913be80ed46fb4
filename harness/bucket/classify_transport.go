package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// transportKind classifies an error that came without any answer, with a message that holds no URL.
func transportKind(err error) (Kind, string) {
	var asURL *url.Error
	if errors.As(err, &asURL) {
		if asURL.Op == "parse" { // its text shows what couldn't be parsed
			return KindOther, "a URL that can't be read"
		}
		err = asURL.Err // net/http puts the whole URL in front, and a pre-signed URL is a secret
	}
	kind := connectionKind(err)
	return kind, clean(err.Error())
}

func connectionKind(err error) Kind {
	var dns *net.DNSError
	var timeout net.Error
	var proxy *wire.ProxyError
	switch {
	case errors.As(err, &proxy): // whatever it is that is wrong with it
		return KindProxy
	case errors.As(err, &dns):
		switch {
		case dns.IsNotFound:
			return KindNoSuchHost
		case dns.IsTimeout:
			return KindTimeout
		}
		return KindOther // the resolver failed: whether the name exists is not known
	case isTLS(err):
		return KindTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT), errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return KindReset
	}
	return KindOther
}

// isTLS recognises a handshake that ended with a decision, by either side: a connection that breaks in it is a reset, one
// that never ends is a timeout.
func isTLS(err error) bool {
	var chain *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var roots x509.SystemRootsError
	if errors.As(err, &chain) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid) ||
		errors.As(err, &record) || errors.As(err, &roots) || errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	// an alert of the other side is an unexported type in an OpError, a mismatch that our side sees has no type at all
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.HasPrefix(e.Error(), "tls: ") {
			return true
		}
	}
	return false
}
