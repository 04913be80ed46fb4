package stores_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	raw "google.golang.org/api/storage/v1"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// gcsFields are all fields of a bucket's resource: what is kept, with a document beside it that can't be read, what is refused,
// and what is output only.
var gcsFields = map[string]struct {
	kept, wrong, refused string
	status               int // of refused; 0 is 501
	outputOnly           bool
}{
	"cors":       {kept: `[{"origin":["https://a.test"],"method":["GET"],"responseHeader":["ETag"],"maxAgeSeconds":7}]`, wrong: `{"a":1}`},
	"encryption": {kept: `{"defaultKmsKeyName":"projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"}`, wrong: `{"defaultKmsKeyName":"k"}`, refused: `{"customerSuppliedEncryptionEnforcementConfig":{"restrictionMode":"FullyRestricted"}}`},
	"iamConfiguration": {kept: `{"publicAccessPrevention":"enforced","uniformBucketLevelAccess":{"enabled":true},"bucketPolicyOnly":{"enabled":true}}`,
		wrong: `{"publicAccessPrevention":"perhaps"}`, refused: `{"uniformBucketLevelAccess":{"enabled":false}}`},
	"labels":           {kept: `{"a":"b"}`, wrong: `{"a":1}`},
	"lifecycle":        {kept: `{"rule":[{"action":{"type":"Delete"},"condition":{"age":30,"matchesPrefix":["tmp/"]}}]}`, wrong: `{"rule":[{"action":{"type":"Explode"},"condition":{}}]}`},
	"softDeletePolicy": {kept: `{"retentionDurationSeconds":"864000"}`, wrong: `{"retentionDurationSeconds":"1"}`, refused: `{"hardDeletePause":{}}`},
	"versioning":       {kept: `{"enabled":true}`, wrong: `{"enabled":"yes"}`},
	"website":          {kept: `{"mainPageSuffix":"index.html"}`, wrong: `{"mainPage":"index.html"}`},

	"acl":                   {refused: `[{"entity":"allUsers","role":"READER"}]`, status: 400},
	"autoclass":             {refused: `{"enabled":true}`},
	"billing":               {refused: `{"requesterPays":true}`},
	"customPlacementConfig": {refused: `{"dataLocations":["US-EAST1","US-WEST1"]}`},
	"defaultEventBasedHold": {refused: `true`},
	"defaultObjectAcl":      {refused: `[{"entity":"allUsers","role":"READER"}]`, status: 400},
	"hierarchicalNamespace": {refused: `{"enabled":true}`},
	"ipFilter":              {refused: `{"mode":"Enabled"}`},
	"logging":               {refused: `{"logBucket":"logs"}`},
	"objectRetention":       {refused: `{"mode":"Enabled"}`},
	"retentionPolicy":       {refused: `{"retentionPeriod":"60"}`},
	"rpo":                   {refused: `"ASYNC_TURBO"`},
	"storageClass":          {refused: `"NEARLINE"`},

	"etag": {outputOnly: true}, "generation": {outputOnly: true}, "hardDeleteTime": {outputOnly: true}, "id": {outputOnly: true}, "kind": {outputOnly: true},
	"location": {outputOnly: true}, "locationType": {outputOnly: true}, "metageneration": {outputOnly: true}, "name": {outputOnly: true},
	"owner": {outputOnly: true}, "projectNumber": {outputOnly: true}, "satisfiesPZI": {outputOnly: true}, "satisfiesPZS": {outputOnly: true},
	"selfLink": {outputOnly: true}, "softDeleteTime": {outputOnly: true}, "timeCreated": {outputOnly: true}, "updated": {outputOnly: true},
}

