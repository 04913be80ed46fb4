package stores_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/google/go-cmp/cmp"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
)

func TestAzureOwner(t *testing.T) {
	t.Parallel()
	hidden := stores.Hooks{Front: func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	}}
	c := azureBucket(t, azureHost(t), stores.Setup{Versioning: true, Hooks: hidden})
	if status, _, _ := c.do(t, http.MethodGet, c.container.URL(), nil, nil); status != http.StatusTeapot {
		t.Fatalf("the front's hook: got %d, want 418", status)
	}
	if err := c.Put(t.Context(), "decoy/ä", []byte("decoy")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"decoy/ä": sha([]byte("decoy"))}
	if d := cmp.Diff(want, c.inventory(t)); d != "" {
		t.Errorf("inventory (-want +got):\n%s", d)
	}

	before, err := c.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for doc, want := range map[string]string{"service": "<AllowedMethods>GET,HEAD,PUT</AllowedMethods>", "acl": "<SignedIdentifiers", "container": "x-ms-has-legal-hold: false"} {
		if !strings.Contains(before[doc], want) {
			t.Errorf("configuration %q\ngot  %s\nwant %q in it", doc, before[doc], want)
		}
	}
	again, err := c.Configuration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, again); d != "" {
		t.Errorf("the configuration changes by itself:\n%s", d)
	}

	probed, err := c.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c.Store.Fidelity, probed); d != "" {
		t.Errorf("a second probe sees otherwise:\n%s", d)
	}
	got := map[string]string{}
	for _, f := range probed {
		got[f.What] = f.Enforced
	}
	enforced := map[string]string{
		reports.FidelitySignatures: "yes", reports.FidelityIdentity: "yes", reports.FidelityPermissions: "yes", reports.FidelityClock: "yes",
		reports.FidelityContentMD5: "yes", reports.FidelityCORS: "yes", reports.FidelityVersioning: "no",
		"expiry": "yes", "object": "yes", "blob-type": "yes", "ip-range": "no", "request-age": "no",
	}
	if d := cmp.Diff(enforced, got); d != "" {
		t.Errorf("fidelity (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, c.inventory(t)); d != "" {
		t.Errorf("inventory after probing (-want +got):\n%s", d)
	}
}

func TestAzureUncommittedBlocks(t *testing.T) {
	t.Parallel()
	c := azureBucket(t, azureHost(t), stores.Setup{})
	if err := c.Put(t.Context(), "whole", []byte("whole")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"part", "whole"} {
		id := base64.StdEncoding.EncodeToString([]byte("0001"))
		if _, err := c.container.NewBlockBlobClient(key).StageBlock(t.Context(), id, streaming.NopCloser(strings.NewReader("block")), nil); err != nil {
			t.Fatal(err)
		}
	}
	got := c.inventory(t)
	blocks := got["upload:part"]
	if blocks == "" {
		t.Error("the inventory doesn't show blocks that were never committed")
	}
	want := map[string]string{"whole": sha([]byte("whole")), "upload:part": blocks, "upload:whole": blocks}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("inventory (-want +got):\n%s", d)
	}
}
