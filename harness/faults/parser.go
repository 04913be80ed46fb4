package faults

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
)

// ParserFaults returns all of them: at least one for each of BYOB-ADDR-001 to 020, and one that harms nothing.
func ParserFaults() []ParserFault {
	return slices.Concat(parserHosts(), parserCredentials(), parserLocations(), parserQueries(), parserPrints(), parserLists())
}

// parserHosts concern schemes and hosts.
func parserHosts() []ParserFault {
	return []ParserFault{
		{"tls-off-by-default-on-coreweave", "a CoreWeave address without tls is read as plain http",
			[]string{"BYOB-ADDR-001"}, plainCoreWeave},
		{"lota-accepted", "LOTA endpoints are taken for CoreWeave's own",
			[]string{"BYOB-ADDR-002"}, accepting("BYOB-ADDR-002", "ord1.cwlota.com", "cwobject.com", "cwlota.com", "cwobject.com")},
		{"look-alike-host-accepted", "any host that ends in cwobject.com is taken for CoreWeave's",
			[]string{"BYOB-ADDR-003"}, accepting("BYOB-ADDR-003", "evil-cwobject.com", "cwobject.com")},
		{"older-coreweave-host-accepted", "the older endpoints below coreweave.com are accepted",
			[]string{"BYOB-ADDR-003"}, accepting("BYOB-ADDR-003", "object.ord1.coreweave.com", "cwobject.com")},
		{"gcs-scheme-accepted", "gcs:// is read as gs://",
			[]string{"BYOB-ADDR-012"}, accepting("BYOB-ADDR-012", "gcs://", "gs://")},
		{"right-scheme-not-named", "an unknown scheme is refused without naming the right one",
			[]string{"BYOB-ADDR-012"}, rewording("BYOB-ADDR-012", func(_ string, e *address.Error) { e.Fix = "give a storage address" })},
		{"native-scheme-not-suggested", "an s3:// address of a cloud with a scheme of its own passes without a word",
			[]string{"BYOB-ADDR-014"}, unwarned("BYOB-ADDR-014")},
		{"bare-coreweave-path-accepted", "a bare CoreWeave address may have the bucket in its path",
			[]string{"BYOB-ADDR-015"}, accepting("BYOB-ADDR-015", "cwobject.com/wandb-files", "wandb-files.cwobject.com")},
		{"bucket-as-host-accepted", "credentials may stand before a bucket's name",
			[]string{"BYOB-ADDR-020"}, accepting("BYOB-ADDR-020", "@wandb-files", "@s3.us-west-2.amazonaws.com/wandb-files")},
		{"endpoint-taken-for-a-bucket", "without credentials an endpoint is read as a bucket's name",
			[]string{"BYOB-ADDR-020"}, accepting("BYOB-ADDR-020", "s3.us-west-2.amazonaws.com/", "", "minio:9000/", "")},
	}
}

