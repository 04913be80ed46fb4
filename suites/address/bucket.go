package address

import (
	"context"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
)

// bucketSpecs judge the one address that the subject was given.
func bucketSpecs(s *run.Subject) {
	check := func(id, text string, f func(context.Context, *run.T, *address.Address), options ...run.Option) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) { f(ctx, t, parsed(t, s, id)) }, options...)
	}
	if s.Is("coreweave") {
		check("BYOB-ADDR-001", "a CoreWeave address with credentials names cwobject.com, by TLS", coreweave)
		check("BYOB-ADDR-004", "a CoreWeave address does not turn TLS off", func(_ context.Context, t *run.T, a *address.Address) { t.Equal("TLS in the address", true, a.TLS) })
		check("BYOB-ADDR-004", "the connection to CoreWeave is TLS 1.3 or better", func(ctx context.Context, t *run.T, _ *address.Address) { tls13(ctx, t, s) },
			run.Needs("BYOB-NET-003"))
		check("BYOB-ADDR-015", "a bare CoreWeave address has its bucket in the host", bareCoreWeave)
	}
	if s.Is("aws") {
		check("BYOB-ADDR-005", "an Amazon S3 address names a region, and the endpoint agrees", amazon)
	}
	if s.Is("s3-compatible") {
		check("BYOB-ADDR-006", "an S3-compatible address names endpoint and region", compatible)
	}
	if s.Is("gcp") {
		check("BYOB-ADDR-007", "a Google Cloud Storage address carries a service account and its whole private key", google)
	}
	if s.Is("azure") {
		check("BYOB-ADDR-008", "an Azure address carries account, container and access key", azure)
	}
	check("BYOB-ADDR-009", "the sub-path has neither dots nor empty segments", subPath)
	if s.Is("aws", "s3-compatible") {
		check("BYOB-ADDR-014", "a cloud with a scheme of its own is not addressed by s3://", nativeScheme)
	}
	check("BYOB-ADDR-016", "the bucket's name obeys its provider's rules", names)
	if s.Is("aws", "coreweave", "s3-compatible") {
		check("BYOB-ADDR-018", "the addressing style follows from the address", style)
	}
	if s.Is("aws", "coreweave", "gcp", "azure") {
		check("BYOB-ADDR-020", "an address without credentials names the bucket itself", bare)
	}
}

// parsed is the subject's address. When it was refused, the requirement under which it was refused fails, and about all
// others nothing can be said.
func parsed(t *run.T, s *run.Subject, id string) *address.Address {
	e := s.AddressError
	if e == nil {
		return s.Address
	}
	if e.Requirement == id {
		t.Observe("the address is refused: %s: %s", e.Part, e.Rule)
		t.Advise("%s", e.Fix)
		t.Fail(s.Rule(id), fmt.Sprintf("%s: %s", e.Part, e.Rule))
	}
	t.Errorf("the address could not be parsed, see %s", e.Requirement)
	return nil
}

// warned observes the warnings that the address got under a requirement.
func warned(t *run.T, a *address.Address, id string) {
	for _, w := range a.Warnings {
		if w.Requirement == id {
			t.Observe("a warning: %s: %s; %s", w.Part, w.Rule, w.Fix)
		}
	}
}

func needCredentials(t *run.T, a *address.Address) {
	if !a.HasCredentials() {
		t.NotApplicable("the address %s carries no credentials: the provider's own chain is meant (BYOB-ADDR-020)", a)
	}
}

func coreweave(_ context.Context, t *run.T, a *address.Address) {
	needCredentials(t, a)
	t.Equal("host", "cwobject.com", a.Endpoint)
	t.Equal("TLS", true, a.TLS)
	warned(t, a, "BYOB-ADDR-001")
}

func tls13(ctx context.Context, t *run.T, s *run.Subject) {
	h, err := s.Wire.Handshake(ctx, s.Service, 0)
	t.OK("a TLS 1.3 handshake with "+s.Service.Host, err)
	t.Equal("the version agreed on", "TLS 1.3", h.Version)
}

func bareCoreWeave(_ context.Context, t *run.T, a *address.Address) {
	if a.HasCredentials() {
		t.NotApplicable("the address %s carries credentials, and so its bucket in the path (contradiction 1 of the sources)", a)
	}
	t.Equal("host of object requests", a.Bucket+".cwobject.com", a.BucketHost())
}

