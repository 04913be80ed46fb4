package stores_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/iam"
	"cloud.google.com/go/storage"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// as is a client that adds a token of a further identity, and its address read.
func as(t *testing.T, b *stores.Bucket, address string) (*http.Client, *url.URL) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the identity's address doesn't parse (its text is a secret)")
	}
	key, _ := u.User.Password()
	file, err := json.Marshal(map[string]string{"type": "service_account", "client_email": u.User.Username(), "private_key": key})
	if err != nil {
		t.Fatal(err)
	}
	source, err := google.JWTAccessTokenSourceWithScope(file, storage.ScopeFullControl)
	if err != nil {
		t.Fatal("the identity's key can't be used")
	}
	c := client(t, b, nil)
	c.Transport = &oauth2.Transport{Source: source, Base: c.Transport}
	return c, u
}

func sdkAs(t *testing.T, b *stores.Bucket, address string) *storage.BucketHandle {
	t.Helper()
	c, u := as(t, b, address)
	s, err := storage.NewClient(t.Context(), option.WithHTTPClient(c))
	if err != nil {
		t.Fatal(err)
	}
	s.SetRetry(storage.WithPolicy(storage.RetryNever))
	t.Cleanup(func() { s.Close() })
	return s.Bucket(u.Host)
}

// gcsOperations are requests and the permission each needs (Cloud Storage documentation, "IAM permissions for JSON methods",
// "IAM permissions for XML methods"). BUCKET stands for the bucket; the object k is there, new is not.
var gcsOperations = []struct {
	method, target, body string
	permission           string
	ok                   int
}{
	{"GET", "/storage/v1/b/BUCKET", "", "storage.buckets.get", 200},
	{"PATCH", "/storage/v1/b/BUCKET", `{"labels":{"a":"b"}}`, "storage.buckets.update", 200},
	{"GET", "/storage/v1/b/BUCKET/iam", "", "storage.buckets.getIamPolicy", 200},
	{"PUT", "/storage/v1/b/BUCKET/iam", "POLICY", "storage.buckets.setIamPolicy", 200},
	{"GET", "/storage/v1/b/BUCKET/o", "", "storage.objects.list", 200},
	{"GET", "/storage/v1/b/BUCKET/o?softDeleted=true", "", "storage.objects.list", 200},
	{"GET", "/storage/v1/b/BUCKET/o/k", "", "storage.objects.get", 200},
	{"GET", "/storage/v1/b/BUCKET/o/k?alt=media", "", "storage.objects.get", 200},
	{"GET", "/download/storage/v1/b/BUCKET/o/k?alt=media", "", "storage.objects.get", 200},
	{"PATCH", "/storage/v1/b/BUCKET/o/k", `{"metadata":{"a":"b"}}`, "storage.objects.update", 200},
	{"POST", "/upload/storage/v1/b/BUCKET/o?uploadType=media&name=new", "x", "storage.objects.create", 200},
	{"POST", "/upload/storage/v1/b/BUCKET/o?uploadType=media&name=k", "x", "storage.objects.create storage.objects.delete", 200},
	{"POST", "/upload/storage/v1/b/BUCKET/o?uploadType=resumable&name=new", "{}", "storage.objects.create", 200},
	{"POST", "/storage/v1/b/BUCKET/o/k/copyTo/b/BUCKET/o/new", "", "storage.objects.get storage.objects.create", 200},
	{"POST", "/storage/v1/b/BUCKET/o/k/rewriteTo/b/BUCKET/o/new", "", "storage.objects.get storage.objects.create", 200},
	{"POST", "/storage/v1/b/BUCKET/o/gone/restore?generation=GONE", "", "storage.objects.restore storage.objects.create", 200},
	{"DELETE", "/storage/v1/b/BUCKET/o/k", "", "storage.objects.delete", 204},
	{"HEAD", "/BUCKET", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET", "", "storage.objects.list", 200},
	{"GET", "/BUCKET?list-type=2", "", "storage.objects.list", 200},
	{"GET", "/BUCKET?cors", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET?versioning", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET?lifecycle", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET?location", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET?encryptionConfig", "", "storage.buckets.get", 200},
	{"GET", "/BUCKET?uploads", "", "storage.multipartUploads.list", 200},
	{"POST", "/BUCKET/new?uploads", "", "storage.multipartUploads.create storage.objects.create", 200},
	{"GET", "/BUCKET/k?uploadId=none", "", "storage.multipartUploads.listParts", 404},
	{"DELETE", "/BUCKET/k?uploadId=none", "", "storage.multipartUploads.abort", 404},
	{"GET", "/BUCKET/k", "", "storage.objects.get", 200},
	{"HEAD", "/BUCKET/k", "", "storage.objects.get", 200},
	{"PUT", "/BUCKET/new", "x", "storage.objects.create", 200},
	{"PUT", "/BUCKET/k", "x", "storage.objects.create storage.objects.delete", 200},
	{"DELETE", "/BUCKET/k", "", "storage.objects.delete", 204},
}

// gcsDocumented are the permissions of roles among those of gcsOperations, written down by hand from Google's table of roles.
var gcsDocumented = map[string]string{
	"roles/storage.admin": "buckets.get buckets.update buckets.getIamPolicy buckets.setIamPolicy objects.list objects.get objects.update objects.create " +
		"objects.delete objects.restore multipartUploads.list multipartUploads.create multipartUploads.listParts multipartUploads.abort",
	"roles/storage.objectAdmin": "objects.list objects.get objects.update objects.create objects.delete objects.restore multipartUploads.list " +
		"multipartUploads.create multipartUploads.listParts multipartUploads.abort",
	"roles/storage.objectUser": "objects.list objects.get objects.update objects.create objects.delete objects.restore multipartUploads.list " +
		"multipartUploads.create multipartUploads.listParts multipartUploads.abort",
	"roles/storage.objectViewer":       "objects.list objects.get",
	"roles/storage.objectCreator":      "objects.create multipartUploads.create multipartUploads.listParts multipartUploads.abort",
	"roles/storage.bucketViewer":       "buckets.get",
	"roles/storage.legacyBucketReader": "buckets.get objects.list multipartUploads.list",
	"roles/storage.legacyObjectReader": "objects.get",
	"":                                 "",
}

func TestARoleAllowsWhatGoogleDocumentsAndNothingElse(t *testing.T) {
	t.Parallel()
	roles := []string{}
	for role := range gcsDocumented {
		roles = append(roles, role)
	}
	slices.Sort(roles)
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: roles}})
	bucket, name := gcsClient(t, b)
	ctx := t.Context()
	if err := b.Put(ctx, "gone", []byte("gone")); err != nil {
		t.Fatal(err)
	}
	gone, err := bucket.Object("gone").Attrs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket.Object("gone").Delete(ctx); err != nil {
		t.Fatal(err)
	}
	admin := bearer(t, b, client(t, b, nil))
	_, policy := ask(t, admin, http.MethodGet, "https://storage.googleapis.com/storage/v1/b/"+name+"/iam", "", nil)
	var bare map[string]any
	if err := json.Unmarshal([]byte(policy), &bare); err != nil {
		t.Fatal(err)
	}
	delete(bare, "etag") // any policy is replaced
	text, err := json.Marshal(bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range b.Others {
		c, u := as(t, b, id.Address)
		held := strings.Fields(gcsDocumented[id.Role])
		for _, op := range gcsOperations {
			t.Run(fmt.Sprintf("%s %s %s", id.Role, op.method, op.target), func(t *testing.T) {
				if err := b.Put(ctx, "k", []byte("before")); err != nil {
					t.Fatal(err)
				}
				missing := ""
				for _, p := range strings.Fields(op.permission) {
					if !slices.Contains(held, strings.TrimPrefix(p, "storage.")) {
						missing = p
						break
					}
				}
				before := inventory(t, b)
				target := strings.NewReplacer("BUCKET", name, "GONE", fmt.Sprint(gone.Generation)).Replace(op.target)
				body := strings.Replace(op.body, "POLICY", string(text), 1)
				resp, got := ask(t, c, op.method, "https://storage.googleapis.com"+target, "", strings.NewReader(body))
				if missing == "" {
					if resp.StatusCode != op.ok {
						t.Errorf("got %d %s, want %d", resp.StatusCode, got, op.ok)
					}
					for _, key := range []string{"new", "gone"} {
						if err := bucket.Object(key).Delete(ctx); err != nil && inventory(t, b)[key] != "" {
							t.Fatal(err)
						}
					}
					return
				}
				if resp.StatusCode != http.StatusForbidden {
					t.Errorf("got %d %s, want 403 for %s", resp.StatusCode, got, missing)
				}
				sentence := fmt.Sprintf("%s does not have %s access to the Google Cloud Storage ", u.User.Username(), missing)
				json := strings.Contains(op.target, "/storage/v1/")
				quoted := fmt.Sprintf("Permission &#39;%s&#39; denied on resource (or it may not exist).", missing)
				form := "<Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>"
				if json {
					quoted, form = strings.ReplaceAll(quoted, "&#39;", "'"), `"reason":"forbidden"`
				}
				if op.method != http.MethodHead && (!strings.Contains(got, sentence) || !strings.Contains(got, quoted) || !strings.Contains(got, form)) {
					t.Errorf("got %s, want %q, %q and %q in it", got, sentence, quoted, form)
				}
				if after := inventory(t, b); len(after) != len(before) || after["k"] != before["k"] {
					t.Errorf("the bucket changed: %v, and was %v", after, before)
				}
			})
		}
	}
}