// parserCredentials concern the pair before the "@".
func parserCredentials() []ParserFault {
	return []ParserFault{
		{"pem-newlines-lost", "the private key of a service account comes out on one line",
			[]string{"BYOB-ADDR-007", "BYOB-ADDR-017"}, changing(func(_ string, a *address.Address) {
				rewriteSecret(a, address.GCP, func(s string) string { return strings.ReplaceAll(s, "\n", "") })
			})},
		{"pem-trimmed", "the private key of a service account loses its last line break",
			[]string{"BYOB-ADDR-007"}, changing(func(_ string, a *address.Address) {
				rewriteSecret(a, address.GCP, strings.TrimSpace)
			})},
		{"azure-key-plus-to-space", "the account key is read as a form value, and its + become spaces",
			[]string{"BYOB-ADDR-008", "BYOB-ADDR-017"}, changing(func(_ string, a *address.Address) {
				rewriteSecret(a, address.Azure, func(s string) string { return strings.ReplaceAll(s, "+", " ") })
			})},
		{"azure-key-not-checked", "an account key that is not base64 is accepted",
			[]string{"BYOB-ADDR-008"}, accepting("BYOB-ADDR-008", "not~base64~at~all", "c3VyZWx5")},
		{"raw-plus-to-space", "a secret key is read as a form value, and a raw + becomes a space",
			[]string{"BYOB-ADDR-010"}, changing(func(raw string, a *address.Address) {
				if strings.Contains(raw, "+") && a.Provider != address.GCP && a.Provider != address.Azure {
					rewriteSecret(a, a.Provider, func(s string) string { return strings.ReplaceAll(s, "+", " ") })
				}
			})},
		{"half-credentials-accepted", "an access key may stand without its secret",
			[]string{"BYOB-ADDR-010"}, retrying("BYOB-ADDR-010", func(raw string) string {
				before, after, _ := strings.Cut(raw, "@")
				if _, user, _ := strings.Cut(before, "://"); strings.Contains(user, ":") {
					return raw
				}
				return before + ":nothing@" + after
			})},
		{"unencoded-secret-accepted", "a secret that is not percent-encoded is guessed at",
			[]string{"BYOB-ADDR-010"}, retrying("BYOB-ADDR-010", func(raw string) string {
				scheme, rest, _ := strings.Cut(raw, "://")
				at := strings.LastIndexByte(rest, '@')
				id, secret, colon := strings.Cut(rest[:max(at, 0)], ":")
				if !colon {
					return raw
				}
				return scheme + "://" + id + ":" + url.PathEscape(secret) + rest[at:]
			})},
		{"secret-in-an-error", "an error repeats the whole address, as net/url's do",
			[]string{"BYOB-ADDR-011"}, rewording("", func(raw string, e *address.Error) { e.Fix += "; parse " + raw })},
		{"secret-in-a-warning", "a warning repeats the secret",
			[]string{"BYOB-ADDR-011"}, changing(func(_ string, a *address.Address) {
				for i := range a.Warnings {
					a.Warnings[i].Fix += " " + a.Credentials.Secret.Reveal()
				}
			})},
	}
}

// parserLocations concern bucket, sub-path and addressing style.
func parserLocations() []ParserFault {
	return []ParserFault{
		{"dotdot-in-sub-path-accepted", "a sub-path may climb by ..",
			[]string{"BYOB-ADDR-009"}, accepting("BYOB-ADDR-009", "/../", "/")},
		{"encoded-slash-accepted", "an encoded slash is read as a slash",
			[]string{"BYOB-ADDR-009"}, accepting("BYOB-ADDR-009", "%2F", "/", "%2f", "/")},
		{"slash-at-the-end-kept", "the slash at the end of a sub-path becomes part of it",
			[]string{"BYOB-ADDR-009"}, changing(func(raw string, a *address.Address) {
				if strings.HasSuffix(raw, "/") && a.Path != "" {
					a.Path += "/"
				}
			})},
		{"bucket-name-rules-skipped", "any name of a bucket, container or account is accepted",
			[]string{"BYOB-ADDR-016"}, func(sound address.Implementation) address.Implementation {
				broken := sound
				broken.Parse = func(raw string, o address.Options) (*address.Address, error) {
					a, err := sound.Parse(raw, o)
					if e := refusedUnder(err, "BYOB-ADDR-016"); e != nil {
						return &address.Address{Provider: e.Provider, Bucket: "unchecked", TLS: true}, nil
					}
					return a, err
				}
				return broken
			}},
		{"underscore-accepted-on-coreweave", "a name that is no part of a host's is accepted on CoreWeave",
			[]string{"BYOB-ADDR-016"}, accepting("BYOB-ADDR-016", "cwobject.com/wandb_files", "cwobject.com/wandb-files")},
		{"path-style-for-aws-without-endpoint", "AWS is addressed in path style where no endpoint asks for it",
			[]string{"BYOB-ADDR-018"}, changing(func(_ string, a *address.Address) {
				if a.Provider == address.AWS && a.Endpoint == "" {
					a.PathStyle = true
				}
			})},
		{"virtual-hosted-style-for-an-endpoint-of-aws", "an explicit endpoint of AWS is addressed in virtual-hosted style",
			[]string{"BYOB-ADDR-018"}, changing(func(raw string, a *address.Address) {
				if a.Provider == address.AWS && a.Endpoint != "" && !strings.Contains(raw, "forcePathStyle") {
					a.PathStyle = false
				}
			})},
		{"look-alike-host-is-virtual-hosted", "a host that only looks like CoreWeave's is addressed like it",
			[]string{"BYOB-ADDR-018"}, changing(func(_ string, a *address.Address) {
				if strings.Contains(a.Endpoint, "cwobject.com") {
					a.PathStyle = false
				}
			})},
	}
}

