package bucket_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// documents answers S3 sub-resources, and Azure's, by their query.
func documents(answers map[string]func(*http.Request) *http.Response, otherwise func(*http.Request) *http.Response) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		for name, answer := range answers {
			if req.URL.Query().Has(name) || strings.HasSuffix(req.URL.Path, name) {
				return answer(req)
			}
		}
		return otherwise(req)
	}
}

func s3Error(status int, code string) func(*http.Request) *http.Response {
	return answering(status, nil, "<Error><Code>"+code+"</Code><Message>m</Message></Error>")
}

type answers = map[string]func(*http.Request) *http.Response

const corsXML = `<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><Unknown>kept</Unknown></CORSRule></CORSConfiguration>`

func TestConfigurationS3(t *testing.T) {
	r := &recorder{answer: documents(answers{
		"policy":     answering(200, map[string]string{"Content-Type": "application/json"}, `{"Version":"2012-10-17"}`),
		"cors":       answering(200, nil, corsXML),
		"versioning": answering(200, nil, `<VersioningConfiguration/>`),
		"encryption": s3Error(403, "AccessDenied"),
		"lifecycle":  s3Error(404, "NoSuchLifecycleConfiguration"),
		"acl":        s3Error(500, "InternalError"),
		"tagging":    s3Error(404, "NoSuchThingThatNobodyHeardOfConfiguration"),
	}, s3Error(501, "NotImplemented"))}
	got, err := open(t, "s3-compatible", "", r.client()).Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"policy": `{"Version":"2012-10-17"}`, "cors": corsXML, "versioning": `<VersioningConfiguration/>`,
		"encryption": "unreadable: denied", "acl": "unreadable: server",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	for _, req := range r.requests {
		if req.Method != "GET" {
			t.Errorf("reading the configuration sent a %s", req.Method)
		}
	}
}

func TestConfigurationOfNoBucketIsAnError(t *testing.T) {
	for p, answer := range map[string]func(*http.Request) *http.Response{
		"aws":   s3Error(404, "NoSuchBucket"),
		"gcp":   answering(404, nil, `{"error":{"code":404,"message":"The specified bucket does not exist.","errors":[{"reason":"notFound"}]}}`),
		"azure": answering(404, map[string]string{"x-ms-error-code": "ContainerNotFound"}, `<Error><Code>ContainerNotFound</Code></Error>`),
	} {
		_, err := open(t, p, "", (&recorder{answer: answer}).client()).Configuration(t.Context())
		var e *bucket.Error
		if !errors.As(err, &e) || e.Kind != bucket.KindNoSuchBucket {
			t.Errorf("%s: got %v, want kind %q", p, err, bucket.KindNoSuchBucket)
		}
		_, err = open(t, p, "", (&recorder{err: io.ErrUnexpectedEOF}).client()).Configuration(t.Context())
		if !errors.As(err, &e) || e.Kind.Definite() {
			t.Errorf("%s: got %v, want an error that is no answer", p, err)
		}
	}
}

const googleBucket = `{"kind":"storage#bucket","id":"proof-bucket","name":"proof-bucket","location":"EU","storageClass":"STANDARD","etag":"CAE=",
 "metageneration":"7","updated":"2025-09-01T00:00:00Z","timeCreated":"2025-08-01T00:00:00Z","selfLink":"https://www.googleapis.com/storage/v1/b/proof-bucket",
 "cors":[{"origin":["*"],"method":["GET"],"responseHeader":["ETag"],"maxAgeSeconds":3000}],
 "versioning":{"enabled":true},"softDeletePolicy":{"retentionDurationSeconds":"604800"},"retentionPolicy":{"retentionPeriod":"86400","isLocked":true},"defaultEventBasedHold":true}`

