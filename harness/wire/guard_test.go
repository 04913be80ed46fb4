package wire_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

const prefix = "team/run-1/"

// scopes are what the attempts are made against; each is the same bucket and prefix in another form.
var scopes = map[string]wire.Scope{
	"s3 path":         {Dialect: wire.S3, Hosts: []string{"s3.store.test"}, Bucket: "bucket", Prefix: prefix},
	"s3 virtual":      {Dialect: wire.S3, Hosts: []string{"s3.store.test:443"}, BucketHost: "bucket.s3.store.test", Bucket: "bucket", Prefix: prefix},
	"s3 named sts":    {Dialect: wire.S3, Hosts: []string{"s3.amazonaws.com"}, BucketHost: "bucket.s3.amazonaws.com", Bucket: "bucket", Prefix: prefix},
	"gcs":             {Dialect: wire.GCS, Hosts: []string{"storage.googleapis.com"}, Bucket: "bucket", Prefix: prefix},
	"gcs virtual":     {Dialect: wire.GCS, Hosts: []string{"storage.googleapis.com"}, BucketHost: "bucket.storage.googleapis.com", Bucket: "bucket", Prefix: "storage/v1/b/other/o/"},
	"gcs batch":       {Dialect: wire.GCS, Hosts: []string{"storage.googleapis.com"}, Bucket: "batch-jobs", Prefix: prefix},
	"azure":           {Dialect: wire.Azure, Hosts: []string{"account.blob.store.test"}, Bucket: "bucket", Prefix: prefix},
	"azure emulator":  {Dialect: wire.Azure, Hosts: []string{"emulator.test:10000"}, PathPrefix: "/account", Bucket: "bucket", Prefix: prefix},
	"s3 at a token's": {Dialect: wire.S3, Hosts: []string{"sts.eu-central-1.amazonaws.com"}, Bucket: "bucket", Prefix: prefix},
	"only reads":      {},
}

// attempt is one request and what has to become of it: why is part of the refusal, "" when it goes through.
type attempt struct {
	name, method, url string
	body              string
	header            map[string]string
	shape             func(*http.Request)
	why               string
}

func (a attempt) request(t testing.TB) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), a.method, a.url, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range a.header {
		req.Header[name] = []string{value} // in this very spelling
	}
	if a.shape != nil {
		a.shape(req)
	}
	return req
}

// tryAll makes every attempt, and looks at what arrived at the store.
func tryAll(t *testing.T, scope string, attempts []attempt) {
	s := newStore(t, true, nil)
	for _, a := range attempts {
		t.Run(scope+": "+a.name, func(t *testing.T) {
			var g *wire.Guard
			if scopes[scope].Bucket != "" {
				g = guard(t, scopes[scope])
			}
			rec := wire.NewRecorder("BYOB-TEST-001")
			tr := transport(t, wire.Options{Network: s.network(), Guard: g})
			req := a.request(t)
			resp, err := tr.RoundTrip(req.WithContext(rec.With(t.Context())))
			if resp != nil {
				finish(t, resp)
			}
			came := s.take()
			var refused *wire.GuardError
			switch {
			case a.why == "":
				if err != nil || len(came) != 1 || len(rec.Refusals()) != 0 {
					t.Errorf("got error %v and %d requests at the store, want none and 1", err, len(came))
				}
				return
			case !errors.As(err, &refused) || !strings.Contains(err.Error(), a.why):
				t.Errorf("got error %v, want a refusal with %q", err, a.why)
			case len(came) != 0 || tr.Requests() != 0 || rec.Len() != 0:
				t.Errorf("something was sent: %d at the store, %d counted, %d recorded", len(came), tr.Requests(), rec.Len())
			case len(rec.Refusals()) != 1:
				t.Errorf("got %d refusals recorded, want 1", len(rec.Refusals()))
			}
			if g != nil && len(g.Keys()) != 0 {
				t.Errorf("keys of a refused request were kept: %q", g.Keys())
			}
		})
	}
}

func opaque(to string) func(*http.Request) { return func(r *http.Request) { r.URL.Opaque = to } }

