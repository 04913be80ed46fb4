package stores_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"github.com/bucketproof/bucketproof/harness/stores"
)

func TestListingsAreWholeWhateverThePages(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: true})
	bucket, _ := gcsClient(t, b)
	a, c, ctx := read(t, b), bearer(t, b, client(t, b, nil)), t.Context()
	names := []string{"a", "a/", "a/1", "a/2", "a/b/1", "b", "b/1", "c", "ä"}
	for _, n := range names {
		for range 2 {
			if err := b.Put(ctx, n, []byte(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	pages := func(query url.Values) (items, prefixes []string) {
		t.Helper()
		for range 100 {
			_, text := ask(t, c, http.MethodGet, a.base+"/storage/v1/b/"+a.bucket+"/o?"+query.Encode(), "", nil)
			var page struct {
				Items         []struct{ Name, Generation string }
				Prefixes      []string
				NextPageToken string
			}
			if err := json.Unmarshal([]byte(text), &page); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			for _, i := range page.Items {
				items = append(items, i.Name)
			}
			prefixes = append(prefixes, page.Prefixes...)
			if page.NextPageToken == "" {
				return items, prefixes
			}
			query.Set("pageToken", page.NextPageToken)
		}
		t.Fatal("the listing has no end")
		return nil, nil
	}
	twice := []string{}
	for _, n := range names {
		twice = append(twice, n, n)
	}
	for _, size := range []string{"1", "2", "3", "1000"} {
		for _, test := range []struct {
			query           string
			items, prefixes []string
		}{
			{"", names, nil},
			{"versions=true", twice, nil},
			{"delimiter=/", []string{"a", "b", "c", "ä"}, []string{"a/", "b/"}},
			{"delimiter=/&includeTrailingDelimiter=true", []string{"a", "a/", "b", "c", "ä"}, []string{"a/", "b/"}},
			{"delimiter=/&prefix=a/", []string{"a/", "a/1", "a/2"}, []string{"a/b/"}},
			{"startOffset=a/2&endOffset=c", []string{"a/2", "a/b/1", "b", "b/1"}, nil},
			{"prefix=none", nil, nil},
		} {
			q, err := url.ParseQuery(test.query + "&maxResults=" + size)
			if err != nil {
				t.Fatal(err)
			}
			items, prefixes := pages(q)
			if !slices.Equal(items, test.items) || !slices.Equal(prefixes, test.prefixes) {
				t.Errorf("%s, %s a page: got %q and prefixes %q, want %q and %q", test.query, size, items, prefixes, test.items, test.prefixes)
			}
		}
		for _, list := range []string{"", "list-type=2&"} {
			var got []string
			query := list + "max-keys=" + size + "&delimiter=/"
			for range 20 {
				_, text := ask(t, c, http.MethodGet, a.base+"/"+a.bucket+"?"+query, "", nil)
				var page struct {
					Contents                          []struct{ Key string }
					CommonPrefixes                    []struct{ Prefix string }
					NextMarker, NextContinuationToken string
					IsTruncated                       bool
				}
				if err := xml.Unmarshal([]byte(text), &page); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				for _, k := range page.Contents {
					got = append(got, k.Key)
				}
				for _, p := range page.CommonPrefixes {
					got = append(got, p.Prefix)
				}
				if !page.IsTruncated {
					break
				}
				query = list + "max-keys=" + size + "&delimiter=/&marker=" + url.QueryEscape(page.NextMarker)
				if list != "" {
					query = list + "max-keys=" + size + "&delimiter=/&continuation-token=" + url.QueryEscape(page.NextContinuationToken)
				}
			}
			if slices.Sort(got); !slices.Equal(got, []string{"a", "a/", "b", "b/", "c", "ä"}) {
				t.Errorf("XML API, %s%s a page: got %q", list, size, got)
			}
		}
	}
	if got := objects(t, bucket, &storage.Query{Prefix: "a/"}); len(got) != 4 {
		t.Errorf("by the SDK: got %d, want 4", len(got))
	}
	q := &storage.Query{}
	if err := q.SetAttrSelection([]string{"Name"}); err != nil {
		t.Fatal(err)
	}
	if got := objects(t, bucket, q); len(got) != len(names) || got[0].Name != "a" || got[0].Size != 0 {
		t.Errorf("names alone: got %d, the first %+v", len(got), got[0])
	}
}

func TestResumableUploadsGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: []string{"roles/storage.objectCreator"}}})
	bucket, _ := gcsClient(t, b)
	a, c, ctx := read(t, b), bearer(t, b, client(t, b, nil)), t.Context()
	const seed = 7
	body := make([]byte, 700<<10)
	random := rand.NewChaCha8([32]byte{seed})
	_, _ = random.Read(body)
	w := bucket.Object("sdk").NewWriter(ctx)
	w.ChunkSize = 256 << 10
	if _, err := io.Copy(w, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if got := inventory(t, b)["sdk"]; got != sumOf(body) {
		t.Errorf("seed %d: what is stored differs", seed)
	}

	begin := func(c *http.Client, name string) string {
		t.Helper()
		resp, got := ask(t, c, http.MethodPost, a.base+"/upload/storage/v1/b/"+a.bucket+"/o?uploadType=resumable&name="+name, "", strings.NewReader(`{"contentType":"text/odd"}`))
		if resp.StatusCode != 200 || resp.Header.Get("Location") == "" {
			t.Fatalf("begin: got %d %s", resp.StatusCode, got)
		}
		return resp.Header.Get("Location")
	}
	plain := client(t, b, nil) // a session's URI is its own credential
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	send := func(target, span string, chunk []byte) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, target, bytes.NewReader(chunk))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Range", span)
		resp, err := plain.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Range")
	}
	target, first := begin(c, "raw"), body[:256<<10]
	for _, step := range []struct {
		name, span string
		chunk      []byte
		status     int
		have       string
	}{
		{"nothing is there yet", "bytes */*", nil, 308, ""},
		{"a piece past the end", "bytes 262144-524287/*", first, 400, ""},
		{"a piece of an odd length", "bytes 0-9/*", body[:10], 400, ""},
		{"the first piece", "bytes 0-262143/*", first, 308, "bytes=0-262143"},
		{"the first piece again", "bytes 0-262143/*", first, 308, "bytes=0-262143"},
		{"how far it is", "bytes */*", nil, 308, "bytes=0-262143"},
		{"a range that isn't the body's", "bytes 262144-262150/*", first, 400, ""},
		{"the rest", fmt.Sprintf("bytes 262144-%d/%d", len(body)-1, len(body)), body[256<<10:], 200, ""},
		{"after the end", "bytes */*", nil, 404, ""},
	} {
		if status, have := send(target, step.span, step.chunk); status != step.status || have != step.have {
			t.Errorf("%s: got %d %q, want %d %q", step.name, status, have, step.status, step.have)
		}
	}
	if attrs, err := bucket.Object("raw").Attrs(ctx); err != nil || attrs.ContentType != "text/odd" || inventory(t, b)["raw"] != sumOf(body) {
		t.Errorf("what is stored: got %+v, %v", attrs, err)
	}
	cancelled := begin(c, "cancelled")
	if inventory(t, b)["upload:cancelled"] == "" {
		t.Error("the owner doesn't see an open upload")
	}
	if resp, _ := ask(t, plain, http.MethodDelete, cancelled, "", nil); resp.StatusCode != 499 {
		t.Errorf("cancel: got %d, want 499", resp.StatusCode)
	}
	if status, _ := send(cancelled, "bytes 0-9/10", body[:10]); status != 404 {
		t.Errorf("a piece of a cancelled upload: got %d, want 404", status)
	}
	// The session acts as who began it: a creator may not replace.
	creator, _ := as(t, b, b.Others[0].Address)
	if status, _ := send(begin(creator, "raw"), "bytes 0-9/10", body[:10]); status != 403 {
		t.Errorf("a creator replaces: got %d, want 403", status)
	}
	if got := inventory(t, b)["raw"]; got != sumOf(body) {
		t.Error("the object was replaced")
	}
}