func TestASignedURLMayWhatItsAccountMay(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: []string{"roles/storage.objectViewer", "roles/storage.objectCreator"}}})
	c := client(t, b, nil)
	for _, test := range []struct {
		who            int // of Others
		method, key    string
		status         int
		changed, extra bool
	}{
		{0, "GET", "k", 200, false, false},
		{0, "PUT", "k", 403, false, false},
		{0, "DELETE", "k", 403, false, false},
		{1, "GET", "k", 403, false, false},
		{1, "PUT", "k", 403, false, false}, // to replace is to delete
		{1, "PUT", "new", 200, false, true},
	} {
		t.Run(fmt.Sprintf("%s %s %s", b.Others[test.who].Role, test.method, test.key), func(t *testing.T) {
			if err := b.Put(t.Context(), "k", []byte("before")); err != nil {
				t.Fatal(err)
			}
			before := inventory(t, b)
			_, u := as(t, b, b.Others[test.who].Address)
			key, _ := u.User.Password()
			signed, err := storage.SignedURL(u.Host, test.key, &storage.SignedURLOptions{GoogleAccessID: u.User.Username(), PrivateKey: []byte(key),
				Method: test.method, Scheme: storage.SigningSchemeV4, Expires: timeIn(60)})
			if err != nil {
				t.Fatal("the URL can't be signed")
			}
			resp, body := ask(t, c, test.method, signed, "", strings.NewReader("after"))
			if resp.StatusCode != test.status || test.status == 403 && !strings.Contains(body, u.User.Username()+" does not have storage.objects.") {
				t.Errorf("got %d %s, want %d, and the account named", resp.StatusCode, body, test.status)
			}
			after := inventory(t, b)
			if after["k"] != before["k"] || len(after) > len(before) != test.extra {
				t.Errorf("the bucket has %v, and had %v", after, before)
			}
		})
	}
}

