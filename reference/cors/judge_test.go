package cors_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
)

// broken are the requirements that findings say are broken.
func broken(findings []finding.Finding) (ids []string) {
	for _, id := range finding.Requirements(findings) {
		if finding.Worst(findings, id) == finding.Broken {
			ids = append(ids, strings.TrimPrefix(id, "BYOB-CORS-"))
		}
	}
	return sorted(ids)
}

func TestJudge(t *testing.T) {
	const front = "https://wandb.example.com"
	s3 := func(change ...string) string { return strings.NewReplacer(change...).Replace(pageS3) }
	for _, c := range []struct {
		name, provider, document string
		want                     string
	}{
		{"W&B's page", cors.AWS, pageS3, ""},
		{"W&B's page for Google: exposeHeaders, and Content-Type alone", cors.GCP, pageGCS, "003 005"},
		{"no rule", cors.AWS, "[]", "001"},
		{"no rule on Google", cors.GCP, `{"kind": "storage#bucket"}`, "001"},
		{"no PUT", cors.AWS, s3(`, "PUT"`, ""), "002"},
		{"no HEAD", cors.AWS, s3(`"HEAD", `, ""), "002"},
		{"ETag not exposed", cors.AWS, s3(`"ExposeHeaders": ["ETag"], `, ""), "003"},
		{"another header exposed", cors.AWS, s3("ETag", "x-amz-request-id"), "003"},
		{"the front end named", cors.AWS, s3(`["*"], "ExposeHeaders`, `["`+front+`"], "ExposeHeaders`), ""},
		{"the front end's domain as a pattern", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://*.example.com"], "ExposeHeaders`), ""},
		{"another front end", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://wandb.ai"], "ExposeHeaders`), "004"},
		{"a slash at the end", cors.AWS, s3(`["*"], "ExposeHeaders`, `["`+front+`/"], "ExposeHeaders`), "004"},
		{"a path", cors.AWS, s3(`["*"], "ExposeHeaders`, `["`+front+`/home"], "ExposeHeaders`), "004"},
		{"http in the place of https", cors.AWS, s3(`["*"], "ExposeHeaders`, `["http://wandb.example.com"], "ExposeHeaders`), "004"},
		{"headers without content-md5", cors.AWS, s3(`"AllowedHeaders": ["*"]`, `"AllowedHeaders": ["content-type", "range"]`), "005"},
		{"no headers", cors.AWS, s3(`"AllowedHeaders": ["*"], `, ``), "005"},
		{"all that is needed, by name", cors.AWS, s3(`"AllowedHeaders": ["*"]`, `"AllowedHeaders": ["Content-*", "Range"]`), ""},
		{"a short max age", cors.AWS, s3("3000", "600"), "006"},
		{"no max age", cors.AWS, s3(`, "MaxAgeSeconds": 3000`, ""), "006"},
		{"every https origin", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://*"], "ExposeHeaders`), "009"},
		{"a host that others can register", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://wandb*"], "ExposeHeaders`), "009"},
		{"a suffix that others can register", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://*wandb.example.com"], "ExposeHeaders`), "009"},
		{"a top-level domain", cors.AWS, s3(`["*"], "ExposeHeaders`, `["https://*.com"], "ExposeHeaders`), "009"},
		{"methods over two rules", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["range"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000},
			{"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["content-type", "content-md5"], "ExposeHeaders": ["etag"], "MaxAgeSeconds": 86400}]`, ""},
		{"a first rule that exposes nothing", cors.AWS, `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3000},` + pageS3[1:], "003"},
		{"Azure's page", cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET,HEAD,PUT", "AllowedHeaders": "*", "ExposedHeaders": "*", "MaxAgeInSeconds": 3000}]`, ""},
		{"Azure without x-ms-blob-type", cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET,HEAD,PUT", "AllowedHeaders": "content-*,range", "ExposedHeaders": "etag", "MaxAgeInSeconds": 3000}]`, "005"},
		{"a rule for Azure's tables", cors.Azure, `[{"Service": "table", "AllowedOrigins": "*", "AllowedMethods": "GET,HEAD,PUT", "AllowedHeaders": "*", "ExposedHeaders": "*", "MaxAgeInSeconds": 3000}]`, "001"},
		{"Google's Terraform module", cors.GCP, `[{"origin": ["*"], "method": ["GET", "HEAD", "PUT"], "responseHeader": ["*"], "maxAgeSeconds": 3000}]`, ""},
		{"Google, ETag alone", cors.GCP, `[{"origin": ["*"], "method": ["GET", "HEAD", "PUT"], "responseHeader": ["ETag"], "maxAgeSeconds": 3000}]`, "005"},
		{"Google, a pattern, which is none", cors.GCP, `[{"origin": ["https://*.example.com"], "method": ["GET", "HEAD", "PUT"], "responseHeader": ["*"]}]`, "004"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := cors.Need{Provider: c.provider, FrontendOrigin: front}
			p := read(t, c.provider, c.document)
			findings := cors.Judge(p, n)
			if got := strings.Join(broken(findings), " "); got != c.want {
				t.Errorf("broken: got %q, want %q", got, c.want)
			}
			for _, f := range findings {
				if f.State == finding.Broken && !f.Control && (f.Fix == "" || f.Expected == "" || f.Actual == "") {
					t.Errorf("a finding says too little: %+v", f)
				}
			}
			mended, differences := cors.Mend(p, n)
			if (len(differences) > 0) != (c.want != "") {
				t.Errorf("got differences %v, want some exactly when something is broken", differences)
			}
			if got := broken(cors.Judge(mended, n)); len(got) > 0 {
				t.Errorf("mended by %v it is still broken: %v\n%s", differences, got, mended.Document())
			}
		})
	}
}

func TestFixIsTheSmallestChange(t *testing.T) {
	fix := func(provider, document, id string) string {
		for _, f := range finding.Of(cors.Judge(read(t, provider, document), cors.Need{Provider: provider}), id) {
			if f.State == finding.Broken {
				return f.Fix
			}
		}
		return ""
	}
	for _, c := range []struct{ name, got, want string }{
		{"the method", fix(cors.AWS, strings.Replace(pageS3, `, "PUT"`, "", 1), "BYOB-CORS-002"), `rule 1: "AllowedMethods": ["GET", "HEAD", "PUT"]`},
		{"Google's header, and the known mistake", fix(cors.GCP, pageGCS, "BYOB-CORS-003"),
			`rule 1: "responseHeader": ["Content-Type", "Range", "ETag", "Content-MD5"]` + "\nrule 1: leave exposeHeaders out, which is no field of Google Cloud Storage; name these headers in responseHeader"},
		{"Azure's max age", fix(cors.Azure, `[{"AllowedOrigins": "*", "AllowedMethods": "GET,HEAD,PUT", "AllowedHeaders": "*", "ExposedHeaders": "*", "MaxAgeInSeconds": 1}]`, "BYOB-CORS-006"), "rule 1: MaxAgeInSeconds 3000"},
		{"the origin as it was meant", fix(cors.AWS, strings.Replace(pageS3, `["*"], "Ex`, `["https://wandb.example.com/"], "Ex`, 1), "BYOB-CORS-004"), `rule 1: "AllowedOrigins": ["https://wandb.example.com"]`},
	} {
		if c.name == "Google's header, and the known mistake" {
			if !strings.Contains(c.got, "ETag") || !strings.Contains(c.got, "leave exposeHeaders out") {
				t.Errorf("%s: got %q", c.name, c.got)
			}
			continue
		}
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestWhatIsNotGivenIsSaid(t *testing.T) {
	findings := cors.Judge(nil, cors.Need{Provider: cors.AWS})
	if len(findings) != 7 {
		t.Fatalf("without a document: got %d findings, want one for each of 7 requirements", len(findings))
	}
	for _, f := range findings {
		if f.State != finding.NotGiven || !strings.Contains(f.Missing, "--cors") {
			t.Errorf("got %+v", f)
		}
	}
	named := strings.Replace(pageS3, `["*"], "Ex`, `["https://wandb.example.com"], "Ex`, 1)
	findings = cors.Judge(read(t, cors.AWS, named), cors.Need{Provider: cors.AWS})
	if got := finding.Worst(findings, "BYOB-CORS-004"); got != finding.NotGiven {
		t.Errorf("named origins and no front end: got %q, want not given", got)
	}
	if got := broken(findings); len(got) > 0 {
		t.Errorf("named origins and no front end: got broken %v", got)
	}
}

// Whatever is broken, what Mend makes of it is sound.
func TestMendMendsAnything(t *testing.T) {
	const seed = 20250901
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(words ...string) (out []string) {
		for len(out) == 0 {
			for _, w := range words {
				if r.IntN(3) == 0 {
					out = append(out, w)
				}
			}
		}
		return out
	}
	for i := range 4000 {
		provider := []string{cors.AWS, cors.GCP, cors.Azure}[i%3]
		p := &cors.Policy{Provider: provider}
		for range 1 + r.IntN(4) {
			age := r.IntN(4000)
			rule := cors.Rule{MaxAge: &age, Methods: pick("GET", "PUT", "HEAD", "DELETE"), Headers: pick("*", "range", "Content-Type", "content-md5", "x-ms-*"),
				Origins: pick("*", "https://wandb.example.com", "https://wandb.example.com/", "https://*", "https://*.example.com", "https://a.example", "https://*.b.example")}
			rule.Expose = pick("ETag", "Content-Type", "x-a")
			if provider == cors.GCP {
				rule.Expose = slices.Clone(rule.Headers)
			}
			p.Rules = append(p.Rules, rule)
		}
		n := cors.Need{Provider: provider, FrontendOrigin: "https://wandb.example.com"}
		before := string(p.Document())
		mended, differences := cors.Mend(p, n)
		if got := broken(cors.Judge(mended, n)); len(got) > 0 {
			t.Fatalf("seed %d, policy %d: mended by %v, still broken %v\n%s%s", seed, i, differences, got, before, mended.Document())
		}
		if string(p.Document()) != before {
			t.Fatalf("seed %d, policy %d: Mend changed what it was given", seed, i)
		}
		if (len(broken(cors.Judge(p, n))) > 0) != (len(differences) > 0) {
			t.Fatalf("seed %d, policy %d: broken %v, differences %v\n%s", seed, i, broken(cors.Judge(p, n)), differences, before)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{pageS3, pageGCS, `{"CORSRules": []}`, `<CORSConfiguration/>`, `<Cors><CorsRule/></Cors>`, `{"cors": null}`} {
		for i := range 5 {
			f.Add(byte(i), []byte(seed), "https://wandb.ai")
		}
	}
	providers := []string{cors.AWS, cors.CoreWeave, cors.GCP, cors.Azure, cors.S3Compatible}
	f.Fuzz(func(t *testing.T, which byte, document []byte, origin string) {
		provider := providers[int(which)%len(providers)]
		p, err := cors.Read(provider, document)
		if err != nil {
			if p != nil {
				t.Fatal("an error and a policy")
			}
			return
		}
		n := cors.Need{Provider: provider, FrontendOrigin: origin}
		if findings := cors.Judge(p, n); len(findings) == 0 {
			t.Fatal("nothing was judged")
		}
		again, err := cors.Read(provider, p.Document())
		if err != nil {
			t.Fatalf("what was read does not read again: %v\n%s", err, p.Document())
		}
		for _, m := range cors.Methods {
			q := cors.Request{Origin: origin, Method: m, Headers: cors.Headers(provider, m)}
			if a, b := p.Preflight(q), again.Preflight(q); a.Status != b.Status || a.Rule != b.Rule {
				t.Fatalf("%+v: %d by %d, and read again %d by %d", q, a.Status, a.Rule, b.Status, b.Rule)
			}
		}
	})
}
