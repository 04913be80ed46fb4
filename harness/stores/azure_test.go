package stores_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// needAzurite skips a test where neither Node.js nor a way to install is to be expected.
func needAzurite(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no Node.js on this machine: the Azure store is not tried")
	}
}

// azurite is the Host on which these tests have their buckets: each bucket has an account of its own, and to start one takes longer
// than most tests. It starts no gateway, of which a process has one at a time.
var azurite struct {
	once sync.Once
	host *stores.Host
	err  error
}

// TestMain ends it after the last test.
func TestMain(m *testing.M) {
	code := m.Run()
	if azurite.host != nil {
		if err := azurite.host.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "end Azurite:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// azureHost is the Host for buckets at Azure; the test is skipped where Azurite can't be had.
func azureHost(t *testing.T) *stores.Host {
	t.Helper()
	needAzurite(t)
	azurite.once.Do(func() { azurite.host, azurite.err = stores.NewHost(context.Background(), stores.HostOptions{}) })
	if azurite.err != nil {
		t.Fatal(azurite.err)
	}
	return azurite.host
}

func azureBucket(t *testing.T, h *stores.Host, s stores.Setup) *azureClient {
	t.Helper()
	b, err := h.Provision(t.Context(), stores.Azure, s)
	if errors.Is(err, stores.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the bucket: %v", err)
		}
	})
	return newAzureClient(t, b)
}

// azureClient talks to a bucket by what its address and Network say, and nothing else.
type azureClient struct {
	*stores.Bucket
	account, key, name string
	http               *http.Client
	container          *container.Client
	cred               *container.SharedKeyCredential
}

