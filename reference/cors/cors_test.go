package cors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/cors"
)

// The documents of W&B's page, edition 2025-09 ("Provision your bucket").
const (
	pageS3  = `[{"AllowedHeaders": ["*"], "AllowedMethods": ["GET", "HEAD", "PUT"], "AllowedOrigins": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000}]`
	pageGCS = `[{"origin": ["*"], "responseHeader": ["Content-Type"], "exposeHeaders": ["ETag"], "method": ["GET", "HEAD", "PUT"], "maxAgeSeconds": 3000}]`
)

func read(t *testing.T, provider, document string) *cors.Policy {
	t.Helper()
	p, err := cors.Read(provider, []byte(document))
	if err != nil {
		t.Fatalf("read %s: %v", document, err)
	}
	return p
}

func TestParseTakesWhatTheToolsTakeAndPrint(t *testing.T) {
	for _, c := range []struct{ name, provider, document string }{
		{"S3: a list", cors.AWS, pageS3},
		{"S3: put-bucket-cors's object", cors.CoreWeave, `{"CORSRules": ` + pageS3 + `}`},
		{"S3: the API's XML", cors.S3Compatible, `<?xml version="1.0"?><CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule></CORSConfiguration>`},
		{"GCS: gsutil's list", cors.GCP, `[{"origin": ["*"], "method": ["GET", "HEAD", "PUT"], "responseHeader": ["*"], "maxAgeSeconds": 3000}]`},
		{"GCS: the API's bucket", cors.GCP, `{"kind": "storage#bucket", "name": "b", "cors": [{"origin": ["*"], "method": ["*"], "responseHeader": ["*"]}]}`},
		{"GCS: what gcloud describes", cors.GCP, `{"cors_config": [{"origin": ["*"], "method": ["GET", "HEAD", "PUT"], "responseHeader": ["*"], "maxAgeSeconds": 3600}], "storage_url": "gs://b/"}`},
		{"Azure: az storage cors list", cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET,HEAD,PUT", "AllowedHeaders": "*", "ExposedHeaders": "*", "MaxAgeInSeconds": 3600, "Service": "blob"}]`},
		{"Azure: blob-service-properties", cors.Azure, `{"id": "/x", "cors": {"corsRules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET", "HEAD", "PUT"], "allowedHeaders": ["*"], "exposedHeaders": ["*"], "maxAgeInSeconds": 3000}]}}`},
		{"Azure: the service's XML", cors.Azure, `<StorageServiceProperties><Logging><Version>1.0</Version></Logging><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET,HEAD,PUT</AllowedMethods><AllowedHeaders>*</AllowedHeaders><ExposedHeaders>*</ExposedHeaders><MaxAgeInSeconds>3000</MaxAgeInSeconds></CorsRule></Cors></StorageServiceProperties>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := cors.Parse(c.provider, []byte(c.document))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range cors.Methods {
				q := cors.Request{Origin: "https://wandb.ai", Method: m, Headers: cors.Headers(c.provider, m)}
				if ok, why := p.Preflight(q).Passes(q); !ok {
					t.Errorf("preflight for %s: %s", m, why)
				}
				if !p.Actual(q).Exposes("ETag") {
					t.Errorf("%s does not expose ETag", m)
				}
			}
		})
	}
}

func TestParseNamesRuleFieldAndFix(t *testing.T) {
	for _, c := range []struct{ name, provider, document, want string }{
		{"a singular", cors.AWS, `[{"AllowedOrigin": ["*"], "AllowedMethods": ["GET"]}]`, "rule 1: AllowedOrigin: no field of a CORS rule of S3; write AllowedOrigins"},
		{"the second rule's field", cors.AWS, strings.TrimSuffix(pageS3, "]") + `, {"ExposedHeaders": []}]`, "rule 2: ExposedHeaders: no field of a CORS rule of S3; write ExposeHeaders"},
		{"another case", cors.CoreWeave, `[{"allowedOrigins": ["*"]}]`, "write AllowedOrigins"},
		{"a string in the place of a list", cors.AWS, `[{"AllowedMethods": "GET"}]`, "rule 1: AllowedMethods: is a string, and must be a list"},
		{"OPTIONS", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "OPTIONS"]}]`, `S3 takes no "OPTIONS"`},
		{"a method in small letters", cors.S3Compatible, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["put"]}]`, `S3 takes no "put"`},
		{"two stars in an origin", cors.AWS, `[{"AllowedOrigins": ["https://*.*"], "AllowedMethods": ["GET"]}]`, "more than one *"},
		{"two stars in a header", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedHeaders": ["x-*-*"], "AllowedMethods": ["GET"]}]`, "more than one *"},
		{"a star among the exposed", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "ExposeHeaders": ["*"]}]`, `write ["ETag"]`},
		{"no method", cors.AWS, `[{"AllowedOrigins": ["*"]}]`, "rule 1: AllowedMethods: a rule needs one at least"},
		{"no origin", cors.AWS, `[{"AllowedMethods": ["GET"]}]`, "rule 1: AllowedOrigins: a rule needs one at least"},
		{"a max age in words", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "MaxAgeSeconds": "3000"}]`, "MaxAgeSeconds: must be a whole number of seconds"},
		{"a hundred and one rules", cors.AWS, "[" + strings.Repeat(`{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},`, 100) + `{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]`, "there are 101 rules"},
		{"XML of Azure for S3", cors.AWS, `<StorageServiceProperties/>`, "must be a CORSConfiguration"},
		{"a plural in XML", cors.AWS, `<CORSConfiguration><CORSRule><AllowedOrigins>*</AllowedOrigins></CORSRule></CORSConfiguration>`, "write AllowedOrigin"},
		{"half an XML", cors.AWS, `<CORSConfiguration><CORSRule>`, "no XML"},
		{"two XML documents", cors.AWS, `<CORSConfiguration/><CORSConfiguration/>`, "of one element"},
		{"W&B's own policy for Google", cors.GCP, pageGCS, "rule 1: exposeHeaders: no field of Google Cloud Storage, which keeps nothing of it; name these headers in responseHeader"},
		{"a plural for Google", cors.GCP, `[{"origins": ["*"]}]`, "write origin"},
		{"a method that is none", cors.GCP, `[{"origin": ["*"], "method": ["get"]}]`, `"get" is no method`},
		{"a bucket's name alone", cors.GCP, `{"name": "b"}`, "neither a list of entries nor a bucket with cors"},
		{"a field of Azure missing", cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET", "AllowedHeaders": "*", "MaxAgeInSeconds": 3000}]`, "rule 1: ExposedHeaders: is missing, and a rule needs all five fields"},
		{"S3's field for Azure", cors.Azure, `[{"ExposeHeaders": "*"}]`, "write ExposedHeaders"},
		{"six rules of Azure", cors.Azure, "[" + strings.TrimSuffix(strings.Repeat(`{"AllowedOrigins": "*", "AllowedMethods": "GET", "AllowedHeaders": "", "ExposedHeaders": "", "MaxAgeInSeconds": 0},`, 6), ",") + "]", "there are 6 rules"},
		{"three prefixes of Azure", cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET", "AllowedHeaders": "a*,b*,c*", "ExposedHeaders": "", "MaxAgeInSeconds": 0}]`, "write * alone"},
		{"no JSON", cors.AWS, `[{]`, "no JSON"},
		{"another provider", "minio", `[]`, `unknown provider "minio"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := cors.Parse(c.provider, []byte(c.document)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// The statuses and patterns of the table in ceph/s3-tests (test_cors_origin_response and its kin), with schemes.
func TestS3AnswersByTheFirstRuleThatMatches(t *testing.T) {
	p := read(t, cors.AWS, `[{"AllowedOrigins": ["https://*suffix"], "AllowedMethods": ["GET"]},
		{"AllowedOrigins": ["https://start*end"], "AllowedMethods": ["GET"]},
		{"AllowedOrigins": ["https://prefix*"], "AllowedMethods": ["GET"]},
		{"AllowedOrigins": ["*.put"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["x-amz-*", "Content-Type"], "MaxAgeSeconds": 7},
		{"AllowedOrigins": ["*"], "AllowedMethods": ["DELETE"]}]`)
	for _, c := range []struct {
		origin, method string
		headers        []string
		status, rule   int
		allow          string
	}{
		{"https://foo.suffix", "GET", nil, 200, 1, "https://foo.suffix"},
		{"https://foo.bar", "GET", nil, 403, 0, ""},
		{"https://foo.suffix.get", "GET", nil, 403, 0, ""},
		{"https://startend", "GET", nil, 200, 2, "https://startend"},
		{"https://start12end", "GET", nil, 200, 2, "https://start12end"},
		{"https://0start12end", "GET", nil, 403, 0, ""},
		{"https://prefix.suffix", "GET", nil, 200, 1, "https://prefix.suffix"},
		{"https://prefix", "GET", nil, 200, 3, "https://prefix"},
		{"https://bla.prefix", "GET", nil, 403, 0, ""},
		{"https://x.put", "PUT", []string{"X-Amz-Date", "content-TYPE"}, 200, 4, "https://x.put"},
		{"https://x.put", "PUT", []string{"x-amz-date", "content-md5"}, 403, 0, ""},
		{"https://x.put", "put", nil, 403, 0, ""},
		{"https://x.put", "DELETE", nil, 200, 5, "*"},
		{"https://x.put", "DELETE", []string{"x-any"}, 403, 0, ""},
		{"", "GET", nil, 400, 0, ""},
		{"https://x.put", "", nil, 400, 0, ""},
	} {
		a := p.Preflight(cors.Request{Origin: c.origin, Method: c.method, Headers: c.headers})
		if a.Status != c.status || a.Rule != c.rule || a.Header.Get("Access-Control-Allow-Origin") != c.allow {
			t.Errorf("%s %s %v: got %d by rule %d, allow-origin %q; want %d by %d, %q", c.method, c.origin, c.headers, a.Status, a.Rule,
				a.Header.Get("Access-Control-Allow-Origin"), c.status, c.rule, c.allow)
		}
		if a.Status != 200 && a.Why == "" {
			t.Errorf("%s %s: refused without a reason", c.method, c.origin)
		}
	}
	a := p.Preflight(cors.Request{Origin: "https://x.put", Method: "PUT", Headers: []string{"Content-Type"}})
	for header, want := range map[string]string{"Access-Control-Allow-Headers": "content-type", "Access-Control-Allow-Methods": "PUT", "Access-Control-Max-Age": "7"} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	if a := read(t, cors.AWS, "[]").Preflight(cors.Request{Origin: "https://a", Method: "GET"}); a.Status != 403 || !strings.Contains(a.Why, "not enabled") {
		t.Errorf("without a rule: got %d %q", a.Status, a.Why)
	}
	if a := p.Actual(cors.Request{Method: "GET"}); len(a.Header) != 0 {
		t.Errorf("a request without origin: got headers %v", a.Header)
	}
}

func TestGoogleTellsAllOfTheFirstEntryAndTheBrowserCompares(t *testing.T) {
	p := read(t, cors.GCP, `[{"origin": ["https://a.example"], "method": ["PUT"], "responseHeader": ["Content-Type"]},
		{"origin": ["*"], "method": ["PUT", "GET"], "responseHeader": ["Content-MD5", "ETag"], "maxAgeSeconds": 10}]`)
	for _, c := range []struct {
		origin, method, header string
		rule                   int
		passes                 bool
	}{
		{"https://a.example", "PUT", "content-type", 1, true},
		{"https://a.example", "PUT", "content-md5", 1, false}, // a later entry would share it
		{"https://b.example", "PUT", "content-md5", 2, true},
		{"https://a.example", "GET", "content-md5", 2, true},
		{"https://a.example", "DELETE", "content-md5", 0, false},
	} {
		q := cors.Request{Origin: c.origin, Method: c.method, Headers: []string{c.header}}
		a := p.Preflight(q)
		if ok, why := a.Passes(q); a.Status != 200 || a.Rule != c.rule || ok != c.passes {
			t.Errorf("%+v: got status %d, rule %d, passes %t (%s)", c, a.Status, a.Rule, ok, why)
		}
	}
	if got := p.Preflight(cors.Request{Origin: "https://a.example", Method: "PUT"}).Header.Get("Access-Control-Max-Age"); got != "3600" {
		t.Errorf("max age of an entry without one: got %q, want 3600", got)
	}
	literal := read(t, cors.GCP, `[{"origin": ["https://*.example"], "method": ["GET"]}]`)
	if a := literal.Actual(cors.Request{Origin: "https://a.example", Method: "GET"}); a.Rule != 0 {
		t.Error("a * within an origin matched")
	}
}

func TestAzureAnswersForTheBlobService(t *testing.T) {
	rule := `{"AllowedOrigins": "https://a.example,https://B.example", "AllowedMethods": "GET,PUT", "AllowedHeaders": "x-ms-*,content-md5", "ExposedHeaders": "x-ms-meta-*,etag", "MaxAgeInSeconds": 5`
	p := read(t, cors.Azure, "["+rule+`, "Service": "table"}, `+rule+"}]")
	if len(p.Rules) != 1 || len(p.Elsewhere) != 1 {
		t.Fatalf("got %d rules and %d elsewhere, want 1 and 1", len(p.Rules), len(p.Elsewhere))
	}
	for _, c := range []struct {
		origin, method string
		headers        []string
		status         int
	}{
		{"https://a.example", "PUT", []string{"X-MS-Blob-Type", "Content-MD5"}, 200},
		{"https://b.example", "PUT", nil, 403}, // the rule has a capital
		{"https://a.example", "HEAD", nil, 403},
		{"https://a.example", "PUT", []string{"content-type"}, 403},
		{"", "PUT", nil, 400}, {"https://a.example", "", nil, 400},
	} {
		if a := p.Preflight(cors.Request{Origin: c.origin, Method: c.method, Headers: c.headers}); a.Status != c.status {
			t.Errorf("%+v: got %d (%s)", c, a.Status, a.Why)
		}
	}
	a := p.Actual(cors.Request{Origin: "https://a.example", Method: "GET"})
	if !a.Exposes("ETag") || !a.Exposes("x-ms-meta-team") || a.Exposes("x-ms-version") {
		t.Errorf("exposed: got %v", a.Header)
	}
}

func TestRequiredPassesForEveryProviderAndEdition(t *testing.T) {
	for _, provider := range []string{cors.AWS, cors.CoreWeave, cors.GCP, cors.Azure, cors.S3Compatible} {
		for _, origin := range []string{"", "https://wandb.example.com"} {
			p := cors.Required(provider, "2025-09", origin)
			again, err := cors.Parse(provider, p.Document())
			if err != nil {
				t.Fatalf("%s: the required policy does not parse: %v", provider, err)
			}
			if got := broken(cors.Judge(again, cors.Need{Provider: provider, FrontendOrigin: "https://wandb.example.com"})); len(got) > 0 {
				t.Errorf("%s, origin %q: got broken %v", provider, origin, got)
			}
		}
	}
	p := cors.Required(cors.AWS, "", "")
	for name, document := range map[string][]byte{"CORSRules": p.CORSRules(), "XML": p.XML()} {
		if again, err := cors.Parse(cors.AWS, document); err != nil || fmt.Sprint(again.Document()) != fmt.Sprint(p.Document()) {
			t.Errorf("%s does not read as it was written: %v\n%s", name, err, document)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, c := range []struct {
		origin, meant string
		wrong         bool
	}{
		{"https://wandb.ai", "https://wandb.ai", false}, {"*", "*", false}, {"http://localhost:8080", "http://localhost:8080", false},
		{"https://wandb.ai/", "https://wandb.ai", true}, {"https://wandb.ai/home", "https://wandb.ai", true}, {"wandb.ai", "https://wandb.ai", true},
		{"https://WandB.ai", "https://wandb.ai", true}, {"https://wandb.ai:443", "https://wandb.ai", true}, {"ftp://wandb.ai", "", true}, {"", "", true},
	} {
		meant, problem := cors.CheckOrigin(c.origin)
		if meant != c.meant || (problem != "") != c.wrong {
			t.Errorf("%q: got %q, %q", c.origin, meant, problem)
		}
	}
}

func sorted(list []string) []string { slices.Sort(list); return list }
