package stores_test

import (
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/harness/stores"
)

func TestTheBucketsCORSDecidesAsGoogleDocumentsIt(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: true})
	a, c := read(t, b), client(t, b, nil)
	account := bearer(t, b, c)
	if err := b.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	const documented = `[{"origin":["*"],"method":["GET","HEAD","PUT"],"responseHeader":["Content-Type"],"exposeHeaders":["ETag"],"maxAgeSeconds":3000}]`
	const two = `[{"origin":["https://a.test"],"method":["GET"],"responseHeader":["ETag"]},
		{"origin":["https://a.test","https://b.test"],"method":["*"],"responseHeader":["X-Late"],"maxAgeSeconds":0}]`
	type seen struct{ Origin, Methods, Headers, Expose, Age string }
	tests := []struct {
		name, cors, origin, method string // cors: "" leaves the provisioned one
		actual                     bool   // the request itself, not its preflight
		want                       seen
	}{
		{"as provisioned, preflight", "", "https://wandb.ai", "PUT", false, seen{"*", "GET, HEAD, PUT", "ETag, Content-Type, Content-MD5, Range", "", "3000"}},
		{"as provisioned, request", "", "https://wandb.ai", "GET", true, seen{"*", "", "", "ETag, Content-Type, Content-MD5, Range", ""}},
		{"as provisioned, a method it doesn't name", "", "https://wandb.ai", "DELETE", false, seen{}},
		{"as provisioned, no origin", "", "", "GET", true, seen{}},
		{"as provisioned, a method in lower case", "", "https://wandb.ai", "put", false, seen{}},
		{"as W&B documents it, exposeHeaders is no field", documented, "https://wandb.ai", "GET", true, seen{"*", "", "", "Content-Type", ""}},
		{"as W&B documents it, Content-MD5 is not allowed", documented, "https://wandb.ai", "PUT", false, seen{"*", "GET, HEAD, PUT", "Content-Type", "", "3000"}},
		{"the first match decides", two, "https://a.test", "GET", false, seen{"https://a.test", "GET", "ETag", "", "3600"}},
		{"an entry for another method is passed over", two, "https://a.test", "PUT", false, seen{"https://a.test", "PUT", "X-Late", "", "0"}},
		{"an entry for another origin is passed over", two, "https://b.test", "GET", true, seen{"https://b.test", "", "", "X-Late", ""}},
		{"another origin", two, "https://c.test", "GET", true, seen{}},
		{"an origin that begins the same", two, "https://a.test.evil", "GET", false, seen{}},
		{"a part of an origin is no wildcard", `[{"origin":["https://*.test"],"method":["GET"]}]`, "https://a.test", "GET", false, seen{}},
		{"no configuration", `[]`, "https://wandb.ai", "GET", true, seen{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.cors != "" {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, a.base+"/storage/v1/b/"+a.bucket, strings.NewReader(`{"cors":`+test.cors+`}`))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := account.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 200 {
					t.Fatalf("change the configuration: got %d", resp.StatusCode)
				}
			}
			method, header := test.method, http.Header{}
			if test.origin != "" {
				header.Set("Origin", test.origin)
			}
			if !test.actual {
				method = http.MethodOptions
				header.Set("Access-Control-Request-Method", test.method)
				header.Set("Access-Control-Request-Headers", "content-md5")
			}
			r, err := http.NewRequestWithContext(t.Context(), method, signedURL(t, b, test.method, "k"), nil)
			if err != nil {
				t.Fatal("the URL can't be used")
			}
			r.Header = header
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			h := resp.Header
			got := seen{h.Get("Access-Control-Allow-Origin"), h.Get("Access-Control-Allow-Methods"), h.Get("Access-Control-Allow-Headers"),
				h.Get("Access-Control-Expose-Headers"), h.Get("Access-Control-Max-Age")}
			if diff := cmp.Diff(test.want, got); diff != "" || resp.StatusCode != 200 {
				t.Errorf("got %d (-want +got):\n%s", resp.StatusCode, diff)
			}
		})
	}
	if documents, err := b.Configuration(t.Context()); err != nil || documents["cors"] != "" {
		t.Errorf("configuration without CORS: got %v, %v", documents, err)
	}
	bucket, _ := gcsClient(t, b)
	if _, err := bucket.Update(t.Context(), storage.BucketAttrsToUpdate{CORS: []storage.CORS{{Origins: []string{"*"}, Methods: []string{"GET"}}}}); err != nil {
		t.Fatal(err)
	}
	if attrs, err := bucket.Attrs(t.Context()); err != nil || len(attrs.CORS) != 1 || !attrs.VersioningEnabled || attrs.CORS[0].Methods[0] != "GET" {
		t.Errorf("the bucket's attributes: got %+v, %v", attrs, err)
	}
}