func TestNoFieldOfABucketIsDroppedInSilence(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{})
	c, a := bearer(t, b, client(t, b, nil)), read(t, b)
	target := a.base + "/storage/v1/b/" + a.bucket
	resource := func() (map[string]json.RawMessage, map[string]string) {
		t.Helper()
		var fields map[string]json.RawMessage
		if _, text := ask(t, c, http.MethodGet, target, "", nil); json.Unmarshal([]byte(text), &fields) != nil {
			t.Fatalf("the bucket's resource: got %s", text)
		}
		documents, err := b.Configuration(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fields, documents
	}
	same := func(a, b string) bool {
		var x, y any
		return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && cmp.Equal(x, y)
	}
	walked := 0
	for _, f := range reflect.VisibleFields(reflect.TypeFor[raw.Bucket]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		walked++
		test, ok := gcsFields[name]
		if !ok {
			t.Errorf("%s: the front doesn't know this field", name)
			continue
		}
		for _, method := range []string{http.MethodPatch, http.MethodPut} {
			t.Run(method+" "+name, func(t *testing.T) {
				send := func(value string) int {
					t.Helper()
					resp, got := ask(t, c, method, target, "", strings.NewReader(`{"`+name+`":`+value+`}`))
					if resp.StatusCode != 200 && !strings.Contains(got, `"errors":[{"domain":"global"`) {
						t.Errorf("%s: the error isn't the JSON API's: %s", value, got)
					}
					return resp.StatusCode
				}
				before, owner := resource()
				status := test.status
				if status == 0 {
					status = http.StatusNotImplemented
				}
				for value, want := range map[string]int{test.refused: status, test.wrong: 400} {
					if value == "" {
						continue
					}
					if got := send(value); got != want {
						t.Errorf("%s: got %d, want %d", value, got, want)
					}
				}
				if test.outputOnly {
					if got := send(`"another"`); got != 400 {
						t.Errorf("another value: got %d, want 400", got)
					}
					if value, shown := before[name]; shown && send(string(value)) != 200 {
						t.Error("its own value sent back is refused")
					}
					return
				}
				if after, now := resource(); !cmp.Equal(before, after) || !cmp.Equal(owner, now) {
					t.Errorf("a refused change changed the bucket: %v", cmp.Diff(owner, now))
				}
				if test.kept == "" {
					return
				}
				if got := send(test.kept); got != 200 {
					t.Fatalf("%s: got %d, want 200", test.kept, got)
				}
				after, now := resource()
				got := string(after[name])
				if name == "softDeletePolicy" {
					var p map[string]any
					if json.Unmarshal(after[name], &p) != nil || p["retentionDurationSeconds"] != "864000" || p["effectiveTime"] == nil {
						t.Errorf("got %s", got)
					}
				} else if !same(got, test.kept) {
					t.Errorf("kept: got %s, want %s", got, test.kept)
				}
				if cmp.Equal(owner, now) {
					t.Error("the owner's view of the configuration shows no change")
				}
				if string(after["metageneration"]) == string(before["metageneration"]) {
					t.Error("the metageneration is as before")
				}
				if got := send("null"); got != 200 {
					t.Errorf("null: got %d, want 200", got)
				}
				if after, _ := resource(); same(string(after[name]), test.kept) {
					t.Error("null takes nothing away")
				}
				if name == "cors" { // the bucket is as it was made
					send(`[{"origin":["*"],"method":["GET"]}]`)
				}
			})
		}
	}
	if walked < len(gcsFields) {
		t.Errorf("%d fields walked, %d are in the table", walked, len(gcsFields))
	}
	if resp, got := ask(t, c, http.MethodPatch, target, "", strings.NewReader(`{"colour":"blue"}`)); resp.StatusCode != 400 {
		t.Errorf("a field that isn't one: got %d %s, want 400", resp.StatusCode, got)
	}
}

func TestAPatchLeavesAloneWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: true})
	bucket, _ := gcsClient(t, b)
	ctx := t.Context()
	before, err := bucket.Attrs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	update := storage.BucketAttrsToUpdate{Lifecycle: &storage.Lifecycle{Rules: []storage.LifecycleRule{
		{Action: storage.LifecycleAction{Type: "Delete"}, Condition: storage.LifecycleCondition{AgeInDays: 30, Liveness: storage.Archived}}}}}
	update.SetLabel("team", "storage")
	if _, err := bucket.If(storage.BucketConditions{MetagenerationMatch: before.MetaGeneration + 1}).Update(ctx, update); err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("an update of another metageneration: got %v, want 412", err)
	}
	if _, err := bucket.If(storage.BucketConditions{MetagenerationMatch: before.MetaGeneration}).Update(ctx, update); err != nil {
		t.Fatal(err)
	}
	after, err := bucket.Attrs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !after.VersioningEnabled || len(after.CORS) != 1 || after.Labels["team"] != "storage" || len(after.Lifecycle.Rules) != 1 ||
		after.Lifecycle.Rules[0].Condition.AgeInDays != 30 || after.Lifecycle.Rules[0].Condition.Liveness != storage.Archived || !after.UniformBucketLevelAccess.Enabled {
		t.Errorf("got %+v", after)
	}
	gone := storage.BucketAttrsToUpdate{}
	gone.DeleteLabel("team")
	if _, err := bucket.Update(ctx, gone); err != nil {
		t.Fatal(err)
	}
	if after, err = bucket.Attrs(ctx); err != nil || len(after.Labels) != 0 || len(after.Lifecycle.Rules) != 1 {
		t.Errorf("without its label: got %+v, %v", after, err)
	}
}

