package stores

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// CACertificate is the certificate of the authority that vouches for every front of the Host, as PEM. It holds no key.
func (h *Host) CACertificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.authority.certificate.Raw})
}

// serverCertificate is a certificate for a server of ours on this machine, and its key, as PEM.
func serverCertificate(ca *authority) (certificate, key []byte, err error) {
	cert, err := ca.issue([]string{loopback, "localhost"})
	if err != nil {
		return nil, nil, err
	}
	return encodeCertificate(cert)
}

// encodeCertificate is a certificate with its chain, and its key, as PEM.
func encodeCertificate(cert tls.Certificate) (chain, key []byte, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("write a certificate: %w", err)
	}
	for _, c := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	return chain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