func TestTheGuardLetsThroughOnlyKeysOfTheRunOnS3(t *testing.T) {
	const at = "https://s3.store.test/bucket/"
	const below = at + prefix
	tryAll(t, "s3 path", []attempt{
		{name: "a PUT below the prefix", method: "PUT", url: below + "k", body: "x"},
		{name: "a PUT by a pre-signed URL", method: "PUT", url: below + "k?X-Amz-Algorithm=A&X-Amz-Signature=s&x-id=PutObject&X-Amz-Checksum-Crc32=c", body: "x"},
		{name: "a PUT of the bucket", method: "PUT", url: at, why: "names no key"},
		{name: "a PUT beside the prefix", method: "PUT", url: at + "team/run-10/k", why: "not below"},
		{name: "a PUT of the prefix itself", method: "PUT", url: below, why: "segment"},
		{name: "a PUT into another bucket", method: "PUT", url: "https://s3.store.test/other/" + prefix + "k", why: "another bucket"},
		{name: "a bucket that is escaped", method: "PUT", url: "https://s3.store.test/%62ucket/" + prefix + "k", why: "another bucket"},
		{name: "an escaped slash behind the bucket", method: "PUT", url: "https://s3.store.test/bucket%2Fteam/run-1/k", why: "another bucket"},
		{name: "a slash in a key that is escaped", method: "PUT", url: below + "a%2Fb", body: "x"},
		{name: "a `..`", method: "PUT", url: below + "../k", why: "fold"},
		{name: "a `..` that is escaped", method: "PUT", url: below + "%2e%2E/k", why: "fold"},
		{name: "a `..` behind an escaped slash", method: "PUT", url: below + "a%2f..%2f..%2f..%2fk", why: "fold"},
		{name: "a `..` that is escaped twice", method: "PUT", url: below + "%252e%252e/k", why: "fold"},
		{name: "a `..` that is escaped twice, beside a percent sign", method: "PUT", url: below + "%252e%252e%252fk/100%25", why: "fold"},
		{name: "a `..` that is escaped three times", method: "PUT", url: below + "%25252e%25252e%25252fk", why: "fold"},
		{name: "an escape that is part of the name", method: "PUT", url: below + "a%252Fb%25.txt", body: "x"},
		{name: "a `..` with a path parameter", method: "PUT", url: below + "..;v=1/k", why: "fold"},
		{name: "a `..` in full-width dots", method: "PUT", url: below + "．．/k", why: "fold"},
		{name: "a `..` as a two dot leader", method: "PUT", url: below + "‥/k", why: "fold"},
		{name: "a `..` behind a full-width slash", method: "PUT", url: below + "a／..／k", why: "fold"},
		{name: "a `..` and a space", method: "PUT", url: below + "..%20/k", why: "fold"},
		{name: "letters of other scripts", method: "PUT", url: below + "größe-日本-🪣.txt", body: "x"},
		{name: "an empty segment", method: "PUT", url: below + "/k", why: "fold"},
		{name: "a `.`", method: "PUT", url: below + "./k", why: "fold"},
		{name: "a backslash", method: "PUT", url: below + `a%5C..%5Ck`, why: "fold"},
		{name: "a NUL", method: "PUT", url: below + "a%00", why: "fold"},
		{name: "a newline", method: "PUT", url: below + "a%0Ab", why: "fold"},
		{name: "bytes that are no UTF-8", method: "PUT", url: below + "%c0%ae%c0%ae/k", why: "UTF-8"},
		{name: "an opaque path", method: "PUT", url: below + "k", shape: opaque("//s3.store.test/other/k"), why: "opaque"},
		{name: "an opaque path of a read", method: "GET", url: below + "k", shape: opaque("/other/k"), why: "opaque"},
		{name: "a path without its slash", method: "PUT", url: below + "k", shape: func(r *http.Request) { r.URL.Path = "bucket/" + prefix + "k" }, why: "not below"},
		{name: "two slashes in front", method: "PUT", url: "https://s3.store.test//bucket/" + prefix + "k", why: "another bucket"},
		{name: "a user before the host", method: "PUT", url: "https://user:pw@s3.store.test/bucket/" + prefix + "k", why: "credentials"},
		{name: "another host", method: "PUT", url: "https://s4.store.test/bucket/" + prefix + "k", why: "not a host"},
		{name: "the host in upper case with its port", method: "PUT", url: "https://S3.store.TEST:443/bucket/" + prefix + "k", body: "x"},
		{name: "the host with another port", method: "PUT", url: "https://s3.store.test:444/bucket/" + prefix + "k", why: "not a host"},
		{name: "the host with a dot at its end", method: "PUT", url: "https://s3.store.test./bucket/" + prefix + "k", why: "not a host"},
		{name: "a host that is not ASCII", method: "PUT", url: "https://ſ3.store.test/bucket/" + prefix + "k", why: "not ASCII"},
		{name: "a bucket's own host on a path-style endpoint", method: "PUT", url: "https://other.s3.store.test/bucket/" + prefix + "k", why: "not a host"},
		{name: "another Host header", method: "PUT", url: below + "k", shape: func(r *http.Request) { r.Host = "other.s3.store.test" }, why: "Host header"},
		{name: "a second Host header in small letters", method: "PUT", url: below + "k", header: map[string]string{"host": "other.s3.store.test"}},
		{name: "another scheme", method: "PUT", url: "ftp://s3.store.test/bucket/" + prefix + "k", why: "scheme"},

		{name: "a policy", method: "PUT", url: at + "?policy", why: "query"},
		{name: "an access list below the prefix", method: "PUT", url: below + "k?acl", why: "query"},
		{name: "a tag", method: "PUT", url: below + "k?tagging", why: "query"},
		{name: "a retention in upper case", method: "PUT", url: below + "k?RETENTION", why: "query"},
		{name: "an access list behind a semicolon", method: "PUT", url: below + "k?x-id=1;acl", why: "query"},
		{name: "an access list that is signed into the query", method: "PUT", url: below + "k?X-Amz-Acl=public-read", why: "query"},
		{name: "a copy that is signed into the query", method: "PUT", url: below + "k?X-Amz-Copy-Source=/other/k", why: "query"},
		{name: "a query that can't be read", method: "PUT", url: below + "k?%zz", why: "query"},
		{name: "an upload that begins", method: "POST", url: below + "k?uploads"},
		{name: "an upload that begins with a form", method: "POST", url: below + "k?uploads", header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, why: "form"},
		{name: "an upload of a part", method: "PUT", url: below + "k?partNumber=1&uploadId=u", body: "x"},
		{name: "an upload that is named twice", method: "PUT", url: below + "k?partNumber=1&uploadId=u&uploadId=v", why: "twice"},
		{name: "an upload that is named in two cases", method: "PUT", url: below + "k?uploadId=u&UPLOADID=v", why: "query"},
		{name: "an upload that is completed", method: "POST", url: below + "k?uploadId=u", body: "<CompleteMultipartUpload/>"},
		{name: "an upload that is aborted", method: "DELETE", url: below + "k?uploadId=u"},
		{name: "a version that is removed", method: "DELETE", url: below + "k?versionId=v"},
		{name: "many keys removed", method: "POST", url: at + "?delete", body: "<Delete/>", why: "query"},
		{name: "many keys removed below the prefix", method: "POST", url: below + "k?delete&uploads", why: "query"},
		{name: "a form", method: "POST", url: at, body: "key=other", why: "POST"},
		{name: "a restore", method: "POST", url: below + "k?restore", why: "query"},
		{name: "a bucket removed", method: "DELETE", url: at, why: "names no key"},
		{name: "a removal", method: "DELETE", url: below + "k"},
		{name: "a removal with a body", method: "DELETE", url: below + "k", body: "<Delete/>", why: "body"},
		{name: "a copy", method: "PUT", url: below + "k", header: map[string]string{"x-amz-copy-source": "/other/k"}, why: "Copy-Source"},
		{name: "a copy by another vendor's header", method: "PUT", url: below + "k", header: map[string]string{"X-Copy-From": "other/k"}, why: "X-Copy-From"},
		{name: "a rename", method: "PUT", url: below + "k?renameObject", header: map[string]string{"X-Amz-Rename-Source": "/k"}, why: "query"},
		{name: "a lock", method: "PUT", url: below + "k", header: map[string]string{"X-Amz-Object-Lock-Mode": "COMPLIANCE"}, why: "Object-Lock"},
		{name: "an access list that opens the object", method: "PUT", url: below + "k", header: map[string]string{"x-amz-acl": "public-read"}, why: "Acl"},
		{name: "an access list that says what holds without it", method: "PUT", url: below + "k", body: "x", header: map[string]string{"x-amz-acl": "private"}},
		{name: "an access list for two", method: "PUT", url: below + "k", shape: func(r *http.Request) { r.Header["X-Amz-Acl"] = []string{"private", "public-read"} }, why: "Acl"},
		{name: "a private access list that is signed into the query", method: "PUT", url: below + "k?X-Amz-Acl=private", why: "query"},
		{name: "a storage class that is paid for", method: "PUT", url: below + "k", header: map[string]string{"x-amz-storage-class": "DEEP_ARCHIVE"}, why: "Storage-Class"},
		{name: "encryption and metadata", method: "PUT", url: below + "k", body: "x", header: map[string]string{"x-amz-server-side-encryption": "aws:kms", "x-amz-meta-a": "b"}},
		{name: "a trailer with a copy", method: "PUT", url: below + "k", body: "x", shape: func(r *http.Request) { r.Trailer = http.Header{"X-Amz-Copy-Source": {"/o/k"}} }, why: "Copy-Source"},
		{name: "a method in a header", method: "GET", url: below + "k", header: map[string]string{"X-HTTP-Method-Override": "DELETE"}, why: "Override"},
		{name: "a method in a header in small letters", method: "GET", url: at, header: map[string]string{"x-http-method-override": "DELETE"}, why: "Override"},
		{name: "another URL in a header", method: "PUT", url: below + "k", header: map[string]string{"X-Original-URL": "/other/k"}, why: "X-Original"},
		{name: "a header in two spellings", method: "PUT", url: below + "k", header: map[string]string{"content-md5": "a", "Content-MD5": "b"}, why: "two spellings"},
		{name: "a read with a body", method: "GET", url: below + "k", body: "x", why: "body"},
		{name: "a read of anything", method: "GET", url: at + "?policy"},
		{name: "a PATCH", method: "PATCH", url: below + "k", why: "writes no object"},
		{name: "a COPY", method: "COPY", url: below + "k", why: "writes no object"},
		{name: "a method in small letters", method: "put", url: below + "k", why: "writes no object"},
		{name: "a TRACE", method: "TRACE", url: below + "k", why: "writes no object"},
		{name: "a CONNECT", method: "CONNECT", url: below + "k", why: "writes no object"},
	})
	tryAll(t, "s3 virtual", []attempt{
		{name: "a PUT below the prefix", method: "PUT", url: "https://bucket.s3.store.test/" + prefix + "k", body: "x"},
		{name: "a PUT beside it", method: "PUT", url: "https://bucket.s3.store.test/k", why: "not below"},
		{name: "a PUT into another bucket", method: "PUT", url: "https://other.s3.store.test/" + prefix + "k", why: "not a host"},
		{name: "a PUT by path", method: "PUT", url: "https://s3.store.test/bucket/" + prefix + "k", body: "x"},
		{name: "a PUT by path as if the host were the bucket's", method: "PUT", url: "https://s3.store.test/" + prefix + "k", why: "another bucket"},
	})
}