func TestWhatTheJSONAPIWouldDropIsRefused(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	a, c := read(t, b), bearer(t, b, client(t, b, nil))
	if err := b.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	before := inventory(t, b)
	bucket := "/storage/v1/b/" + a.bucket
	batch := "--x\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\nDELETE " + bucket + "/o/k HTTP/1.1\r\nHost: storage.googleapis.com\r\n\r\n\r\n--x--\r\n"
	for _, test := range []struct {
		name, method, target, contentType, body string
		status                                  int
	}{
		{"a batch, which would go past who may", "POST", "/batch/storage/v1", "multipart/mixed; boundary=x", batch, 501},
		{"another server's upload", "PUT", "/upload/resumable/x", "", "x", 501},
		{"a glob", "GET", bucket + "/o?matchGlob=*", "", "", 501},
		{"a filter", "GET", bucket + "/o?filter=x", "", "", 501},
		{"soft-deleted versions", "GET", bucket + "/o?softDeleted=true&versions=true", "", "", 400},
		{"soft-deleted without a generation", "GET", bucket + "/o/k?softDeleted=true", "", "", 400},
		{"restored without a generation", "POST", bucket + "/o/k/restore", "", "", 400},
		{"a page that isn't one", "GET", bucket + "/o?pageToken=?", "", "", 400},
		{"composition", "POST", bucket + "/o/k/compose", "application/json", `{}`, 501},
		{"a move", "POST", bucket + "/o/k/moveTo/o/l", "", "", 501},
		{"notifications", "POST", bucket + "/notificationConfigs", "application/json", `{"topic":"t"}`, 501},
		{"a locked retention policy", "POST", bucket + "/lockRetentionPolicy?ifMetagenerationMatch=1", "", "", 501},
		{"the bucket's removal", "DELETE", bucket, "", "", 501},
		{"a new bucket", "POST", "/storage/v1/b?project=p", "application/json", `{"name":"new-bucket"}`, 403},
		{"the project's buckets", "GET", "/storage/v1/b?project=p", "", "", 403},
		{"another bucket", "GET", "/storage/v1/b/another-bucket", "", "", 404},
		{"an empty bucket name", "GET", "/storage/v1/b//o", "", "", 400},
		{"an empty object name", "GET", bucket + "/o//", "", "", 400},
		{"the bucket's access control list", "GET", bucket + "/acl", "", "", 400},
		{"an object's access control list", "POST", bucket + "/o/k/acl", "application/json", `{"entity":"allUsers","role":"READER"}`, 400},
		{"a predefined access control list", "POST", "/upload/storage/v1/b/" + a.bucket + "/o?uploadType=media&name=new&predefinedAcl=publicRead", "", "x", 400},
		{"a hold", "POST", "/upload/storage/v1/b/" + a.bucket + "/o?uploadType=resumable&name=new", "application/json", `{"temporaryHold":true}`, 501},
		{"a retention", "POST", "/upload/storage/v1/b/" + a.bucket + "/o?uploadType=resumable&name=new", "application/json", `{"retention":{"mode":"Locked"}}`, 501},
		{"another storage class", "POST", "/upload/storage/v1/b/" + a.bucket + "/o?uploadType=resumable&name=new", "application/json", `{"storageClass":"NEARLINE"}`, 501},
		{"an output-only field", "PATCH", bucket + "/o/k", "application/json", `{"generation":"7"}`, 400},
		{"a field that isn't one", "PATCH", bucket + "/o/k", "application/json", `{"colour":"blue"}`, 400},
		{"two documents", "PATCH", bucket + "/o/k", "application/json", `{}{}`, 400},
		{"a key that isn't one", "POST", "/upload/storage/v1/b/" + a.bucket + "/o?uploadType=media&name=new&kmsKeyName=k", "", "x", 400},
		{"a method in a header", "POST", bucket + "/o/k", "", "", 501},
		{"a conditional role", "PUT", bucket + "/iam", "application/json", `{"bindings":[{"role":"roles/storage.objectViewer","members":["allUsers"],"condition":{"expression":"false"}}]}`, 501},
		{"a member of no kind", "PUT", bucket + "/iam", "application/json", `{"bindings":[{"role":"roles/storage.objectViewer","members":["somebody"]}]}`, 400},
		{"a metageneration that isn't the object's", "PATCH", bucket + "/o/k?ifMetagenerationMatch=7", "application/json", `{"cacheControl":"no-store"}`, 412},
		{"a generation that isn't the object's", "DELETE", bucket + "/o/k?ifGenerationMatch=7", "", "", 412},
		{"a selection that can't be read", "GET", bucket + "?fields=a(b", "", "", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, a.base+test.target, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", test.contentType)
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := string(text)
			if resp.StatusCode != test.status || !strings.Contains(got, `"error":{"code":`+fmt.Sprint(test.status)) {
				t.Errorf("got %d %s, want %d in the API's form", resp.StatusCode, got, test.status)
			}
			if after := inventory(t, b); len(after) != len(before) || after["k"] != before["k"] {
				t.Errorf("the bucket changed: %v", after)
			}
		})
	}
}