// parserQueries concern region, TLS and the form of the query.
func parserQueries() []ParserFault {
	return []ParserFault{
		{"tls-false-accepted-on-coreweave", "CoreWeave may be reached by plain http",
			[]string{"BYOB-ADDR-004"}, accepting("BYOB-ADDR-004", "tls=false", "tls=true")},
		{"region-mismatch-ignored", "endpoint and region may disagree",
			[]string{"BYOB-ADDR-005"}, accepting("BYOB-ADDR-005", "region=eu-west-1", "region=us-west-2")},
		{"region-missing-off-aws", "the region may be missing, wherever the instance is",
			[]string{"BYOB-ADDR-005"}, func(sound address.Implementation) address.Implementation {
				broken := sound
				broken.Parse = func(raw string, o address.Options) (*address.Address, error) {
					a, err := sound.Parse(raw, o)
					if o.Instance != nil && refusedUnder(err, "BYOB-ADDR-005") != nil {
						o.Instance = nil
						return sound.Parse(raw, o)
					}
					return a, err
				}
				return broken
			}},
		{"region-not-required", "an S3-compatible address may have no region",
			[]string{"BYOB-ADDR-006"}, accepting("BYOB-ADDR-006", "?tls=true", "?region=us-east-1&tls=true")},
		{"plain-http-not-warned", "an S3-compatible store is reached by plain http without a word",
			[]string{"BYOB-ADDR-006"}, unwarned("BYOB-ADDR-006")},
		{"repeated-query-key-last-wins", "of a key that stands there twice the last one counts",
			[]string{"BYOB-ADDR-013"}, accepting("BYOB-ADDR-013", "region=us-west-2&region=us-west-2", "region=us-west-2", "tls=true&tls=true", "tls=true")},
		{"unknown-query-key-ignored", "an unknown key is skipped",
			[]string{"BYOB-ADDR-013"}, accepting("BYOB-ADDR-013", "&colour=blue", "")},
		{"second-question-mark-swallowed", "what follows a second ? becomes part of the region",
			[]string{"BYOB-ADDR-013"}, accepting("BYOB-ADDR-013", "region=us-east-1?tls=true", "region=us-east-1")},
		{"path-style-coreweave-accepted", "CoreWeave may be addressed in path style",
			[]string{"BYOB-ADDR-013"}, accepting("BYOB-ADDR-013", "tls=true&forcePathStyle=true", "tls=true")},
	}
}

// parserPrints concern what is printed; the last one harms nothing.
func parserPrints() []ParserFault {
	return []ParserFault{
		{"print-loses-the-port", "a printed address has no port",
			[]string{"BYOB-ADDR-017"}, printing(func(s string) string { return strings.Replace(s, ":9000/", "/", 1) })},
		{"sub-path-printed-unencoded", "a printed address has its sub-path as it is",
			[]string{"BYOB-ADDR-017"}, printing(func(s string) string {
				return strings.NewReplacer("%23", "#", "%3F", "?").Replace(s)
			})},
		{"print-shows-the-secret", "printing an address does not redact it",
			[]string{"BYOB-ADDR-011", "BYOB-ADDR-017"}, func(sound address.Implementation) address.Implementation {
				broken := sound
				broken.Print = sound.Reveal
				return broken
			}},
		{"addresses-reworded", "errors end in another sentence, and redaction has another mark", nil,
			func(sound address.Implementation) address.Implementation {
				same := rewording("", func(_ string, e *address.Error) { e.Fix += "; see the documentation" })(sound)
				same.Print = func(a *address.Address) string { return strings.Replace(sound.Print(a), "[redacted]", "xxxxx", 1) }
				return same
			}},
	}
}

// parserLists concern the list of supported file stores.
func parserLists() []ParserFault {
	return []ParserFault{
		{"bad-store-item-dropped", "an item of the list that can't be read is skipped, as W&B does",
			[]string{"BYOB-ADDR-019"}, listing(func(sound address.Implementation, list string, o address.Options) (*address.Stores, error) {
				var good []string
				for item := range strings.SplitSeq(list, ",") {
					if _, err := sound.ParseStores(item, o); err == nil && strings.TrimSpace(item) != "" {
						good = append(good, item)
					}
				}
				return sound.ParseStores(strings.Join(good, ","), o)
			})},
		{"coreweave-item-in-any-case", "CW:// enables CoreWeave, too",
			[]string{"BYOB-ADDR-019"}, listing(func(sound address.Implementation, list string, o address.Options) (*address.Stores, error) {
				return sound.ParseStores(strings.ReplaceAll(list, "CW://", "cw://"), o)
			})},
		{"commas-decoded-before-splitting", "an encoded comma parts items as well",
			[]string{"BYOB-ADDR-019"}, listing(func(sound address.Implementation, list string, o address.Options) (*address.Stores, error) {
				return sound.ParseStores(strings.ReplaceAll(list, "%2C", ","), o)
			})},
	}
}