func TestTheGuardLetsThroughOnlyKeysOfTheRunOnGoogle(t *testing.T) {
	const host = "https://storage.googleapis.com"
	const upload = host + "/upload/storage/v1/b/bucket/o?alt=json&prettyPrint=false&uploadType=multipart"
	related := map[string]string{"Content-Type": "multipart/related; boundary=b"}
	form := func(meta string) string {
		return "--b\r\nContent-Type: application/json\r\n\r\n" + meta + "\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
	}
	insert := func(name, query, meta, why string) attempt {
		return attempt{name: name, method: "POST", url: upload + query, body: form(meta), header: related, why: why}
	}
	const good = `{"name":"team/run-1/k","bucket":"bucket","contentType":"text/plain"}`
	encoded := insert("metadata in another encoding", "", good, "can't be read")
	encoded.body = strings.Replace(encoded.body, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1)
	endless := insert("metadata that has no end", "", good, "can't be read")
	endless.body = strings.Replace(endless.body, "\r\n--b\r\nContent-Type: text/plain", strings.Repeat(" ", 80<<10), 1)
	squeezed := insert("a squeezed upload", "", good, "can't be read")
	squeezed.header = map[string]string{"Content-Type": related["Content-Type"], "Content-Encoding": "gzip"}
	resumable := insert("an upload that may be resumed, by header", "", good, "X-Goog-Upload-Protocol")
	resumable.header = map[string]string{"Content-Type": related["Content-Type"], "X-Goog-Upload-Protocol": "resumable"}
	tryAll(t, "gcs", []attempt{
		insert("an upload below the prefix", "", good, ""),
		insert("an upload whose query says the same name", "&name=team%2Frun-1%2Fk", good, ""),
		insert("an upload whose query says another name", "&name=other", good, "different keys"),
		insert("an upload whose query says an empty name", "&name=", good, "different keys"),
		insert("an upload with two names in the query", "&name=team%2Frun-1%2Fk&name=other", good, "twice"),
		insert("an upload beside the prefix", "", `{"name":"other"}`, "not below"),
		insert("an upload with two names", "", `{"name":"team/run-1/k","name":"other"}`, "twice"),
		insert("an upload with two names in two cases", "", `{"name":"team/run-1/k","Name":"other"}`, "no part"),
		insert("an upload with two names, one escaped", "", `{"name":"team/run-1/k","n\u0061me":"other"}`, "twice"),
		insert("an upload with two objects", "", good+`{"name":"other"}`, "not one JSON object"),
		insert("an upload with a list", "", `[`+good+`]`, "not one JSON object"),
		insert("an upload without a name", "", `{"bucket":"bucket"}`, "names no key"),
		insert("an upload whose name is no string", "", `{"name":["team/run-1/k"]}`, "names no key"),
		insert("an upload whose name is half a character", "", `{"name":"team/run-1/\ud800"}`, "UTF-8"),
		insert("an upload into another bucket", "", `{"name":"team/run-1/k","bucket":"other"}`, "different buckets"),
		insert("an upload that locks", "", `{"name":"team/run-1/k","retention":{"mode":"Locked"}}`, "retention"),
		insert("an upload that holds", "", `{"name":"team/run-1/k","temporaryHold":true}`, "temporaryHold"),
		insert("an upload that grants", "", `{"name":"team/run-1/k","acl":[]}`, "acl"),
		insert("an upload that grants in its query", "&predefinedAcl=publicRead", good, "predefinedAcl"),
		insert("an upload of two types", "&uploadType=resumable", good, "twice"),
		insert("an upload by another protocol", "&upload_protocol=resumable", good, "upload_protocol"),
		encoded, endless, squeezed, resumable,
		{name: "an upload that may be resumed", method: "POST", url: host + "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=team%2Frun-1%2Fk", why: "one-request"},
		{name: "an upload of the media alone", method: "POST", url: host + "/upload/storage/v1/b/bucket/o?uploadType=media&name=team%2Frun-1%2Fk", why: "one-request"},
		{name: "a removal", method: "DELETE", url: host + "/storage/v1/b/bucket/o/team%2Frun-1%2Fk?alt=json"},
		{name: "a removal beside the prefix", method: "DELETE", url: host + "/storage/v1/b/bucket/o/k", why: "not below"},
		{name: "a removal from another bucket", method: "DELETE", url: host + "/storage/v1/b/other/o/team%2Frun-1%2Fk", why: "another bucket"},
		{name: "a bucket removed", method: "DELETE", url: host + "/storage/v1/b/bucket", why: "one-request"},
		{name: "a removal through a path that only looks like the API's", method: "DELETE", url: host + "/resumable/storage/v1/b/bucket/o/team%2Frun-1%2Fk", why: "unknown path"},
		{name: "a rewrite", method: "POST", url: host + "/storage/v1/b/bucket/o/k/rewriteTo/b/bucket/o/team%2Frun-1%2Fk", why: "one-request"},
		{name: "a copy", method: "POST", url: host + "/storage/v1/b/bucket/o/k/copyTo/b/bucket/o/team%2Frun-1%2Fk", why: "one-request"},
		{name: "a compose", method: "POST", url: host + "/storage/v1/b/bucket/o/team%2Frun-1%2Fk/compose", body: "{}", why: "one-request"},
		{name: "a change", method: "PATCH", url: host + "/storage/v1/b/bucket/o/team%2Frun-1%2Fk", body: "{}", why: "one-request"},
		{name: "an update", method: "PUT", url: host + "/storage/v1/b/bucket/o/team%2Frun-1%2Fk", body: "{}", why: "one-request"},
		{name: "a policy", method: "PUT", url: host + "/storage/v1/b/bucket/iam", body: "{}", why: "one-request"},
		{name: "a batch", method: "POST", url: host + "/batch/storage/v1", body: "x", why: "batch"},
		{name: "a path of the API in other letters", method: "DELETE", url: host + "/%53torage/v1/b/other/o/k", why: "unknown path"},
		{name: "a method in the query", method: "GET", url: host + "/storage/v1/b/bucket/o/k?%24httpMethod=DELETE", why: "change the method"},
		{name: "a PUT by the XML API", method: "PUT", url: host + "/bucket/" + prefix + "k", body: "x", header: map[string]string{"x-goog-meta-a": "b"}},
		{name: "a PUT by the XML API beside the prefix", method: "PUT", url: host + "/bucket/k", why: "not below"},
		{name: "a compose by the XML API", method: "PUT", url: host + "/bucket/" + prefix + "k?compose", why: "query"},
		{name: "a copy by the XML API", method: "PUT", url: host + "/bucket/" + prefix + "k", header: map[string]string{"x-goog-copy-source": "o/k"}, why: "Copy-Source"},
		{name: "a copy by Amazon's header", method: "PUT", url: host + "/bucket/" + prefix + "k", header: map[string]string{"X-Amz-Copy-Source": "o/k"}, why: "Copy-Source"},
		{name: "an upload that may be resumed, by the XML API", method: "POST", url: host + "/bucket/" + prefix + "k?uploads", header: map[string]string{"X-Goog-Resumable": "start"}, why: "Resumable"},
		{name: "a session of an upload", method: "PUT", url: host + "/bucket/" + prefix + "k?upload_id=u", body: "x", why: "query"},
	})
	tryAll(t, "gcs virtual", []attempt{
		{name: "a prefix that looks like a path of the JSON API", method: "PUT", url: "https://bucket.storage.googleapis.com/storage/v1/b/other/o/k", body: "x", why: "one-request"},
	})
	tryAll(t, "gcs batch", []attempt{
		{name: "a bucket whose name begins like a path of the API", method: "PUT", url: host + "/batch-jobs/" + prefix + "k", body: "x"},
	})
}