func TestAMethodInAHeaderNeedsWhatTheMethodNeeds(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: []string{"roles/storage.objectCreator"}}})
	if err := b.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	creator, u := as(t, b, b.Others[0].Address)
	for method, status := range map[string]int{"DELETE": 403, "PATCH": 403, "GET": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://storage.googleapis.com/storage/v1/b/"+u.Host+"/o/k", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-HTTP-Method-Override", method)
		resp, err := creator.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s by a POST: got %d, want %d", method, resp.StatusCode, status)
		}
	}
	if inventory(t, b)["k"] == "" {
		t.Error("the object is gone")
	}
}

func TestFieldsSelectPartsOfADocument(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	a, c := read(t, b), bearer(t, b, client(t, b, nil))
	for fields, want := range map[string]string{
		"name":                              `{"name":"` + a.bucket + `"}`,
		"location,storageClass":             `{"location":"US-CENTRAL1","storageClass":"STANDARD"}`,
		"cors(method)":                      `{"cors":[{"method":["GET","HEAD","PUT"]}]}`,
		"cors/maxAgeSeconds,versioning":     `{"cors":[{"maxAgeSeconds":3000}],"versioning":{"enabled":false}}`,
		"iamConfiguration(*/enabled)":       `{"iamConfiguration":{"bucketPolicyOnly":{"enabled":true},"publicAccessPrevention":"inherited","uniformBucketLevelAccess":{"enabled":true}}}`,
		"encryption":                        `{}`,
		"softDeletePolicy/effectiveTime(x)": `{"softDeletePolicy":{"effectiveTime":`,
	} {
		_, got := ask(t, c, http.MethodGet, a.base+"/storage/v1/b/"+a.bucket+"?fields="+url.QueryEscape(fields), "", nil)
		if strings.TrimSpace(got) != want && !(strings.HasSuffix(want, ":") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %s, want %s", fields, got, want)
		}
	}
}
