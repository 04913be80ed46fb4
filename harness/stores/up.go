package stores

import (
	"context"
	"encoding/pem"
	"maps"
	"slices"
)

// Running is a bucket that is up for somebody to play with, until it or its Host is closed.
type Running struct {
	*Bucket
	// Authority is the certificate, in PEM, that vouches for the bucket's front: for --cacert and its kin.
	Authority []byte
	// Hosts says which name is found where, "cwobject.com 127.0.0.1:40123", sorted: for curl's --connect-to and its
	// kin. A name that begins with a dot stands for all names below it. It is empty when the address is a loopback one.
	Hosts []string
}

// Up provisions a sound bucket and says how programs that know nothing of a Network reach it. Errors are Provision's.
func (h *Host) Up(ctx context.Context, provider string) (*Running, error) {
	b, err := h.Provision(ctx, provider, Setup{})
	if err != nil {
		return nil, err
	}
	r := &Running{Bucket: b, Authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.authority.certificate.Raw})}
	for _, name := range slices.Sorted(maps.Keys(b.Network.Hosts)) {
		r.Hosts = append(r.Hosts, name+" "+b.Network.Hosts[name])
	}
	return r, nil
}
