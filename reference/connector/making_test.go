package connector_test

import (
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/connector"
)

// cloud is as much of Amazon S3 as making a bucket takes, path style, without signatures.
type cloud struct {
	mu      sync.Mutex
	buckets map[string]map[string]string // of a bucket its documents ("?cors") and objects ("/key")
	steps   []string
	refuse  string // the step that is answered 403
}

func (c *cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	what := r.Method
	for _, d := range []string{"cors", "policy", "versioning", "encryption"} {
		if r.URL.Query().Has(d) {
			what += " ?" + d
		}
	}
	if key != "" {
		what += " object"
	}
	if r.URL.Query().Has("list-type") {
		what = "list"
	}
	c.steps = append(c.steps, what)
	answer := func(status int, text string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
	}
	b, there := c.buckets[name]
	switch {
	case what == c.refuse:
		return answer(403, "<Error><Code>AccessDenied</Code></Error>")
	case what == "PUT" && there:
		return answer(200, "") // us-east-1, to its own owner
	case what == "PUT":
		c.buckets[name] = map[string]string{}
		return answer(200, "")
	case !there:
		return answer(404, "<Error><Code>NoSuchBucket</Code></Error>")
	case what == "DELETE" && slices.ContainsFunc(keysOf(b), func(k string) bool { return strings.HasPrefix(k, "/") }):
		return answer(409, "<Error><Code>BucketNotEmpty</Code></Error>")
	case what == "DELETE":
		delete(c.buckets, name)
		return answer(204, "")
	case what == "list":
		return answer(200, "<ListBucketResult><Contents><Key>"+r.URL.Query().Get("prefix")+"</Key></Contents></ListBucketResult>")
	case what == "PUT object":
		b["/"+key] = string(body)
	case what == "GET object":
		return answer(200, b["/"+key])
	case what == "DELETE object":
		delete(b, "/"+key)
		return answer(204, "")
	case strings.HasPrefix(what, "PUT ?"):
		b[strings.TrimPrefix(what, "PUT ")] = string(body)
	}
	return answer(200, "")
}

func keysOf(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// making is a connector on Multi-tenant whose identity may make buckets in a cloud.
func making(t *testing.T, c *cloud, database string) *world {
	t.Helper()
	o := connector.Options{Database: database, HTTP: func(*address.Address) *http.Client { return &http.Client{Transport: c} }}
	return newWorld(t, o, object{"deployment": "multi-tenant", "cloud": "aws", "frontendOrigin": "https://wandb.example.com",
		"identities": []object{{"provider": "aws", "id": "MAKER", "secret": "maker/secret", "mayCreate": true, "region": "us-east-1"}}})
}

func newDatabase(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "c.db") }

var made = object{"name": "omega", "storageType": "external", "storage": object{"provider": "aws", "bucket": "omega-files", "path": "team", "createBucket": true}}

func TestABucketIsMadeAsPrescribed(t *testing.T) {
	c := &cloud{buckets: map[string]map[string]string{}}
	w := making(t, c, newDatabase(t))
	team := w.must(201, w.admin, "POST", w.in+"/teams", made)
	if got, want := team["storage"].(map[string]any)["canonical"], "s3://s3.us-east-1.amazonaws.com/omega-files/team"; got != want {
		t.Errorf("storage: got %q, want %q", got, want)
	}
	b := c.buckets["omega-files"]
	for document, word := range map[string]string{"?cors": "https://wandb.example.com", "?policy": "arn:aws:iam::725579432336:role/WandbIntegration", "?versioning": "Enabled"} {
		if !strings.Contains(b[document], word) {
			t.Errorf("%s: got %q, want it with %q", document, b[document], word)
		}
	}
	if got := keysOf(b); len(got) != 3 {
		t.Errorf("the bucket holds %q, want its three documents and nothing of the probe", got)
	}
	want := []string{"HEAD", "PUT", "PUT ?cors", "PUT ?policy", "PUT object", "GET object", "list", "DELETE object", "PUT ?versioning"}
	if len(c.steps) < len(want) || !slices.Equal(c.steps[:len(want)], want) {
		t.Errorf("steps: got %q, want first %q", c.steps, want)
	}
}

func TestATeamThatIsRefusedLeavesNoBucket(t *testing.T) {
	for _, step := range []string{"HEAD", "PUT", "PUT ?cors", "PUT ?policy", "PUT object", "GET object", "list", "PUT ?versioning"} {
		t.Run(step, func(t *testing.T) {
			c := &cloud{buckets: map[string]map[string]string{}, refuse: step}
			w := making(t, c, newDatabase(t))
			if r := w.do(w.admin, "POST", w.in+"/teams", made); r.status/100 != 4 || strings.Contains(r.text, "maker/secret") {
				t.Errorf("got %d %s, want it refused", r.status, r.text)
			}
			if len(c.buckets) != 0 {
				t.Errorf("buckets: got %v, want none", c.buckets)
			}
			if teams := w.must(200, w.admin, "GET", w.in+"/teams", nil)["teams"].([]any); len(teams) != 0 {
				t.Errorf("teams: got %v, want none", teams)
			}
			c.refuse = ""
			w.must(201, w.admin, "POST", w.in+"/teams", made)
		})
	}
}

func TestABucketThatIsThereIsNotTakenOver(t *testing.T) {
	c := &cloud{buckets: map[string]map[string]string{"omega-files": {}}}
	w := making(t, c, newDatabase(t))
	if r := w.do(w.admin, "POST", w.in+"/teams", made); r.status != 409 || !strings.Contains(r.text, "BYOB-TEAM-005") {
		t.Errorf("got %d %s, want 409 under BYOB-TEAM-005", r.status, r.text)
	}
	if b, there := c.buckets["omega-files"]; !there || len(b) != 0 {
		t.Errorf("the bucket: got %v, there: %t; want it as it was", b, there)
	}
}

func TestABucketLeftByAFailureGoesAtTheNextStart(t *testing.T) {
	c := &cloud{buckets: map[string]map[string]string{"others": {}}, refuse: "DELETE"}
	database := newDatabase(t)
	w := making(t, c, database)
	w.stop()
	o := connector.Options{Database: database, HTTP: func(*address.Address) *http.Client { return &http.Client{Transport: &stubborn{c}} }}
	s := start(t, o)
	if r := s.do(w.admin, "POST", w.in+"/teams", made); r.status != 422 {
		t.Fatalf("got %d %s, want 422", r.status, r.text)
	}
	if c.buckets["omega-files"] == nil {
		t.Fatal("the bucket is gone although it could not be removed")
	}
	s.stop()
	c.refuse = ""
	start(t, connector.Options{Database: database, HTTP: func(*address.Address) *http.Client { return &http.Client{Transport: c} }})
	if got := c.buckets; len(got) != 1 || got["others"] == nil {
		t.Errorf("buckets after the next start: got %v, want the others' alone", got)
	}
}

// stubborn is a cloud that refuses the policy besides what it refuses anyhow.
type stubborn struct{ *cloud }

func (s *stubborn) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && r.URL.Query().Has("policy") {
		return &http.Response{StatusCode: 403, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	}
	return s.cloud.RoundTrip(r)
}
