// Package preflight proves what everything else stands on (BYOB-NET): the name resolves, the port answers, the
// certificate is trusted, the clocks agree, the store takes the addressing style, the credentials and the region, and
// the bucket is there. Each has a finding of its own, so that one mistake is named once, and what depends on it is
// undecided instead of failed.
package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
)

// Requirements are all of the family, in the order in which they stand on one another.
var Requirements = []string{"BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004", "BYOB-NET-006", "BYOB-NET-007", "BYOB-NET-005", "BYOB-NET-008"}

// clockLimit is how far a clock may be off: beyond it Amazon S3 answers RequestTimeTooSkewed (Amazon S3 API reference,
// error responses).
const clockLimit = 15 * time.Minute

// Specs declares the family.
func Specs(s *run.Subject) {
	run.It(s, "BYOB-NET-001", "the name of the service and of the bucket resolves", func(ctx context.Context, t *run.T) { resolves(ctx, t, s) },
		run.Settles(bucket.KindNoSuchHost))
	run.It(s, "BYOB-NET-002", "the port answers", func(ctx context.Context, t *run.T) { answers(ctx, t, s) }, run.Needs("BYOB-NET-001"),
		run.Settles(bucket.KindRefused))
	run.It(s, "BYOB-NET-003", "the certificate is trusted and the TLS version suffices", func(ctx context.Context, t *run.T) { trusted(ctx, t, s) },
		run.Needs("BYOB-NET-002"), run.Settles(bucket.KindTLS))
	run.It(s, "BYOB-NET-004", "the store's clock and this machine's agree to 15 minutes", func(ctx context.Context, t *run.T) { clock(ctx, t, s) },
		run.Needs("BYOB-NET-003"), run.Costs(1, 0, 0))
	reached := run.Needs("BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004")
	signsRegion := s.Is("aws", "coreweave", "s3-compatible") // Google and Azure have one addressing style, and sign no region
	if signsRegion {
		run.It(s, "BYOB-NET-006", "the store finds the bucket by the addressing style of the address", func(ctx context.Context, t *run.T) { style(ctx, t, s) },
			reached, run.Costs(3, 0, 0))
	}
	run.It(s, "BYOB-NET-007", "the store accepts the credentials, and refuses others", func(ctx context.Context, t *run.T) { credentials(ctx, t, s) },
		reached, run.Costs(3, 0, 0))
	if signsRegion {
		run.It(s, "BYOB-NET-005", "the region of the address is the bucket's", func(ctx context.Context, t *run.T) { region(ctx, t, s) },
			reached, run.Costs(3, 0, 0))
	}
	run.It(s, "BYOB-NET-008", "the bucket is there", func(ctx context.Context, t *run.T) { exists(ctx, t, s) },
		run.Needs("BYOB-NET-006", "BYOB-NET-007"), reached, run.Costs(1, 0, 0))
}

// hosts are the URLs of what a client talks to: the service, and the bucket's own host where it has one.
func hosts(s *run.Subject) []*url.URL {
	us := []*url.URL{s.Service}
	if h := s.BucketHost(); h != "" && h != s.Service.Host {
		us = append(us, &url.URL{Scheme: s.Service.Scheme, Host: h})
	}
	return us
}

func resolves(ctx context.Context, t *run.T, s *run.Subject) {
	if s.Address == nil {
		t.Errorf("the address could not be parsed (%s)", s.AddressError.Requirement)
	}
	for _, u := range hosts(s) {
		r, err := s.Wire.Resolve(ctx, u)
		advise(t, err)
		t.OK(fmt.Sprintf("the name %s resolves", u.Hostname()), err)
		if len(r.Addresses) > 0 {
			t.Observe("%s is %s, by %s", r.Host, strings.Join(r.Addresses, ", "), r.By)
			continue
		}
		conn, err := s.Wire.Connect(ctx, u) // whether a proxy finds a name, only a connection shows
		advise(t, err)
		t.OK(fmt.Sprintf("the name %s is found by %s", u.Hostname(), r.By), err)
		_ = conn.Close()
		t.Observe("%s is looked up by %s, which takes a connection for it", r.Host, r.By)
	}
}

// advise says what mends a missing answer: the proxy where it stood in the way, else what the catalogue says.
func advise(t *run.T, err error) {
	if p := (*wire.ProxyError)(nil); errors.As(err, &p) {
		t.Advise("the proxy stands in the way, and the store was not asked: mend or unset %s, or name the store's host in NO_PROXY", p.Setting)
		return
	}
	if advice := silent(err); advice != "" {
		t.Advise("%s", advice)
		return
	}
	t.AdviseRemedy()
}