func amazon(_ context.Context, t *run.T, a *address.Address) {
	needCredentials(t, a)
	t.True("region", "known, from the query, the endpoint or the instance", a.Region != "", fmt.Sprintf("%q from %q", a.Region, a.RegionFrom))
	t.True("endpoint", "Amazon's", a.Endpoint != "", a.Endpoint)
	warned(t, a, "BYOB-ADDR-005")
}

func compatible(_ context.Context, t *run.T, a *address.Address) {
	needCredentials(t, a)
	t.True("endpoint", "named in the address", a.Endpoint != "", a.Endpoint)
	t.Equal("region from", "query", a.RegionFrom)
	t.Observe("TLS: %t", a.TLS)
	warned(t, a, "BYOB-ADDR-006")
}

func google(_ context.Context, t *run.T, a *address.Address) {
	needCredentials(t, a)
	t.True("service account", "an e-mail address", strings.Contains(a.Credentials.ID, "@"), yes(strings.Contains(a.Credentials.ID, "@")))
	pem := a.Credentials.Secret.Reveal()
	t.True("private key", "a whole PEM block", strings.HasPrefix(pem, "-----BEGIN ") && strings.Contains(pem, "-----END "), "a PEM block")
}

// yes says a fact without the value that it is about, which may be a secret in the wrong place.
func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "no"
}

func azure(_ context.Context, t *run.T, a *address.Address) {
	needCredentials(t, a)
	t.True("storage account", "named", a.Account != "", a.Account)
	t.True("container", "named", a.Bucket != "", a.Bucket)
	t.True("access key", "there", !a.Credentials.Secret.IsZero(), "there")
}

func subPath(_ context.Context, t *run.T, a *address.Address) {
	t.Observe("sub-path %q", a.Path)
	for seg := range strings.SplitSeq(a.Path, "/") {
		if a.Path != "" && (seg == "" || seg == "." || seg == "..") {
			t.Fail("a sub-path without dots and empty segments", fmt.Sprintf("%q", a.Path))
		}
	}
}

func nativeScheme(_ context.Context, t *run.T, a *address.Address) {
	for _, w := range a.Warnings {
		if w.Requirement == "BYOB-ADDR-014" {
			t.Observe("endpoint %s: %s", a.Endpoint, w.Rule)
			t.Advise("%s", w.Fix)
			t.Fail("the cloud's own scheme", w.Rule)
		}
	}
	t.Observe("endpoint %q belongs to no cloud with a scheme of its own", a.Endpoint)
}

func names(_ context.Context, t *run.T, a *address.Address) {
	t.Observe("bucket %q obeys the rules of %s", a.Bucket, a.Provider)
	warned(t, a, "BYOB-ADDR-016")
}

// style holds the address's style against the rule, and the host of object requests against the style.
func style(_ context.Context, t *run.T, a *address.Address) {
	path, why := false, "no endpoint is named"
	switch {
	case a.Endpoint == "cwobject.com":
		why = "CoreWeave serves virtual hosts only"
	case a.Endpoint != "":
		path, why = true, "an endpoint is named"
	case strings.Contains(a.Bucket, "."):
		path, why = true, "no certificate covers a bucket with dots as a host"
	}
	t.Observe("endpoint %q, bucket %q: %s", a.Endpoint, a.Bucket, why)
	warned(t, a, "BYOB-ADDR-018")
	if strings.Contains(a.String(), "forcePathStyle=") {
		t.Observe("forcePathStyle in the address overrules it")
	} else {
		t.Equal("the bucket in the path", path, a.PathStyle)
	}
	t.Equal("the host of object requests begins with the bucket", !a.PathStyle, strings.HasPrefix(a.BucketHost(), a.Bucket+"."))
}

func bare(_ context.Context, t *run.T, a *address.Address) {
	if a.HasCredentials() {
		t.NotApplicable("the address %s carries credentials, and its host is no bare bucket name", a)
	}
	t.True("bucket", "named", a.Bucket != "", a.String())
	warned(t, a, "BYOB-ADDR-020")
}