func TestTheXMLAPIReadsTheBucketsDocuments(t *testing.T) {
	t.Parallel()
	const rules = `{"rule":[{"action":{"type":"Delete"},"condition":{"age":0,"isLive":false,"numNewerVersions":3}},` +
		`{"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":7}},{"action":{"type":"SetStorageClass","storageClass":"NEARLINE"},"condition":{"matchesPrefix":["a/","b/"]}}]}`
	const key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
	h := newHost(t)
	full := provision(t, h, stores.GCP, stores.Setup{Versioning: true, GCS: stores.GCSSetup{Lifecycle: rules, KMSKey: key}})
	plain := provision(t, h, stores.GCP, stores.Setup{})
	for _, test := range []struct {
		b              *stores.Bucket
		document, want string
	}{
		{full, "versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`},
		{plain, "versioning", `<VersioningConfiguration></VersioningConfiguration>`},
		{full, "lifecycle", `<LifecycleConfiguration><Rule><Action><Delete></Delete></Action><Condition><Age>0</Age><IsLive>false</IsLive><NumNewerVersions>3</NumNewerVersions></Condition></Rule>` +
			`<Rule><Action><AbortIncompleteMultipartUpload></AbortIncompleteMultipartUpload></Action><Condition><Age>7</Age></Condition></Rule>` +
			`<Rule><Action><SetStorageClass>NEARLINE</SetStorageClass></Action><Condition><MatchesPrefix>a/</MatchesPrefix><MatchesPrefix>b/</MatchesPrefix></Condition></Rule></LifecycleConfiguration>`},
		{plain, "lifecycle", `<LifecycleConfiguration></LifecycleConfiguration>`},
		{full, "encryptionConfig", `<EncryptionConfiguration><DefaultKmsKeyName>` + key + `</DefaultKmsKeyName></EncryptionConfiguration>`},
		{plain, "encryptionConfig", `<EncryptionConfiguration></EncryptionConfiguration>`},
		{plain, "location", `<LocationConstraint>US-CENTRAL1</LocationConstraint>`},
		{plain, "cors", `<CorsConfig><Cors><Origins><Origin>*</Origin></Origins><Methods><Method>GET</Method><Method>HEAD</Method><Method>PUT</Method></Methods>` +
			`<ResponseHeaders><ResponseHeader>ETag</ResponseHeader><ResponseHeader>Content-Type</ResponseHeader><ResponseHeader>Content-MD5</ResponseHeader><ResponseHeader>Range</ResponseHeader></ResponseHeaders><MaxAgeSec>3000</MaxAgeSec></Cors></CorsConfig>`},
	} {
		a, c := read(t, test.b), bearer(t, test.b, client(t, test.b, nil))
		if resp, got := ask(t, c, http.MethodGet, a.base+"/"+a.bucket+"?"+test.document, "", nil); resp.StatusCode != 200 || !strings.HasSuffix(got, test.want) {
			t.Errorf("?%s: got %d %s, want %s", test.document, resp.StatusCode, got, test.want)
		}
		if resp, got := ask(t, c, http.MethodPut, a.base+"/"+a.bucket+"?"+test.document, "", strings.NewReader(test.want)); resp.StatusCode != 501 || !strings.Contains(got, "<Code>NotImplemented</Code>") {
			t.Errorf("PUT ?%s: got %d %s, want 501", test.document, resp.StatusCode, got)
		}
	}
}

func TestACustomerManagedKeyGoesWithTheObject(t *testing.T) {
	t.Parallel()
	const key, other = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k", "projects/p/locations/us-central1/keyRings/r/cryptoKeys/other"
	b := provision(t, newHost(t), stores.GCP, stores.Setup{GCS: stores.GCSSetup{KMSKey: key}})
	bucket, _ := gcsClient(t, b)
	a, c, ctx := read(t, b), bearer(t, b, client(t, b, nil)), t.Context()
	if attrs, err := bucket.Attrs(ctx); err != nil || attrs.Encryption == nil || attrs.Encryption.DefaultKMSKeyName != key {
		t.Errorf("the bucket's encryption: got %+v, %v", attrs.Encryption, err)
	}
	named := func(object, want string) {
		t.Helper()
		attrs, err := bucket.Object(object).Attrs(ctx)
		if err != nil || attrs.KMSKeyName != want {
			t.Errorf("%s, JSON API: got %q, %v; want %q", object, attrs.KMSKeyName, err, want)
		}
		if resp, _ := ask(t, c, http.MethodHead, a.objectURL(object), "", nil); resp.Header.Get("X-Goog-Encryption-Kms-Key-Name") != want {
			t.Errorf("%s, XML API: got %q, want %q", object, resp.Header.Get("X-Goog-Encryption-Kms-Key-Name"), want)
		}
	}
	write(t, bucket.Object("json"), "x")
	named("json", key+"/cryptoKeyVersions/1")
	w := bucket.Object("json-other").NewWriter(ctx)
	w.KMSKeyName = other
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	named("json-other", other+"/cryptoKeyVersions/1")
	resp, body := ask(t, c, http.MethodPut, signedURL(t, b, http.MethodPut, "xml"), "", strings.NewReader("x"))
	if resp.StatusCode != 200 || resp.Header.Get("X-Goog-Encryption-Kms-Key-Name") != key+"/cryptoKeyVersions/1" {
		t.Errorf("PUT: got %d %s, key %q", resp.StatusCode, body, resp.Header.Get("X-Goog-Encryption-Kms-Key-Name"))
	}
	named("xml", key+"/cryptoKeyVersions/1")
	if _, err := bucket.Object("copy").CopierFrom(bucket.Object("json-other")).Run(ctx); err != nil {
		t.Fatal(err)
	}
	named("copy", key+"/cryptoKeyVersions/1")
	if _, err := bucket.Update(ctx, storage.BucketAttrsToUpdate{Encryption: &storage.BucketEncryption{}}); err != nil {
		t.Fatal(err)
	}
	write(t, bucket.Object("after"), "x")
	named("after", "")
	named("json", key+"/cryptoKeyVersions/1")

	supplied := bucket.Object("supplied").Key([]byte("0123456789abcdef0123456789abcdef"))
	sw := supplied.NewWriter(ctx)
	if err := sw.Close(); err == nil || !strings.Contains(err.Error(), "customer-supplied") {
		t.Errorf("written with a customer-supplied key: got %v, want a refusal", err)
	}
	if _, err := bucket.Object("json").Key([]byte("0123456789abcdef0123456789abcdef")).NewReader(ctx); err == nil {
		t.Error("read with a customer-supplied key")
	}
	if got := inventory(t, b)["supplied"]; got != "" {
		t.Error("an object is there although its key was refused")
	}
}

func TestAnObjectsMetadataChangesByItsGenerationAndNotItsContent(t *testing.T) {
	t.Parallel()
	for _, versioning := range []bool{false, true} {
		b := provision(t, newHost(t), stores.GCP, stores.Setup{Versioning: versioning})
		bucket, _ := gcsClient(t, b)
		ctx := t.Context()
		made := write(t, bucket.Object("k"), "x")
		got, err := bucket.Object("k").If(storage.Conditions{MetagenerationMatch: 1}).Update(ctx, storage.ObjectAttrsToUpdate{
			CacheControl: "no-store", Metadata: map[string]string{"new": "y"}, CustomTime: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if got.Generation != made.Generation || got.Metageneration != 2 || got.CacheControl != "no-store" || got.Metadata["new"] != "y" || got.ContentType != "text/odd" || got.CustomTime.IsZero() {
			t.Errorf("versioning %t: got %+v", versioning, got)
		}
		if _, err := bucket.Object("k").Update(ctx, storage.ObjectAttrsToUpdate{CacheControl: ""}); err != nil {
			t.Fatal(err)
		}
		if got, err = bucket.Object("k").Attrs(ctx); err != nil || got.CacheControl != "" || got.Metageneration != 3 {
			t.Errorf("versioning %t, a field taken away: got %+v, %v", versioning, got, err)
		}
		if n := len(inventory(t, b)); n != 1 {
			t.Errorf("versioning %t: %d generations, want 1", versioning, n)
		}
		for what, u := range map[string]storage.ObjectAttrsToUpdate{"a hold": {TemporaryHold: true}, "an access control list": {ACL: []storage.ACLRule{{Entity: "allUsers", Role: "READER"}}}} {
			if _, err := bucket.Object("k").Update(ctx, u); err == nil {
				t.Errorf("%s is taken", what)
			}
		}
		for what, err := range map[string]error{
			"removed": bucket.Object("k").If(storage.Conditions{GenerationMatch: 1}).Delete(ctx),
			"written": bucket.Object("k").If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx).Close(),
		} {
			if err == nil || !strings.Contains(err.Error(), "412") {
				t.Errorf("versioning %t, %s in spite of its precondition: %v", versioning, what, err)
			}
		}
	}
}
