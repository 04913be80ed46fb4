package reports_test

import (
	"time"

	"github.com/bucketproof/bucketproof/reports"
)

// sample is a run with one of everything: what the tests of every format render.
func sample() *reports.Result {
	started := time.Date(2026, 11, 22, 9, 30, 12, 0, time.UTC)
	seen := func(what string) []reports.Observation {
		return []reports.Observation{{What: what, Requests: []int{3}}}
	}
	r := &reports.Result{
		Edition: "2025-09",
		Profile: "aws",
		Subject: reports.Subject{
			Kind: "bucket", Provider: "aws", Address: "s3://[redacted]@s3.us-east-1.amazonaws.com/acme-wandb-artifacts/team-omega?region=us-east-1",
			Identity: "the access key of the address, which is the one W&B will use",
			Store: reports.Store{Name: "versitygw", Kind: "embedded", Version: "v1.8.0",
				Notes: []string{"The front before this store is ours: it terminates TLS and answers preflights the way AWS documents it."},
				Fidelity: []reports.Fidelity{
					{What: "signatures", Enforced: "yes", Seen: "a request signed with a wrong secret got 403 SignatureDoesNotMatch"},
					{What: "bucket policies", Enforced: "yes", Seen: "a denied GetObject got 403 AccessDenied"},
					{What: "server-side encryption headers", Enforced: "no", Seen: "PUT with aws:kms was taken, HEAD shows no encryption"},
					{What: "object lock", Enforced: "unknown", Seen: "not probed: versioning is off"},
				}},
		},
		Run: reports.Run{ID: "20261122-093012-7f3a", Started: started, Finished: started.Add(41*time.Second + 320*time.Millisecond), Seed: 8402331, Program: "bucketproof v1.0.0 (3f2a9c1)", Filter: "NET,CORS,XFER,PERM,KMS,KEEP"},
		Requirements: []reports.Requirement{
			{ID: "BYOB-NET-001", Level: "MUST", Title: "The store's name resolves", Text: "The host of the address resolves from where the run is made.",
				Source: "Bring your own bucket (BYOB), Troubleshooting, 2025-09", Outcome: reports.Passed, Milliseconds: 3, Observations: seen("A lookup of s3.us-east-1.amazonaws.com gave 52.216.0.1")},
			{ID: "BYOB-NET-003", Level: "MUST", Title: "The TLS chain is trusted and recent enough", Text: "The endpoint shows a certificate chain that is trusted, over TLS 1.2 or better.",
				Source: "Bring your own bucket (BYOB), Provision your bucket, 2025-09", Outcome: reports.Passed, Milliseconds: 41,
				Observations: []reports.Observation{{What: "TLS handshake with s3.us-east-1.amazonaws.com", Expected: "TLS 1.2 or better, trusted chain", Actual: "TLS 1.3, Amazon RSA 2048 M01", Requests: []int{0}}}},
			{ID: "BYOB-NET-005", Level: "MUST", Title: "The region is the bucket's", Text: "The region the address names is the one the bucket is in.",
				Source: "Bring your own bucket (BYOB), Provision your bucket, 2025-09", Outcome: reports.Passed, Milliseconds: 38, Observations: seen("GetBucketLocation says us-east-1")},
			{ID: "BYOB-SIGN-008", Level: "MUST", Title: "An expired URL is refused", Text: "A pre-signed URL is refused after its expiry and leaves no object behind.",
				Source: "Bring your own bucket (BYOB), How W&B uses pre-signed URLs, 2025-09", Outcome: reports.Errored, Milliseconds: 10002,
				Reason: "no answer within 10 s: the connection was reset twice", Expected: "403 AccessDenied, Request has expired", Actual: "read tcp 127.0.0.1:51544->127.0.0.1:7070: connection reset by peer",
				Remedy:       "Run again. If it stays, look for a proxy or firewall between this machine and the store that cuts connections.",
				Observations: []reports.Observation{{What: "PUT before the expiry", Expected: "200", Actual: "200", Control: true, Requests: []int{12}}}, Evidence: "evidence/BYOB-SIGN-008.har"},
			{ID: "BYOB-SIGN-010", Level: "MUST", Title: "No anonymous access: the URL without its query is refused", Text: "The same URL without its signature is refused.",
				Source: "Bring your own bucket (BYOB), 2025-09", Outcome: reports.Passed, Milliseconds: 12,
				Observations: []reports.Observation{{What: "GET without the query", Expected: "403", Actual: "403 AccessDenied", Requests: []int{14}}, {What: "GET with the query", Expected: "200", Actual: "200, 18 bytes", Control: true, Requests: []int{13}}}},
			{ID: "BYOB-XFER-001", Level: "MUST", Title: "A PUT with Content-MD5 is read back identical", Text: "An object put by pre-signed URL with Content-MD5 and Content-Type is read back byte for byte.",
				Source: "Client behaviour, wandb SDK upload, 2025-09", Outcome: reports.Passed, Milliseconds: 55, Observations: seen("PUT of 65,536 bytes, GET gave the same SHA-256"), Evidence: "evidence/BYOB-XFER-001.har"},
			{ID: "BYOB-XFER-002", Level: "MUST", Title: "A wrong MD5 is refused and leaves no object", Text: "A PUT whose Content-MD5 doesn't match its body is refused, and no object is there afterwards.",
				Source: "Client behaviour, wandb SDK upload, 2025-09", Outcome: reports.Failed, Milliseconds: 31, Reason: "the store took the object although its MD5 is wrong",
				Expected: "400 BadDigest, and 404 on a GET afterwards", Actual: "200 OK, and the object is there with 18 bytes",
				Remedy:       "Something before the store drops or ignores Content-MD5. Take the proxy out of the path, or let it pass the header on.",
				Observations: []reports.Observation{{What: "PUT with the MD5 of other bytes", Expected: "400 BadDigest", Actual: "200 OK", Requests: []int{21}}, {What: "PUT with the right MD5", Expected: "200", Actual: "200", Control: true, Requests: []int{20}}, {What: "GET afterwards", Expected: "404", Actual: "200, 18 bytes", Requests: []int{22}}}, Evidence: "evidence/BYOB-XFER-002.har"},
			{ID: "BYOB-XFER-011", Level: "SHOULD", Title: "The sizes at which clients change their ways work", Text: "Objects of 0 bytes, 1 byte, 5 MiB and parts of 100 MiB are written and read.",
				Source: "Client behaviour, 2025-09", Outcome: reports.NotRun, Reason: "needs --long"},
			{ID: "BYOB-CORS-002", Level: "MUST", Title: "The CORS policy allows GET, HEAD and PUT", Text: "The bucket's CORS policy allows the methods GET, HEAD and PUT.",
				Source: "Bring your own bucket (BYOB), CORS policy for AWS, 2025-09", Outcome: reports.Passed, Milliseconds: 9, Observations: seen("The policy has one rule: GET, HEAD, PUT")},
			{ID: "BYOB-CORS-003", Level: "MUST", Title: "The CORS policy exposes ETag", Text: "The bucket's CORS policy exposes the header ETag, without which a browser can't finish a multipart upload.",
				Source: "Bring your own bucket (BYOB), CORS policy for AWS, 2025-09", Outcome: reports.Failed, Milliseconds: 8, Reason: "no rule exposes ETag",
				Expected: "ExposeHeaders: [ETag]", Actual: "ExposeHeaders: []",
				Remedy:       "aws s3api put-bucket-cors --bucket acme-wandb-artifacts --cors-configuration '{\n  \"CORSRules\": [\n    {\n      \"AllowedOrigins\": [\"https://acme.wandb.io\"],\n      \"AllowedMethods\": [\"GET\", \"HEAD\", \"PUT\"],\n      \"AllowedHeaders\": [\"*\"],\n      \"ExposeHeaders\": [\"ETag\"],\n      \"MaxAgeSeconds\": 3000\n    }\n  ]\n}'",
				Observations: []reports.Observation{{What: "The bucket's CORS policy, rule 1", Expected: "ExposeHeaders has ETag", Actual: "AllowedMethods [GET HEAD PUT], AllowedOrigins [*], no ExposeHeaders", Requests: []int{30}}}, Evidence: "evidence/BYOB-CORS-003.har"},
			{ID: "BYOB-CORS-006", Level: "SHOULD", Title: "Preflights are remembered for 3000 s", Text: "The bucket's CORS policy lets browsers remember a preflight for 3000 seconds or more.",
				Source: "Bring your own bucket (BYOB), CORS policy for AWS, 2025-09", Outcome: reports.Failed, Milliseconds: 1, Reason: "max age is shorter than recommended", Expected: "MaxAgeSeconds >= 3000", Actual: "MaxAgeSeconds = 600",
				Remedy: "Set MaxAgeSeconds to 3000 in the CORS rule.", Observations: seen("The bucket's CORS policy, rule 1: MaxAgeSeconds 600")},
			{ID: "BYOB-CORS-009", Level: "MUST", Title: "A foreign origin is not allowed", Text: "With named origins, a preflight from another origin is not allowed.",
				Source: "Bring your own bucket (BYOB), 2025-09", Outcome: reports.NotApplicable, Reason: "the policy allows every origin (*)", Observations: seen("The policy's AllowedOrigins is [*]")},
			{ID: "BYOB-PERM-005", Level: "MUST", Title: "W&B may list object versions", Text: "W&B's principal may call s3:ListBucketVersions on the bucket.",
				Source: "Bring your own bucket (BYOB), Bucket policy for AWS, 2025-09", Outcome: reports.Passed, Milliseconds: 17, Observations: seen("ListObjectVersions below the run's prefix: 200")},
			{ID: "BYOB-PERM-018", Level: "SHOULD", Title: "The documented wildcards are granted", Text: "The policy grants the wildcards as they are documented.",
				Source: "Bring your own bucket (BYOB), Bucket policy for AWS, 2025-09", Outcome: reports.Passed, Milliseconds: 1, Observations: seen("The policy document given with --policy")},
			{ID: "BYOB-PERM-020", Level: "MUST", Title: "There is no public access", Text: "Nobody without credentials may read, list or write.",
				Source: "Bring your own bucket (BYOB), 2025-09", Outcome: reports.Waived, Reason: "an anonymous GET of /public/logo.svg was answered 200", Expected: "403", Actual: "200 on GET of /public/logo.svg", Remedy: "Turn on Block Public Access.", Observations: seen("An anonymous GET: 200")},
			{ID: "BYOB-KMS-002", Level: "MUST", Title: "The default encryption uses the named key", Text: "The bucket's default encryption uses the key named in the configuration, and an object written by pre-signed URL shows it.",
				Source: "Bring your own bucket (BYOB), KMS, 2025-09", Outcome: reports.Unverified, Reason: "this store ignores encryption headers", Remedy: "Certify against the real bucket."},
			{ID: "BYOB-KMS-004", Level: "MUST", Title: "The key is enabled and not scheduled for deletion", Text: "The KMS key is enabled and not scheduled for deletion.",
				Source: "Bring your own bucket (BYOB), KMS, 2025-09", Outcome: reports.Unverified, Reason: "this store ignores encryption headers", Remedy: "Certify against the real bucket."},
			{ID: "BYOB-KEEP-003", Level: "MUST", Optional: true, Title: "Soft deletion is on", Text: "The bucket keeps deleted objects for a while.",
				Source: "W&B server settings, 2026-08", Outcome: reports.Unsupported, Reason: "AWS has no soft deletion; a GET of its setting is answered 501 NotImplemented", Observations: seen("GET ?softDelete: 501 NotImplemented")},
			{ID: "BYOB-RATE-001", Level: "MUST", Title: "Transfers reach their budget", Text: "Uploads and downloads reach the throughput of the budget file.",
				Source: "fixtures/budgets/default.yaml", Outcome: reports.NotRun, Reason: "left out by the operator (--only)"},
		},
		Safety: reports.Safety{Prefix: "team-omega/.bucketproof/20261122-093012-7f3a/", Announced: []string{"Versioning is on: every write leaves a version, all of which the run removes.", "Writes raise s3:ObjectCreated events for whoever listens."},
			Requests: 184, ObjectsWritten: 27, BytesWritten: 3_401_112, Removed: 26,
			Kept:                   []reports.Kept{{Key: "team-omega/.bucketproof/20261122-093012-7f3a/lock-probe", Version: "3sL4kqtJlcpXroDTDmJ", Why: "default retention, GOVERNANCE for 1 day", Announced: true}},
			ConfigurationUnchanged: "yes", CleanUp: "complete"},
	}
	r.Waivers = []reports.Waiver{{ID: "BYOB-PERM-020", Reason: "public read of /public/ is agreed with security", Owner: "J. Doe",
		Issue: "https://issues.example.com/SEC-4411", Expires: "2027-03-31", Message: "an anonymous GET of /public/* was answered 200"}}
	var required []reports.Required
	for _, q := range r.Requirements {
		if q.ID != "BYOB-RATE-001" {
			required = append(required, reports.Required{ID: q.ID, Level: q.Level, Optional: q.Optional})
		}
	}
	required = append(required, reports.Required{ID: "BYOB-CORS-008", Level: "MUST"})
	r.Conclude(required)
	return r
}

// certified is a run with nothing to complain of, against a real bucket.
func certified() *reports.Result {
	r := sample()
	r.Subject.Store = reports.Store{Name: "Amazon S3", Kind: "remote"}
	r.Subject.Address = "s3://s3.eu-central-1.amazonaws.com/acme-wandb-artifacts"
	r.Run.Filter, r.Waivers = "", nil
	var required []reports.Required
	kept := r.Requirements[:0]
	for _, q := range r.Requirements {
		if len(q.Observations) > 0 && (q.Outcome == reports.Passed || q.Outcome == reports.NotApplicable) {
			kept = append(kept, q)
			required = append(required, reports.Required{ID: q.ID, Level: q.Level})
		}
	}
	r.Requirements = kept
	r.Safety.Kept, r.Safety.Removed = nil, r.Safety.ObjectsWritten
	r.Conclude(required)
	return r
}

// whole is the sample as a run would write it: a line for everything that is required, and nothing besides.
func whole() *reports.Result {
	r := sample()
	r.Required = nil
	for _, q := range r.Requirements {
		r.Required = append(r.Required, reports.Required{ID: q.ID, Level: q.Level, Optional: q.Optional})
	}
	r.Conclude(r.Required)
	return r
}