func TestTheGuardLetsThroughOnlyKeysOfTheRunOnAzure(t *testing.T) {
	const at = "https://account.blob.store.test/bucket"
	const below = at + "/" + prefix
	block := map[string]string{"x-ms-blob-type": "BlockBlob", "x-ms-version": "2024-11-04"}
	tryAll(t, "azure", []attempt{
		{name: "a blob below the prefix", method: "PUT", url: below + "k?sv=1&sig=s&se=e", body: "x", header: block},
		{name: "a blob beside the prefix", method: "PUT", url: at + "/k?sv=1&sig=s", body: "x", header: block, why: "not below"},
		{name: "a blob of another container", method: "PUT", url: "https://account.blob.store.test/other/" + prefix + "k", header: block, why: "another bucket"},
		{name: "a page blob", method: "PUT", url: below + "k", header: map[string]string{"x-ms-blob-type": "PageBlob"}, why: "block blobs"},
		{name: "a page blob's size", method: "PUT", url: below + "k", header: map[string]string{"x-ms-blob-content-length": "8796093022208"}, why: "Content-Length"},
		{name: "a block", method: "PUT", url: below + "k?comp=block&blockid=a", body: "x"},
		{name: "a block in other letters", method: "PUT", url: below + "k?Comp=Block&BlockId=a", body: "x", why: "comp"},
		{name: "a list of blocks", method: "PUT", url: below + "k?comp=blocklist", body: "<BlockList/>"},
		{name: "tags under a name in other letters", method: "PUT", url: below + "k?COMP=tags", why: "comp"},
		{name: "a block and tags", method: "PUT", url: below + "k?comp=block&comp=tags", why: "twice"},
		{name: "a block and tags in two cases", method: "PUT", url: below + "k?comp=block&Comp=tags", why: "twice"},
		{name: "a batch", method: "POST", url: at + "?restype=container&comp=batch", body: "x", why: "query"},
		{name: "a container", method: "PUT", url: at + "?restype=container", why: "query"},
		{name: "a container's name without saying so", method: "PUT", url: at, why: "names no key"},
		{name: "a container removed", method: "DELETE", url: at, why: "names no key"},
		{name: "a lease", method: "PUT", url: below + "k?comp=lease", why: "comp"},
		{name: "a tier", method: "PUT", url: below + "k?comp=tier", why: "comp"},
		{name: "a tier by header", method: "PUT", url: below + "k", header: map[string]string{"x-ms-access-tier": "Archive"}, why: "Access-Tier"},
		{name: "a page", method: "PUT", url: below + "k?comp=page", why: "comp"},
		{name: "a copy", method: "PUT", url: below + "k", header: map[string]string{"x-ms-copy-source": "https://o/k"}, why: "Copy-Source"},
		{name: "a rename", method: "PUT", url: below + "k", header: map[string]string{"x-ms-rename-source": "/o/k"}, why: "Rename-Source"},
		{name: "a directory removed", method: "DELETE", url: below + "k?recursive=true", why: "query"},
		{name: "a directory on the other endpoint", method: "PUT", url: "https://account.dfs.store.test/bucket/" + prefix + "k?resource=directory", why: "not a host"},
		{name: "a hold", method: "PUT", url: below + "k", header: map[string]string{"x-ms-legal-hold": "true"}, why: "Legal-Hold"},
		{name: "a removal with its snapshots", method: "DELETE", url: below + "k", header: map[string]string{"x-ms-delete-snapshots": "include"}},
		{name: "a removal of a snapshot", method: "DELETE", url: below + "k?snapshot=2025-01-01"},
		{name: "a POST", method: "POST", url: below + "k", why: "writes no object"},
		{name: "a PATCH", method: "PATCH", url: below + "k?action=append", why: "query"},
	})
	tryAll(t, "azure emulator", []attempt{
		{name: "a blob below the prefix", method: "PUT", url: "https://emulator.test:10000/account/bucket/" + prefix + "k", body: "x", header: block},
		{name: "a blob of another account", method: "PUT", url: "https://emulator.test:10000/account2/bucket/" + prefix + "k", header: block, why: "not below"},
		{name: "a blob without the account", method: "PUT", url: "https://emulator.test:10000/bucket/" + prefix + "k", header: block, why: "not below"},
	})
}