func newAzureClient(t *testing.T, b *stores.Bucket) *azureClient {
	t.Helper()
	u, err := url.Parse(b.Address)
	if err != nil {
		t.Fatal("the address doesn't parse")
	}
	key, _ := u.User.Password()
	c := &azureClient{Bucket: b, account: u.Host, key: key, name: strings.Split(u.Path, "/")[1]}
	c.http = client(t, b, nil)
	if c.cred, err = container.NewSharedKeyCredential(c.account, c.key); err != nil {
		t.Fatal("the address's key isn't base64")
	}
	c.container, err = container.NewClientWithSharedKeyCredential("https://"+c.account+".blob.core.windows.net/"+c.name, c.cred, &container.ClientOptions{ClientOptions: c.options()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *azureClient) options() azcore.ClientOptions {
	return azcore.ClientOptions{Transport: c.http, Retry: policy.RetryOptions{MaxRetries: -1}}
}

// sas is a URL for one blob.
func (c *azureClient) sas(t *testing.T, key string, p sas.BlobPermissions) string {
	t.Helper()
	q, err := sas.BlobSignatureValues{
		ContainerName: c.name, BlobName: key, Permissions: p.String(), Protocol: sas.ProtocolHTTPS, ExpiryTime: time.Now().UTC().Add(time.Hour),
	}.SignWithSharedKey(c.cred)
	if err != nil {
		t.Fatal(err)
	}
	return c.container.NewBlobClient(key).URL() + "?" + q.Encode()
}

// do sends a plain request and returns status, header and body.
func (c *azureClient) do(t *testing.T, method, url string, header http.Header, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

func (c *azureClient) inventory(t *testing.T) map[string]string {
	t.Helper()
	got, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func md5Of(b []byte) string {
	sum := md5.Sum(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

var (
	readOnly  = sas.BlobPermissions{Read: true}
	writeOnly = sas.BlobPermissions{Create: true, Write: true}
	blockBlob = http.Header{"X-Ms-Blob-Type": {"BlockBlob"}}
)

func TestAzure(t *testing.T) {
	t.Parallel()
	h := azureHost(t)
	c := azureBucket(t, h, stores.Setup{Path: "team/a b"})

	t.Run("the address has the documented form", func(t *testing.T) {
		want := "az://:" + url.QueryEscape(c.key) + "@" + c.account + "/" + c.name + "/team/a%20b"
		if c.Address != want {
			t.Errorf("address\ngot  %s\nwant %s", c.Address, want)
		}
	})
	t.Run("an SDK with the account key puts, gets, lists and deletes", func(t *testing.T) {
		blob := c.container.NewBlockBlobClient("team/one.txt")
		if _, err := blob.Upload(t.Context(), streaming.NopCloser(strings.NewReader("one")), nil); err != nil {
			t.Fatal(err)
		}
		resp, err := blob.DownloadStream(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != "one" {
			t.Errorf("got %q, want %q", got, "one")
		}
		page, err := c.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: ptr("team/")}).NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.Segment.BlobItems); n != 1 || *page.Segment.BlobItems[0].Name != "team/one.txt" {
			t.Errorf("listed %d blobs, want team/one.txt alone", n)
		}
		if _, err := blob.Delete(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if left := c.inventory(t); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	t.Run("a SAS writes and reads what it was minted for, over https only, and nothing else", func(t *testing.T) {
		body := []byte("two")
		put, get := c.sas(t, "two", writeOnly), c.sas(t, "two", readOnly)
		header := blockBlob.Clone()
		header.Set("Content-MD5", md5Of(body))
		header.Set("Content-Type", "text/plain")
		if status, _, b := c.do(t, http.MethodPut, put, header, body); status != http.StatusCreated {
			t.Fatalf("PUT: got %d %s, want 201", status, b)
		}
		status, answer, b := c.do(t, http.MethodGet, get, nil, nil)
		if status != http.StatusOK || string(b) != "two" || answer.Get("Content-Type") != "text/plain" || answer.Get("ETag") == "" {
			t.Errorf("GET: got %d %q of type %q with ETag %q, want 200 \"two\" of type text/plain with any", status, b, answer.Get("Content-Type"), answer.Get("ETag"))
		}
		header = http.Header{"Range": {"bytes=1-1"}}
		if status, _, b := c.do(t, http.MethodGet, get, header, nil); status != http.StatusPartialContent || string(b) != "w" {
			t.Errorf("ranged GET: got %d %q, want 206 \"w\"", status, b)
		}
		for what, wrong := range map[string][2]string{
			"another method":  {http.MethodDelete, get},
			"a later expiry":  {http.MethodGet, strings.Replace(get, "se=20", "se=21", 1)},
			"another blob":    {http.MethodGet, strings.Replace(get, "/two?", "/three?", 1)},
			"another sig":     {http.MethodGet, strings.Replace(get, "sig=", "sig=A", 1)},
			"no query at all": {http.MethodGet, get[:strings.Index(get, "?")]},
		} {
			if status, _, _ := c.do(t, wrong[0], wrong[1], nil, nil); status != http.StatusForbidden {
				t.Errorf("%s: got %d, want 403", what, status)
			}
		}
	})
	t.Run("a wrong Content-MD5 and a missing x-ms-blob-type are refused and leave nothing", func(t *testing.T) {
		header := blockBlob.Clone()
		header.Set("Content-MD5", md5Of([]byte("another")))
		if status, answer, _ := c.do(t, http.MethodPut, c.sas(t, "wrong", writeOnly), header, []byte("three")); status != http.StatusBadRequest {
			t.Errorf("wrong Content-MD5: got %d %s, want 400", status, answer.Get("x-ms-error-code"))
		}
		if status, _, _ := c.do(t, http.MethodPut, c.sas(t, "wrong", writeOnly), nil, []byte("three")); status != http.StatusBadRequest {
			t.Errorf("no x-ms-blob-type: got %d, want 400", status)
		}
		if got, ok := c.inventory(t)["wrong"]; ok {
			t.Errorf("there is a blob of hash %s", got)
		}
	})
	t.Run("blocks go up through one SAS as W&B's SDK does it", func(t *testing.T) {
		body := bytes.Repeat([]byte("0123456789abcdef"), 5<<16/16*4+1)
		client, err := blockblob.NewClientWithNoCredential(c.sas(t, "blocks", writeOnly), &blockblob.ClientOptions{ClientOptions: c.options()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.UploadStream(t.Context(), bytes.NewReader(body), &blockblob.UploadStreamOptions{Concurrency: 4, BlockSize: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		if got := c.inventory(t)["blocks"]; got != sha(body) {
			t.Errorf("inventory: got %q, want %q", got, sha(body))
		}
	})
	t.Run("preflights and answers follow the account's CORS rules", func(t *testing.T) {
		target := c.sas(t, "two", readOnly)
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 200, "DELETE": 403} {
			header := http.Header{"Origin": {"https://wandb.example"}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"content-md5,content-type,x-ms-blob-type"}}
			if status, _, _ := c.do(t, http.MethodOptions, target, header, nil); status != want {
				t.Errorf("preflight for %s: got %d, want %d", method, status, want)
			}
		}
		_, answer, _ := c.do(t, http.MethodGet, target, http.Header{"Origin": {"https://wandb.example"}}, nil)
		if answer.Get("Access-Control-Allow-Origin") == "" || !strings.Contains(strings.ToLower(answer.Get("Access-Control-Expose-Headers")), "etag") {
			t.Errorf("answer: allowed origin %q, exposed %q; want any and ETag", answer.Get("Access-Control-Allow-Origin"), answer.Get("Access-Control-Expose-Headers"))
		}
	})
	t.Run("another host than the account's is refused, also path style", func(t *testing.T) {
		front := c.Network.Hosts[c.account+".blob.core.windows.net"]
		get := c.sas(t, "two", readOnly)
		if status, _, _ := c.do(t, http.MethodGet, strings.Replace(get, c.account+".blob.core.windows.net", front+"/"+c.account, 1), nil, nil); status != http.StatusBadRequest {
			t.Errorf("path style: got %d, want 400", status)
		}
	})
	t.Run("the account key is in no process's arguments and in no note", func(t *testing.T) {
		for _, text := range append(c.Store.Notes, processArguments(t)...) {
			if strings.Contains(text, c.key) || strings.Contains(text, url.QueryEscape(c.key)) {
				t.Error("the account key is in a note or an argument")
			}
		}
	})
	t.Run("every bucket has an account of its own", func(t *testing.T) {
		other := azureBucket(t, h, stores.Setup{})
		if other.account == c.account || other.key == c.key {
			t.Fatal("two buckets share an account")
		}
		mixed, err := container.NewSharedKeyCredential(c.account, other.key)
		if err != nil {
			t.Fatal(err)
		}
		client, err := container.NewClientWithSharedKeyCredential(c.container.URL(), mixed, &container.ClientOptions{ClientOptions: c.options()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.GetProperties(t.Context(), nil)
		var r *azcore.ResponseError
		if !errors.As(err, &r) || r.StatusCode != http.StatusForbidden {
			t.Errorf("the other bucket's key: got %v, want 403", err)
		}
		if err := errors.Join(other.Close(), other.Close()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
	t.Run("retention isn't to be had", func(t *testing.T) {
		if _, err := h.Provision(t.Context(), stores.Azure, stores.Setup{Retention: true}); err == nil || !strings.Contains(err.Error(), "immutability") {
			t.Errorf("got %v, want an error about immutability", err)
		}
	})
}

func TestAzureNames(t *testing.T) {
	t.Parallel()
	c := azureBucket(t, azureHost(t), stores.Setup{})
	segment := strings.Repeat("x", 255)
	for name, key := range map[string]string{
		"space":                        "a b",
		"percent":                      "50%",
		"an escape as text":            "a%20b",
		"plus":                         "a+b",
		"padding":                      "abc==",
		"hash":                         "a#b",
		"question mark":                "a?b",
		"ampersand and equals":         "a&b=c",
		"unicode":                      "äöü/日本語/😀",
		"colon, at, semicolon":         "a:b@c;d",
		"quotes":                       `a'b"c`,
		"brackets":                     "a[b]{c}<d>",
		"1,024 bytes in long segments": segment + "/" + segment + "/" + segment + "/" + segment + "y",
		"a folder's child":             "p",
		"a child of a blob":            "p/q",
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte("content of " + name)
			if status, _, b := c.do(t, http.MethodPut, c.sas(t, key, writeOnly), blockBlob.Clone(), body); status != http.StatusCreated {
				t.Fatalf("PUT: got %d %s, want 201", status, b)
			}
			if status, _, got := c.do(t, http.MethodGet, c.sas(t, key, readOnly), nil, nil); status != http.StatusOK || !bytes.Equal(got, body) {
				t.Errorf("GET: got %d %q, want 200 %q", status, got, body)
			}
			if got := c.inventory(t)[key]; got != sha(body) {
				t.Errorf("inventory has %q under the key, want %q", got, sha(body))
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

// processArguments are the arguments of every process of this user whose parent we are.
func processArguments(t *testing.T) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	var all []string
	for _, pid := range childrenOf(t, os.Getpid()) {
		b, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		if err == nil {
			all = append(all, string(b))
		}
	}
	if len(all) == 0 {
		t.Error("no child process found")
	}
	return all
}