func TestTheSDKReadsAndChangesTheBucketsPolicy(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: []string{""}}})
	bucket, _ := gcsClient(t, b)
	other := sdkAs(t, b, b.Others[0].Address)
	ctx := t.Context()
	configured := func() string {
		t.Helper()
		c, err := b.Configuration(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return c["policy"]
	}
	before := configured()
	if err := b.Put(ctx, "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Object("k").Attrs(ctx); err == nil {
		t.Fatal("an account without a role reads")
	}
	policy, err := bucket.IAM().Policy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if m := policy.Members("roles/storage.admin"); len(m) != 1 || m[0] != "serviceAccount:"+read(t, b).id {
		t.Errorf("roles/storage.admin: got %v, want the address's account", m)
	}
	policy.Add("serviceAccount:"+b.Others[0].Name, "roles/storage.objectViewer")
	stale := *policy
	if err := bucket.IAM().SetPolicy(ctx, policy); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Object("k").Attrs(ctx); err != nil {
		t.Errorf("with roles/storage.objectViewer: %v", err)
	}
	if after := configured(); after == before || !strings.Contains(after, b.Others[0].Name) {
		t.Errorf("the owner sees %s, as before", after)
	}
	stale.Add("allUsers", "roles/storage.objectViewer")
	if err := bucket.IAM().SetPolicy(ctx, &stale); err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("a policy with an old etag: got %v, want 412", err)
	}
	got, err := other.IAM().TestPermissions(ctx, []string{"storage.objects.get", "storage.objects.create", "storage.buckets.get", "storage.objects.list"})
	if slices.Sort(got); err != nil || !slices.Equal(got, []string{"storage.objects.get", "storage.objects.list"}) {
		t.Errorf("permissions of the viewer: got %v, %v", got, err)
	}
	for _, role := range []iam.RoleName{"roles/storage.madeUp", "projects/p/roles/own"} {
		policy, err := bucket.IAM().Policy(ctx)
		if err != nil {
			t.Fatal(err)
		}
		policy.Add("serviceAccount:"+b.Others[0].Name, role)
		if err := bucket.IAM().SetPolicy(ctx, policy); err == nil {
			t.Errorf("the role %s is taken", role)
		}
	}
}