func TestTokensMayBeAskedForAndNothingElseBesideTheBucket(t *testing.T) {
	for _, scope := range []string{"s3 named sts", "only reads"} {
		tryAll(t, scope, []attempt{
			{name: "a role", method: "POST", url: "https://sts.eu-central-1.amazonaws.com/", body: "Action=AssumeRole"},
			{name: "a role, without a region", method: "POST", url: "https://sts.amazonaws.com", body: "Action=AssumeRole"},
			{name: "a bucket named sts", method: "POST", url: "https://sts.s3.amazonaws.com/?delete", body: "x", why: "refused"},
			{name: "a bucket named sts in a region", method: "PUT", url: "https://sts.s3-us-west-2.amazonaws.com/k", body: "x", why: "refused"},
			{name: "a bucket named sts.x", method: "PUT", url: "https://sts.x.s3.eu-central-1.amazonaws.com/k", body: "x", why: "refused"},
			{name: "a PUT to the token service", method: "PUT", url: "https://sts.eu-central-1.amazonaws.com/", body: "x", why: "refused"},
			{name: "a token service on another port", method: "POST", url: "https://sts.eu-central-1.amazonaws.com:8443/", body: "x", why: "refused"},
			{name: "a token service without TLS", method: "POST", url: "http://sts.eu-central-1.amazonaws.com/", body: "x", why: "refused"},
			{name: "a token service under another Host", method: "POST", url: "https://sts.eu-central-1.amazonaws.com/", shape: func(r *http.Request) { r.Host = "o.s3.amazonaws.com" }, why: "refused"},
			{name: "a token", method: "POST", url: "https://oauth2.googleapis.com/token", body: "x"},
			{name: "a token taken back", method: "POST", url: "https://oauth2.googleapis.com/revoke", body: "x", why: "refused"},
			{name: "another's token", method: "POST", url: "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken", body: "{}"},
			{name: "another's signature", method: "POST", url: "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:signBlob", body: "{}", why: "refused"},
			{name: "a tenant's token", method: "POST", url: "https://login.microsoftonline.com/tenant/oauth2/v2.0/token", body: "x"},
			{name: "a machine's attribute", method: "PUT", url: "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/a/b", body: "x", why: "refused"},
			{name: "a machine's event", method: "POST", url: "http://169.254.169.254/metadata/scheduledevents", body: "{}", why: "refused"},
		})
	}
	tryAll(t, "s3 at a token's", []attempt{
		{name: "a POST to a store on a token service's host", method: "POST", url: "https://sts.eu-central-1.amazonaws.com/", body: "x", why: "POST"},
		{name: "a PUT to it", method: "PUT", url: "https://sts.eu-central-1.amazonaws.com/bucket/" + prefix + "k", body: "x"},
	})
	s := newStore(t, false, nil) // the metadata service has no TLS
	g := guard(t, scopes["s3 path"])
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	resp, err := tr.RoundTrip(attempt{method: "PUT", url: "http://169.254.169.254/latest/api/token"}.request(t))
	if err != nil || len(s.take()) != 1 {
		t.Errorf("the session token of the metadata service: got %v, want it sent", err)
	} else {
		finish(t, resp)
	}
}