// silent says what to do where nobody answered: what mends a wrong answer would lead astray.
func silent(err error) string {
	if err == nil {
		return ""
	}
	var resolver *wire.SilentResolverError
	switch kind := bucket.Classify("", err).Kind; {
	case kind != bucket.KindTimeout && kind != bucket.KindReset:
		return ""
	case errors.As(err, &resolver):
		return "this machine's name server does not answer, so whether the name exists is not known: check this machine's network, VPN and resolver (/etc/resolv.conf), then run it again:\n  dig " + resolver.Name
	case kind == bucket.KindReset:
		return "something took the connection and reset it: check the port, and what lies between (firewall, proxy, a load balancer with nothing behind it), then run it again"
	}
	return "nothing comes back from there: check this machine's network, and what lies between (firewall, VPN, security group, a load balancer with nothing behind it), then run it again"
}

func answers(ctx context.Context, t *run.T, s *run.Subject) {
	for _, u := range hosts(s) {
		began := time.Now()
		conn, err := s.Wire.Connect(ctx, u)
		advise(t, err)
		t.OK(fmt.Sprintf("a connection to %s", u.Host), err)
		_ = conn.Close()
		t.Observe("%s accepted a connection after %s", u.Host, time.Since(began).Round(time.Millisecond))
	}
}

func trusted(ctx context.Context, t *run.T, s *run.Subject) {
	if s.Service.Scheme != "https" && s.Address.TLS {
		t.Observe("the address asks for TLS, and the endpoint given for the run is %s", s.Service.Scheme)
		t.Advise("%s", "name an https endpoint, or write tls=false into the address if plain http is really meant")
		t.Fail("TLS, as the address asks", "an endpoint without TLS")
	}
	if s.Service.Scheme != "https" {
		t.NotApplicable("the address asks for an endpoint without TLS (%s)", s.Service.Scheme)
	}
	for _, u := range hosts(s) {
		h, err := s.Wire.Handshake(ctx, u, 0)
		switch advice := silent(err); {
		case advice != "":
			t.Advise("%s", advice)
		case err != nil:
			t.Advise("%s", tlsAdvice(err))
		}
		t.OK(fmt.Sprintf("a certificate for %s that is trusted, and %s or better", u.Hostname(), minimum(s)), err)
		t.Observe("%s shows a certificate for %s, issued by %q, valid until %s; %s, %s", u.Hostname(), h.Subject, h.Issuer, h.Until.UTC().Format(time.DateOnly),
			h.Version, h.Cipher)
	}
}

func minimum(s *run.Subject) string {
	if s.Is("coreweave") {
		return "TLS 1.3"
	}
	return "TLS 1.2"
}

// tlsAdvice names the certificate problem and what mends it.
func tlsAdvice(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		issuer := ""
		if unknown.Cert != nil {
			issuer = fmt.Sprintf(" (%q)", unknown.Cert.Issuer.String())
		}
		return fmt.Sprintf("the certificate's issuer%s is not among the trusted roots: pass its CA certificate with --ca-file, and give the same CA to W&B's server and to every client and browser; or install a certificate from a public CA", issuer)
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate is for other names (%s): issue one that names the host of the address", strings.Join(host.Certificate.DNSNames, ", "))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate is valid from %s to %s only: renew it, or set this machine's clock", invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case errors.As(err, &record):
		return "the port doesn't speak TLS: use the TLS port, or tls=false if plain http is really meant"
	}
	return "let the endpoint offer TLS 1.2 or better (CoreWeave: TLS 1.3) with a certificate that this machine trusts"
}

func clock(ctx context.Context, t *run.T, s *run.Subject) {
	c, err := s.Wire.Clock(ctx, s.Service)
	if err != nil && bucket.Classify("", err).Kind == bucket.KindOther {
		if s.Service.Scheme == "http" {
			t.Advise("%s", "the address asks for plain http: if this port speaks TLS, write tls=true")
		}
		t.Errorf("the clocks could not be compared: %s", err)
	}
	t.OK("an answer with a Date", err)
	off := c.Off.Abs()
	if off > clockLimit {
		t.Advise("set this machine's clock and the store's by NTP: pre-signed URLs are dated, and a store refuses what is more than 15 minutes off; the store says %s, this machine %s",
			c.Server.UTC().Format(time.RFC3339), c.Local.UTC().Format(time.RFC3339))
	}
	t.True("the store's clock", "at most 15m0s from this machine's", off <= clockLimit, fmt.Sprintf("%s off", c.Off))
}