// plainCoreWeave breaks reading and printing alike, as one wrong default would.
func plainCoreWeave(sound address.Implementation) address.Implementation {
	broken := changing(func(raw string, a *address.Address) {
		if a.Provider == address.CoreWeave && a.HasCredentials() && !strings.Contains(raw, "tls=") {
			a.TLS = false
		}
	})(sound)
	broken.Reveal = func(a *address.Address) string {
		if a.Provider == address.CoreWeave && !a.TLS {
			return strings.NewReplacer("?tls=true", "", "&tls=true", "").Replace(sound.Reveal(a))
		}
		return sound.Reveal(a)
	}
	return broken
}

// refusedUnder returns the error of a refusal under the requirement ("" for any), else nil.
func refusedUnder(err error, requirement string) *address.Error {
	var e *address.Error
	if errors.As(err, &e) && (requirement == "" || e.Requirement == requirement) {
		return e
	}
	return nil
}

// retrying parses what is refused under the requirement once more, in another form.
func retrying(requirement string, form func(raw string) string) func(address.Implementation) address.Implementation {
	return func(sound address.Implementation) address.Implementation {
		broken := sound
		broken.Parse = func(raw string, o address.Options) (*address.Address, error) {
			a, err := sound.Parse(raw, o)
			if refusedUnder(err, requirement) != nil {
				if other := form(raw); other != raw {
					return sound.Parse(other, o)
				}
			}
			return a, err
		}
		return broken
	}
}

// accepting takes what is refused under the requirement for what it looks like: old and new in pairs.
func accepting(requirement string, pairs ...string) func(address.Implementation) address.Implementation {
	return retrying(requirement, strings.NewReplacer(pairs...).Replace)
}

// changing alters what is accepted.
func changing(change func(raw string, a *address.Address)) func(address.Implementation) address.Implementation {
	return func(sound address.Implementation) address.Implementation {
		broken := sound
		broken.Parse = func(raw string, o address.Options) (*address.Address, error) {
			a, err := sound.Parse(raw, o)
			if err == nil {
				change(raw, a)
			}
			return a, err
		}
		return broken
	}
}

// rewording alters the errors of refusals under the requirement.
func rewording(requirement string, change func(raw string, e *address.Error)) func(address.Implementation) address.Implementation {
	return func(sound address.Implementation) address.Implementation {
		broken := sound
		broken.Parse = func(raw string, o address.Options) (*address.Address, error) {
			a, err := sound.Parse(raw, o)
			if e := refusedUnder(err, requirement); e != nil {
				change(raw, e)
			}
			return a, err
		}
		return broken
	}
}

// unwarned drops the warnings under the requirement.
func unwarned(requirement string) func(address.Implementation) address.Implementation {
	return changing(func(_ string, a *address.Address) {
		a.Warnings = slices.DeleteFunc(a.Warnings, func(f address.Finding) bool { return f.Requirement == requirement })
	})
}

// printing alters the address that is printed whole.
func printing(change func(string) string) func(address.Implementation) address.Implementation {
	return func(sound address.Implementation) address.Implementation {
		broken := sound
		broken.Reveal = func(a *address.Address) string { return change(sound.Reveal(a)) }
		return broken
	}
}

// listing replaces the reader of lists.
func listing(read func(sound address.Implementation, list string, o address.Options) (*address.Stores, error)) func(address.Implementation) address.Implementation {
	return func(sound address.Implementation) address.Implementation {
		broken := sound
		broken.ParseStores = func(list string, o address.Options) (*address.Stores, error) { return read(sound, list, o) }
		return broken
	}
}

// rewriteSecret changes the secret of a provider's address.
func rewriteSecret(a *address.Address, p address.Provider, change func(string) string) {
	if a.Provider == p && a.HasCredentials() {
		a.Credentials.Secret = address.NewSecret(change(a.Credentials.Secret.Reveal()))
	}
}