func TestAGuardThatGuardsNothingIsNotMade(t *testing.T) {
	sound := scopes["s3 path"]
	for name, spoil := range map[string]func(*wire.Scope){
		"no dialect":                           func(s *wire.Scope) { s.Dialect = "" },
		"no bucket":                            func(s *wire.Scope) { s.Bucket = "" },
		"a bucket that is a path":              func(s *wire.Scope) { s.Bucket = "a/b" },
		"no host":                              func(s *wire.Scope) { s.Hosts = nil },
		"a host without a name":                func(s *wire.Scope) { s.Hosts = []string{""} },
		"a host that is service and bucket":    func(s *wire.Scope) { s.BucketHost = "S3.store.test" },
		"no prefix":                            func(s *wire.Scope) { s.Prefix = "" },
		"a prefix that is the whole bucket":    func(s *wire.Scope) { s.Prefix = "/" },
		"a prefix without its slash":           func(s *wire.Scope) { s.Prefix = "run" },
		"a prefix that leads out":              func(s *wire.Scope) { s.Prefix = "run/../" },
		"a prefix that leads out when decoded": func(s *wire.Scope) { s.Prefix = "run/%2e%2e/" },
		"a path before the bucket that folds":  func(s *wire.Scope) { s.PathPrefix = "/a/.." },
	} {
		s := sound
		spoil(&s)
		if _, err := wire.NewGuard(s); err == nil {
			t.Errorf("%s: got a guard, want an error", name)
		}
	}
	if _, err := wire.NewGuard(sound); err != nil {
		t.Errorf("a sound scope: %v", err)
	}
}

// lateBody changes its request when it is read, which is when the guard has long decided.
type lateBody struct {
	io.Reader
	change func()
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.change()
	return b.Reader.Read(p)
}

func TestWhatTheGuardHasSeenIsWhatIsSent(t *testing.T) {
	got := make(chan http.Header, 1)
	s := newStore(t, true, func(_ http.ResponseWriter, r *http.Request) { got <- r.Trailer.Clone() })
	tr := transport(t, wire.Options{Network: s.network(), Guard: guard(t, scopes["s3 path"])})
	req := attempt{method: "PUT", url: "https://s3.store.test/bucket/" + prefix + "k"}.request(t)
	req.Trailer = http.Header{"X-Amz-Meta-A": {"private"}}
	req.Body, req.ContentLength = io.NopCloser(&lateBody{strings.NewReader("body"), func() { req.Trailer["X-Amz-Meta-A"] = []string{"public"} }}), -1
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	finish(t, resp)
	if h := <-got; h.Get("X-Amz-Meta-A") != "private" {
		t.Errorf("the store got the trailer %v, want the one that the guard saw", h)
	}
}
