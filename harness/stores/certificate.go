package stores

import "encoding/pem"

// CACertificate is the certificate of the authority that vouches for every front of the Host, as PEM. It holds no key.
func (h *Host) CACertificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.authority.certificate.Raw})
}