func TestAPublicBucketIsPublicUntilThatIsPrevented(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	b := provision(t, h, stores.GCP, stores.Setup{GCS: stores.GCSSetup{Public: true}})
	bucket, name := gcsClient(t, b)
	ctx, c := t.Context(), client(t, b, nil)
	if err := b.Put(ctx, "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	reading := func(want map[string]int) {
		t.Helper()
		for target, status := range want {
			if resp, body := ask(t, c, http.MethodGet, "https://storage.googleapis.com"+target, "", nil); resp.StatusCode != status {
				t.Errorf("anonymous GET %s: got %d %s, want %d", target, resp.StatusCode, body, status)
			}
		}
		if resp, _ := ask(t, c, http.MethodPut, "https://storage.googleapis.com/"+name+"/k", "", strings.NewReader("y")); resp.StatusCode != 403 {
			t.Errorf("anonymous PUT: got %d, want 403", resp.StatusCode)
		}
	}
	xml, media, list, resource := "/"+name+"/k", "/storage/v1/b/"+name+"/o/k?alt=media", "/storage/v1/b/"+name+"/o", "/storage/v1/b/"+name
	reading(map[string]int{xml: 200, media: 200, list: 200, resource: 401})
	if _, err := bucket.Update(ctx, storage.BucketAttrsToUpdate{PublicAccessPrevention: storage.PublicAccessPreventionEnforced}); err != nil {
		t.Fatal(err)
	}
	reading(map[string]int{xml: 403, media: 401, list: 401, resource: 401})
	policy, err := bucket.IAM().Policy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	policy.Add("allAuthenticatedUsers", "roles/storage.objectViewer")
	if err := bucket.IAM().SetPolicy(ctx, policy); err == nil || !strings.Contains(err.Error(), "public access prevention is enforced") {
		t.Errorf("a public policy in spite of the prevention: got %v", err)
	}
	private := provision(t, h, stores.GCP, stores.Setup{GCS: stores.GCSSetup{NoPublic: true, Others: []string{""}}})
	if attrs, err := sdkAs(t, private, private.Address).Attrs(ctx); err != nil || attrs.PublicAccessPrevention != storage.PublicAccessPreventionEnforced {
		t.Errorf("a bucket made so: got %+v, %v", attrs, err)
	}
}

func TestAnyAccountIsAnAuthenticatedUser(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Others: []string{""}}})
	bucket, name := gcsClient(t, b)
	ctx := t.Context()
	if err := b.Put(ctx, "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	policy, err := bucket.IAM().Policy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	policy.Add("allAuthenticatedUsers", "roles/storage.legacyObjectReader")
	if err := bucket.IAM().SetPolicy(ctx, policy); err != nil {
		t.Fatal(err)
	}
	someone, _ := as(t, b, b.Others[0].Address)
	for _, try := range []struct {
		c      *http.Client
		key    string
		status int
	}{{someone, "k", 200}, {someone, "not-there", 403}, {client(t, b, nil), "k", 403}} {
		if resp, body := ask(t, try.c, http.MethodGet, "https://storage.googleapis.com/"+name+"/"+try.key, "", nil); resp.StatusCode != try.status {
			t.Errorf("GET %s: got %d %s, want %d", try.key, resp.StatusCode, body, try.status)
		}
	}
}

func TestTheAddressesAccountMayHaveAnotherRole(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	b := provision(t, h, stores.GCP, stores.Setup{GCS: stores.GCSSetup{Role: "roles/storage.objectAdmin"}})
	bucket, _ := gcsClient(t, b)
	if _, err := bucket.Attrs(t.Context()); err == nil || !strings.Contains(err.Error(), "does not have storage.buckets.get access") {
		t.Errorf("the bucket's attributes: got %v, want that they may not be read", err)
	}
	w := bucket.Object("k").NewWriter(t.Context())
	if err := w.Close(); err != nil {
		t.Errorf("write: %v", err)
	}
	if _, err := h.Provision(t.Context(), stores.GCP, stores.Setup{GCS: stores.GCSSetup{Role: "roles/storage.madeUp"}}); err == nil {
		t.Error("a bucket with a role that isn't one was made")
	}
}
