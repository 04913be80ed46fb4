package address

import "strings"

// maxLength is far above the longest address there is: a GCS private key of 4096 bits is about 5 KiB when encoded.
const maxLength = 64 << 10

// Parse reads one address and checks it against every requirement of the ADDR family. White space at its ends is
// dropped, for files end in line breaks. Every error is an *Error.
func Parse(raw string, o Options) (*Address, error) {
	a, err := parse(raw, o)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func parse(raw string, o Options) (*Address, *Error) {
	scheme, rest, err := cutScheme(raw)
	if err != nil {
		return nil, err
	}
	p, err := schemeProvider(scheme, rest)
	if err != nil {
		return nil, err
	}
	if err := expected(o.Provider, p, scheme); err != nil {
		return nil, err
	}
	s, err := split(p, rest)
	if err != nil {
		return nil, err
	}
	if err := placeholders(p, &s); err != nil {
		return nil, err
	}
	a := &Address{Provider: p}
	switch scheme {
	case "cw":
		err = parseCoreWeave(a, &s)
	case "gs":
		err = parseGCS(a, &s)
	case "az":
		err = parseAzure(a, &s)
	default:
		err = parseS3(a, &s, o)
	}
	if err != nil {
		return nil, err
	}
	if o.Edition == edition2024Connector || o.Edition == edition2024BYOB {
		if a.Provider == CoreWeave {
			a.warn("BYOB-ADDR-001", "scheme", "edition "+o.Edition+" does not describe CoreWeave", "use the edition 2025-09 or later")
		}
		if a.Path != "" {
			a.warn("BYOB-ADDR-009", "path", "edition "+o.Edition+" does not describe sub-paths", "use the edition 2025-09 or later")
		}
	}
	return a, nil
}

// cutScheme trims the address, refuses what is none, and returns the scheme in lower case.
func cutScheme(raw string) (scheme, rest string, err *Error) {
	bad := func(part, rule, fix string) (string, string, *Error) {
		return "", "", refuse("", "BYOB-ADDR-012", part, rule, fix)
	}
	raw = strings.Trim(strings.TrimPrefix(raw, "\ufeff"), " \t\r\n")
	const schemes = "begin it with cw://, s3://, gs:// or az://"
	switch {
	case raw == "":
		return bad("address", "it is empty", schemes)
	case len(raw) > maxLength:
		return bad("address", "it is longer than 64 KiB", "give one address, not a file of something else")
	}
	if q := raw[0]; q == '"' || q == '\'' || q == '`' || strings.HasPrefix(raw, "\u201c") || strings.HasPrefix(raw, "\u2018") {
		return bad("address", "there are quotation marks around it", "leave them out: they belong to a shell or a file, not to the address")
	}
	if q := raw[len(raw)-1]; q == '"' || q == '\'' || q == '`' {
		return bad("address", "there is a quotation mark at its end", "leave it out: it belongs to a shell or a file, not to the address")
	}
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return bad("scheme", "there is no scheme", schemes)
	}
	for i := 0; i < len(scheme); i++ {
		if c := scheme[i] | 0x20; c >= 'a' && c <= 'z' || i > 0 && (isDigits(scheme[i:i+1]) || strings.IndexByte("+-.", scheme[i]) >= 0) {
			continue
		}
		return bad("scheme", "what stands before :// is no scheme", schemes)
	}
	if scheme == "" {
		return bad("scheme", "there is no scheme before ://", schemes)
	}
	return strings.ToLower(scheme), rest, nil
}

// schemeProvider returns the provider of a scheme, as far as the scheme decides it: "" for s3. Another scheme is
// refused, naming the right one (BYOB-ADDR-012).
func schemeProvider(scheme, rest string) (Provider, *Error) {
	wrong := func(p Provider, right string) (Provider, *Error) {
		return "", refuse(p, "BYOB-ADDR-012", "scheme", "this scheme is unknown", "write "+right+" instead")
	}
	switch scheme {
	case "cw":
		return CoreWeave, nil
	case "s3":
		return "", nil
	case "gs":
		return GCP, nil
	case "az":
		return Azure, nil
	case "gcs", "gcp", "google", "gcloud", "googlestorage":
		return wrong(GCP, "gs://")
	case "azure", "azblob", "blob", "abfs", "abfss", "wasb", "wasbs", "adl", "azureblob":
		return wrong(Azure, "az://")
	case "coreweave", "caios", "cwobject", "cwo":
		return wrong(CoreWeave, "cw://")
	case "aws", "s3a", "s3n", "s3s", "amazon", "minio", "ceph", "s3+http", "s3+https":
		return wrong("", "s3://")
	case "http", "https":
		p, right := byHost(rest)
		return "", refuse(p, "BYOB-ADDR-012", "scheme", "a web address is no storage address", "write "+right)
	}
	return wrong("", "cw://, s3://, gs:// or az://")
}

// byHost picks the scheme for the host of a web address, which is nothing it prints.
func byHost(rest string) (Provider, string) {
	authority := rest[:authorityEnd(rest)]
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	host, _, _ := strings.Cut(strings.ToLower(authority), ":")
	host = strings.TrimSuffix(host, ".")
	switch {
	case isBelow(host, coreWeaveEndpoint), isBelow(host, lotaEndpoint), isBelow(host, "coreweave.com"):
		return CoreWeave, "cw:// and the host cwobject.com"
	case isBelow(host, googleEndpoint), isBelow(host, "storage.cloud.google.com"):
		return GCP, "gs:// and the bucket's name"
	case isBelow(host, azureDomain):
		return Azure, "az:// and the storage account's name"
	case isAWS(host):
		return AWS, "s3:// and the regional endpoint"
	}
	return S3Compatible, "s3:// and tls=true in the query"
}

// expected refuses an address whose scheme belongs to another provider than the one asked for. The two providers of
// s3:// are told apart by the host, in parseS3.
func expected(want, is Provider, scheme string) *Error {
	if want == "" || want == is || scheme == "s3" && (want == AWS || want == S3Compatible) {
		return nil
	}
	return refuse(is, "BYOB-ADDR-012", "scheme", "this is no address of the expected provider, "+known(want), "write "+form(want))
}

// known guards a word from outside that goes into a message.
func known(p Provider) string {
	switch p {
	case AWS, CoreWeave, GCP, Azure, S3Compatible:
		return string(p)
	}
	return "which is none of aws, coreweave, gcp, azure and s3-compatible"
}

// placeholders refuses what was left in from the documentation's templates, or by a shell that did not expand it.
func placeholders(p Provider, s *parts) *Error {
	found := func(part, fix string) *Error {
		return refuse(p, formOf(p), part, "there is a placeholder that was left in", fix)
	}
	id, secret, _ := strings.Cut(s.userinfo, ":")
	bucket, _, _ := strings.Cut(strings.TrimPrefix(s.path, "/"), "/")
	host, _, _ := strings.Cut(s.host, ":")
	switch {
	case isPlaceholder(id) || isPlaceholder(secret):
		return found("credentials", "put in the real, percent-encoded credentials: "+pairForm(p))
	case isPlaceholder(host) && p == GCP:
		return found("bucket", "put in the bucket's own name")
	case isPlaceholder(host) && p == Azure:
		return found("account", "put in the storage account's own name")
	case isPlaceholder(host):
		return found("host", "put in the endpoint's own name")
	case isPlaceholder(bucket) && (p == GCP || !s.hasUserinfo && p != Azure):
		return found("path", "put in the sub-path's own name, or leave it out")
	case isPlaceholder(bucket):
		return found("bucket", "put in the bucket's own name")
	}
	return nil
}
