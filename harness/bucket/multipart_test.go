package bucket_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/harness/bucket"
)

// TestGoogleMultipart: the XML API's requests, pre-signed, without a token.
func TestGoogleMultipart(t *testing.T) {
	r := &recorder{answer: func(req *http.Request) *http.Response {
		switch q := req.URL.Query(); {
		case req.Method == "POST" && q.Has("uploads"):
			return answering(200, nil, `<?xml version="1.0"?><InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket><Key>k</Key><UploadId>id/1==</UploadId></InitiateMultipartUploadResult>`)(req)
		case req.Method == "POST":
			return answering(200, map[string]string{"x-goog-generation": "17"}, `<CompleteMultipartUploadResult><ETag>"e-2"</ETag></CompleteMultipartUploadResult>`)(req)
		case req.Method == "DELETE":
			return answering(204, nil, "")(req)
		case q.Get("key-marker") == "":
			return answering(200, nil, `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>run/k</NextKeyMarker><NextUploadIdMarker>id/1==</NextUploadIdMarker><Upload><Key>run/k</Key><UploadId>id/1==</UploadId><Initiated>2025-09-01T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>`)(req)
		}
		return answering(200, nil, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>run/l</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>`)(req)
	}}
	b := open(t, "gcp", "", r.client())
	id, err := b.Create(t.Context(), "run/a b+c")
	if err != nil || id != "id/1==" {
		t.Fatalf("got %q, %v", id, err)
	}
	info, err := b.Complete(t.Context(), "run/a b+c", id, []bucket.Part{{Number: 1, ETag: `"a"`}, {Number: 2, ETag: `"b"`}})
	if err != nil || info.ETag != `"e-2"` || info.VersionID != "17" {
		t.Errorf("got %+v, %v", info, err)
	}
	if err := b.Abort(t.Context(), "run/a b+c", id); err != nil {
		t.Error(err)
	}
	uploads, err := b.Uploads(t.Context(), "run/")
	if err != nil || len(uploads) != 2 || uploads[0].ID != "id/1==" || uploads[0].Initiated.IsZero() || uploads[1].Key != "run/l" {
		t.Errorf("got %+v, %v", uploads, err)
	}
	var got []string
	for i, req := range r.requests {
		q := req.URL.Query()
		line := req.Method + " " + req.URL.EscapedPath()
		for _, name := range []string{"uploads", "uploadId", "prefix", "key-marker"} {
			if q.Has(name) {
				line += " " + name + "=" + q.Get(name)
			}
		}
		got = append(got, strings.TrimSpace(line+" "+string(r.bodies[i])))
		if q.Get("X-Goog-Signature") == "" || req.Header.Get("Authorization") != "" {
			t.Errorf("%s is not pre-signed alone", line)
		}
	}
	want := []string{
		"POST /proof-bucket/run/a%20b%2Bc uploads=",
		`POST /proof-bucket/run/a%20b%2Bc uploadId=id/1== <CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&#34;a&#34;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&#34;b&#34;</ETag></Part></CompleteMultipartUpload>`,
		"DELETE /proof-bucket/run/a%20b%2Bc uploadId=id/1==",
		"GET /proof-bucket uploads= prefix=run/",
		"GET /proof-bucket uploads= prefix=run/ key-marker=run/k",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestUploadsWhereAPrefixIsAnExactKey: MinIO answers a prefix with nothing.
func TestUploadsWhereAPrefixIsAnExactKey(t *testing.T) {
	one := func(key string) string {
		return "<Upload><Key>" + key + "</Key><UploadId>1</UploadId></Upload>"
	}
	for _, c := range []struct {
		name           string
		provider       string
		with, without  string
		want           []string
		wantedRequests int
	}{
		{"MinIO", "s3-compatible", "", one("run/a") + one("elsewhere/b"), []string{"run/a"}, 2},
		{"a store that honours the prefix", "s3-compatible", one("run/a"), one("run/a") + one("elsewhere/b"), []string{"run/a"}, 2},
		{"aws is asked once", "aws", one("run/a"), one("never/asked"), []string{"run/a"}, 1},
	} {
		r := &recorder{answer: func(req *http.Request) *http.Response {
			list := c.without
			if req.URL.Query().Get("prefix") != "" {
				list = c.with
			}
			return answering(200, nil, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"+list+"</ListMultipartUploadsResult>")(req)
		}}
		got, err := open(t, c.provider, "", r.client()).Uploads(t.Context(), "run/")
		var keys []string
		for _, u := range got {
			keys = append(keys, u.Key)
		}
		if err != nil || !slices.Equal(keys, c.want) || len(r.requests) != c.wantedRequests {
			t.Errorf("%s: got %v with %d requests, %v, want %v with %d", c.name, keys, len(r.requests), err, c.want, c.wantedRequests)
		}
	}
}

// TestAzureBlocks: a small body is one Put Blob, a larger one blocks and their list, all through the one URL.
func TestAzureBlocks(t *testing.T) {
	for _, c := range []struct {
		name         string
		size         int
		blobs, block int
		lists        int
	}{
		{"nothing", 0, 1, 0, 0},
		{"less than a block", 1 << 10, 1, 0, 0},
		{"just one block", 1 << 20, 0, 1, 1},
		{"three blocks", 5 << 19, 0, 3, 1},
	} {
		var mu sync.Mutex
		seen := map[string]int{}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			kind := req.URL.Query().Get("comp")
			if kind == "" {
				kind = req.Header.Get("x-ms-blob-type")
			}
			seen[kind]++
			if req.URL.Query().Get("sig") == "" || req.Header.Get("Authorization") != "" || req.Method != "PUT" {
				t.Errorf("%s: %s %s is not by the SAS alone", c.name, req.Method, req.URL.Path)
			}
			w.WriteHeader(201)
		}))
		b := open(t, "azure", s.URL+"/"+account, s.Client())
		p, err := b.Presign(t.Context(), bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Upload(t.Context(), p.URL, make([]byte, c.size), 4096); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		want := map[string]int{}
		for kind, n := range map[string]int{"BlockBlob": c.blobs, "block": c.block, "blocklist": c.lists} {
			if n > 0 {
				want[kind] = n
			}
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		s.Close()
	}
}

// TestRefusedBlocksLeaveTheProcessAlive: the answer comes before the body is read, and the block list is never sent.
func TestRefusedBlocksLeaveTheProcessAlive(t *testing.T) {
	var mu sync.Mutex
	lists := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if req.URL.Query().Get("comp") != "block" {
			lists++
		}
		w.Header().Set("x-ms-error-code", "AuthenticationFailed")
		w.WriteHeader(403)
	}))
	t.Cleanup(s.Close)
	b := open(t, "azure", s.URL+"/"+account, s.Client())
	for range 5 {
		p, err := b.Presign(t.Context(), bucket.PresignRequest{Method: "PUT", Key: "run/key", Lifetime: hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Upload(t.Context(), p.URL, make([]byte, 6<<20), 0); err == nil {
			t.Error("a refused upload gives no error")
		} else if leaks(err.Error()) != "" {
			t.Errorf("the error shows %q: %v", leaks(err.Error()), err)
		}
	}
	if lists != 0 {
		t.Errorf("%d block lists were sent after refused blocks, want none", lists)
	}
}

func TestListStopsAtMax(t *testing.T) {
	bodies := map[string]string{
		"aws":   `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken><Contents><Key>run/a</Key></Contents><Contents><Key>run/b</Key></Contents></ListBucketResult>`,
		"gcp":   `{"nextPageToken":"n","items":[{"name":"run/a"},{"name":"run/b"}]}`,
		"azure": `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob><Name>run/a</Name><Properties/></Blob><Blob><Name>run/b</Name><Properties/></Blob></Blobs><NextMarker>n</NextMarker></EnumerationResults>`,
	}
	for p, body := range bodies {
		for max, want := range map[int][]string{1: {"run/a"}, 2: {"run/a", "run/b"}, 3: {"run/a", "run/b", "run/a"}} {
			r := &recorder{answer: answering(200, nil, body)}
			got, err := open(t, p, "", r.client()).List(t.Context(), "run/", max)
			if err != nil || !slices.Equal(got, want) || len(r.requests) != (max+1)/2 {
				t.Errorf("%s, %d: got %v in %d requests, %v, want %v", p, max, got, len(r.requests), err, want)
			}
		}
	}
}