func TestConfigurationGoogle(t *testing.T) {
	policy := answering(200, nil, `{"kind":"storage#policy","etag":"CAI=","bindings":[{"role":"roles/storage.admin","members":["user:a"]}]}`)
	read := func(resource string, policy func(*http.Request) *http.Response) map[string]string {
		r := &recorder{answer: documents(answers{"/iam": policy}, answering(200, nil, resource))}
		got, err := open(t, "gcp", "", r.client()).Configuration(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := read(googleBucket, policy)
	want := map[string]string{
		"attributes":  `{"defaultEventBasedHold":true,"id":"proof-bucket","location":"EU","name":"proof-bucket","storageClass":"STANDARD"}`,
		"cors":        `[{"maxAgeSeconds":3000,"method":["GET"],"origin":["*"],"responseHeader":["ETag"]}]`,
		"policy":      `{"bindings":[{"members":["user:a"],"role":"roles/storage.admin"}]}`,
		"retention":   `{"isLocked":true,"retentionPeriod":"86400"}`,
		"soft-delete": `{"retentionDurationSeconds":"604800"}`,
		"versioning":  `{"enabled":true}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	later := strings.NewReplacer(`"metageneration":"7"`, `"metageneration":"8"`, "CAE=", "CAF=", "2025-09-01", "2025-09-02").Replace(googleBucket)
	if diff := cmp.Diff(got, read(later, policy)); diff != "" {
		t.Errorf("what changes by itself is in the configuration:\n%s", diff)
	}
	if got := read(googleBucket, answering(403, nil, `{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}`))["policy"]; got != "unreadable: denied" {
		t.Errorf("a policy that is denied reads %q", got)
	}
	if got, ok := read(googleBucket, answering(404, nil, ``))["policy"]; ok {
		t.Errorf("a store without IAM has the policy %q", got)
	}
}

const azureService = `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET</AllowedMethods><MaxAgeInSeconds>3000</MaxAgeInSeconds><ExposedHeaders>ETag</ExposedHeaders><AllowedHeaders>*</AllowedHeaders></CorsRule></Cors><DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy></StorageServiceProperties>`

func azureAnswer(service func(*http.Request) *http.Response) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		switch q := req.URL.Query(); {
		case q.Get("comp") == "properties":
			return service(req)
		case q.Get("comp") == "acl":
			return answering(200, nil, `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers/>`)(req)
		}
		return answering(200, map[string]string{"ETag": `"0x8D"`, "Last-Modified": "Mon, 01 Sep 2025 00:00:00 GMT", "x-ms-has-immutability-policy": "true", "x-ms-has-legal-hold": "true", "x-ms-meta-owner": "a"}, "")(req)
	}
}

func TestConfigurationAzure(t *testing.T) {
	r := &recorder{answer: azureAnswer(answering(200, nil, azureService))}
	got, err := open(t, "azure", "", r.client()).Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got["service"] != azureService || got["acl"] != `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers/>` ||
		!strings.Contains(got["container"], `"hasLegalHold":true`) || strings.Contains(got["container"], "0x8D") {
		t.Errorf("got %q", got)
	}
}

func TestRetention(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		answer         func(*http.Request) *http.Response
		want           bucket.Retention
	}{
		{"S3, nothing", "aws", documents(answers{"versioning": answering(200, nil, `<VersioningConfiguration/>`)}, s3Error(404, "ObjectLockConfigurationNotFoundError")), bucket.Retention{Versioning: "off"}},
		{"S3, versions and a lock", "aws", documents(answers{
			"versioning":  answering(200, nil, `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`),
			"object-lock": answering(200, nil, `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`),
		}, nil), bucket.Retention{Versioning: "on", Lock: "object lock keeps every new version for 1 day (GOVERNANCE)"}},
		{"S3, suspended, a store without locks", "s3-compatible", documents(answers{"versioning": answering(200, nil, `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`)}, s3Error(501, "NotImplemented")), bucket.Retention{Versioning: "suspended"}},
		{"S3, denied", "aws", s3Error(403, "AccessDenied"), bucket.Retention{Versioning: "unknown: 403", Unreadable: []string{"versioning: 403 denied", "object lock: 403 denied"}}},
		{"Google", "gcp", answering(200, nil, googleBucket), bucket.Retention{Versioning: "on", Lock: "the retention policy keeps every object for 24h0m0s, and is locked",
			LegalHold: "every new object gets an event-based hold", Soft: "soft deletion keeps removed objects for 168h0m0s"}},
		{"Google, nothing", "gcp", answering(200, nil, `{"name":"proof-bucket"}`), bucket.Retention{Versioning: "off"}},
		{"Google, denied", "gcp", answering(403, nil, `{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}`), bucket.Retention{Versioning: "unknown: 403", Unreadable: []string{"bucket attributes: 403 denied"}}},
		{"Azure", "azure", azureAnswer(answering(200, nil, azureService)), bucket.Retention{Lock: "the container's immutability policy keeps every blob",
			LegalHold: "the container is under a legal hold", Soft: "soft delete keeps removed blobs for 7 days"}},
		{"Azure, the service denied", "azure", azureAnswer(answering(403, map[string]string{"x-ms-error-code": "AuthorizationPermissionMismatch"}, "")), bucket.Retention{Lock: "the container's immutability policy keeps every blob",
			LegalHold: "the container is under a legal hold", Unreadable: []string{"blob service properties: 403 denied"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := open(t, c.provider, "", (&recorder{answer: c.answer}).client()).Retention(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("retention (-want +got):\n%s", diff)
			}
		})
	}
	for _, p := range allProviders {
		if got, err := open(t, p, "", (&recorder{err: io.EOF}).client()).Retention(t.Context()); err == nil {
			t.Errorf("%s: no answer gives %v, want an error", p, got)
		}
	}
}

func TestLocation(t *testing.T) {
	for answer, want := range map[string]string{
		`<LocationConstraint/>`: "us-east-1",
		`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`: "us-east-1",
		`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">us-west-2</LocationConstraint>`:                      "us-west-2",
		`<LocationConstraint>EU</LocationConstraint>`:                                                                             "eu-west-1",
		`<LocationConstraint>US-EAST-04A</LocationConstraint>`:                                                                    "US-EAST-04A",
	} {
		got, err := open(t, "coreweave", "", (&recorder{answer: answering(200, nil, answer)}).client()).Location(t.Context())
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", answer, got, err, want)
		}
	}
}

// What is no answer about the region must not be taken for us-east-1, nor what is no listing for an empty one.
func TestASuccessWithoutItsDocumentIsNoAnswer(t *testing.T) {
	for _, body := range []string{"", "  ", "<html><body>welcome</body></html>", "<html>", "{}", "<Location>eu-west-1</Location>", "<LocationConstraint>",
		"<LocationConstraint/><LocationConstraint/>", "<LocationConstraint/>more", "<LocationConstraint>a region</LocationConstraint>", "<ListBucketResult>"} {
		b := open(t, "aws", "", (&recorder{answer: answering(200, nil, body)}).client())
		for name, call := range map[string]func() error{
			"location":  func() error { _, err := b.Location(t.Context()); return err },
			"list":      func() error { _, err := b.List(t.Context(), "run/", 1); return err },
			"versions":  func() error { _, err := b.Versions(t.Context(), "run/"); return err },
			"uploads":   func() error { _, err := b.Uploads(t.Context(), "run/"); return err },
			"retention": func() error { _, err := b.Retention(t.Context()); return err },
			"create":    func() error { _, err := b.Create(t.Context(), "run/key"); return err },
			"lifecycle": func() error { _, err := b.Document(t.Context(), bucket.DocumentLifecycle); return err },
			"encrypted": func() error { _, err := b.Document(t.Context(), bucket.DocumentEncryption); return err },
			"CORS":      func() error { _, err := b.Document(t.Context(), bucket.DocumentCORS); return err },
		} {
			err := call()
			var e *bucket.Error
			if !errors.As(err, &e) || e.Kind.Definite() {
				t.Errorf("%s answered with %q: got %v, want an error that decides nothing", name, body, err)
			} else if !strings.Contains(err.Error(), " document") {
				t.Errorf("%s answered with %q: %q does not say what is missing", name, body, err)
			}
		}
		var e *bucket.Error
		if err := b.Attributes(t.Context(), "run/key"); !errors.As(err, &e) || e.Kind.Definite() {
			t.Errorf("attributes answered with %q: got %v, want an error that decides nothing", body, err)
		}
	}
}

// Of an object with nothing in it, or of a page, neither Google's resource nor Azure's properties may be made.
func TestAnEmptyAnswerIsNoBucketOnWhichNothingIsSet(t *testing.T) {
	for provider, bodies := range map[string][]string{"gcp": {"{}", `{"kind":"storage#bucket"}`, `{"name":"another"}`, "<html></html>", ""}, "azure": {"", "<html></html>", "<Cors/>"}} {
		for _, body := range bodies {
			b := open(t, provider, "", (&recorder{answer: answering(200, map[string]string{"Content-Type": "application/json"}, body)}).client())
			for name, call := range map[string]func() error{
				"versioning": func() error { _, err := b.Document(t.Context(), bucket.DocumentVersioning); return err },
				"lifecycle": func() error {
					if provider == "azure" {
						return &bucket.Error{Kind: bucket.KindOther} // it takes the management API
					}
					_, err := b.Document(t.Context(), bucket.DocumentLifecycle)
					return err
				},
				"roles": func() error {
					if provider == "azure" {
						return &bucket.Error{Kind: bucket.KindOther}
					}
					_, err := b.Document(t.Context(), bucket.DocumentRoles)
					return err
				},
				"CORS":      func() error { _, err := b.CORS(t.Context()); return err },
				"retention": func() error { _, err := b.Retention(t.Context()); return err },
			} {
				var e *bucket.Error
				if err := call(); !errors.As(err, &e) || e.Kind.Definite() {
					t.Errorf("%s: %s answered with %q: got %v, want an error that decides nothing", provider, name, body, err)
				}
			}
		}
	}
}

// What a run left may be a version or an open upload alone: where nobody could look for these, nothing is known to be gone.
func TestLeftoversAreNotKnownWhereTheStoreDidNotAnswer(t *testing.T) {
	for _, kind := range []string{"versions", "uploads"} {
		for answer, known := range map[string]bool{"500 InternalError": false, "503 SlowDown": false, "403 AccessDenied": true, "501 NotImplemented": true} {
			status, code := 0, ""
			if _, err := fmt.Sscan(answer, &status, &code); err != nil {
				t.Fatal(err)
			}
			said := answers{"versions": answering(200, nil, "<ListVersionsResult/>"), "uploads": answering(200, nil, "<ListMultipartUploadsResult/>")}
			said[kind] = s3Error(status, code)
			r := &recorder{answer: documents(said, answering(200, nil, "<ListBucketResult/>"))}
			if _, err := open(t, "aws", "", r.client()).Leftovers(t.Context(), ""); (err == nil) != known {
				t.Errorf("%s answered with %s: got %v, want an error: %t", kind, answer, err, !known)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		provider, body string
		want           []bucket.Version
	}{
		{"aws", `<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>run/a</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest></Version><Version><Key>run/b</Key><VersionId>null</VersionId><IsLatest>true</IsLatest></Version><DeleteMarker><Key>run/a</Key><VersionId>m3</VersionId><IsLatest>true</IsLatest></DeleteMarker></ListVersionsResult>`,
			[]bucket.Version{{Key: "run/a", ID: "v2"}, {Key: "run/b", ID: "null", Latest: true}, {Key: "run/a", ID: "m3", Latest: true, Marker: true}}},
		{"gcp", `{"items":[{"name":"run/a","generation":"17","timeDeleted":"2025-09-01T00:00:00Z"},{"name":"run/a","generation":"18"}]}`,
			[]bucket.Version{{Key: "run/a", ID: "17"}, {Key: "run/a", ID: "18", Latest: true}}},
		{"azure", `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob><Name>run/a</Name><VersionId>2025-09-01T00:00:00.0000000Z</VersionId><Properties/></Blob><Blob><Name>run/a</Name><VersionId>2025-09-02T00:00:00.0000000Z</VersionId><IsCurrentVersion>true</IsCurrentVersion><Properties/></Blob><Blob><Name>run/b</Name><Snapshot>2025-09-03T00:00:00.0000000Z</Snapshot><Properties/></Blob><Blob><Name>run/b</Name><Properties/></Blob></Blobs><NextMarker/></EnumerationResults>`,
			[]bucket.Version{{Key: "run/a", ID: "2025-09-01T00:00:00.0000000Z"}, {Key: "run/a", ID: "2025-09-02T00:00:00.0000000Z", Latest: true}, {Key: "run/b", ID: "snapshot=2025-09-03T00:00:00.0000000Z"}, {Key: "run/b", Latest: true}}},
	} {
		r := &recorder{answer: answering(200, nil, c.body)}
		b := open(t, c.provider, "", r.client())
		got, err := b.Versions(t.Context(), "run/")
		if err != nil {
			t.Errorf("%s: %v", c.provider, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s versions (-want +got):\n%s", c.provider, diff)
		}
		r.requests = nil
		r.answer = answering(map[string]int{"aws": 204, "gcp": 204, "azure": 202}[c.provider], nil, "")
		for _, v := range got {
			if err := b.DeleteVersion(t.Context(), v.Key, v.ID); err != nil {
				t.Errorf("%s: delete %v: %v", c.provider, v, err)
			}
		}
		for i, req := range r.requests {
			id := strings.TrimPrefix(got[i].ID, "snapshot=")
			if req.Method != "DELETE" || !strings.Contains(req.URL.Query().Encode(), strings.ReplaceAll(id, ":", "%3A")) {
				t.Errorf("%s: %v was deleted by %s ?%s", c.provider, got[i], req.Method, req.URL.RawQuery)
			}
		}
	}
}
