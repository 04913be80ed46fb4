package stores_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// containerHost makes a Host for tests in containers, which run where BUCKETPROOF_STORES asks for them: then nothing may be missing.
func containerHost(t *testing.T) *stores.Host {
	t.Helper()
	selection, err := stores.Selection("")
	if err != nil {
		t.Fatal(err)
	}
	if selection == stores.OnlyEmbedded {
		t.Skipf("not asked for: %s=%s", stores.EnvStores, stores.OnlyContainers)
	}
	h, err := stores.NewHost(t.Context(), stores.HostOptions{Dir: t.TempDir(), On: stores.Container})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return h
}

var inContainers = []stores.Place{{Provider: stores.AWS, On: stores.Container}, {Provider: stores.GCP, On: stores.Container},
	{Provider: stores.Azure, On: stores.Container}, {Provider: stores.S3Compatible, On: stores.Container}}

func TestTheStoresInContainersDoWhatTheyWereMeasuredToDo(t *testing.T) {
	h := containerHost(t)
	if err := h.Start(t.Context(), inContainers); err != nil {
		t.Fatal(err)
	}
	for _, at := range inContainers {
		b := provision(t, h, at.Provider, stores.Setup{})
		if b.Store.Kind != stores.Container {
			t.Errorf("%s: got a store of kind %q", at.Name(), b.Store.Kind)
		}
		asGolden(t, b)
		if left := inventory(t, b); len(left) != 0 {
			t.Errorf("%s: the probe left %v", at.Name(), slices.Collect(maps.Keys(left)))
		}
	}
}

func TestABucketInAContainerKeepsWhatItsOwnerPuts(t *testing.T) {
	h := containerHost(t)
	for _, at := range inContainers {
		for _, setup := range []stores.Setup{{}, {Versioning: true}, {Retention: at.Provider != stores.Azure}} {
			b := provision(t, h, at.Provider, setup)
			body := bytes.Repeat([]byte("bucketproof"), 1000)
			keys := []string{"plain", "a b/c d", "50%", "a+b==", "ünïcödé/日本語"}
			for _, key := range keys {
				if err := b.Put(t.Context(), key, body); err != nil {
					t.Errorf("%s: put %q: %v", at.Name(), key, err)
				}
			}
			got := map[string]string{}
			for name, sum := range inventory(t, b) {
				key, _, _ := strings.Cut(name, "@")
				got[key] = sum
			}
			for _, key := range keys {
				if got[key] != sumOf(body) {
					t.Errorf("%s %+v: %q is %q in the inventory, want %q", at.Name(), setup, key, got[key], sumOf(body))
				}
			}
			if len(got) != len(keys) {
				t.Errorf("%s: %d keys in the inventory, want %d", at.Name(), len(got), len(keys))
			}
		}
	}
}

func TestWithoutAnEngineContainersAreUnavailable(t *testing.T) {
	if os.Getenv("BUCKETPROOF_TEST_NO_ENGINE") == "" { // testcontainers looks for an engine once a process
		runAgain(t, "BUCKETPROOF_TEST_NO_ENGINE=1", "DOCKER_HOST=unix://"+t.TempDir()+"/none.sock", "HOME="+t.TempDir())
		return
	}
	h := newHost(t)
	for _, at := range inContainers {
		_, err := h.Provision(t.Context(), at.Provider, stores.Setup{On: stores.Container})
		if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "container engine") {
			t.Errorf("%s: got %v, want ErrUnavailable with a container engine as the reason", at.Name(), err)
		}
	}
	if _, err := stores.Sweep(t.Context()); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("sweep: got %v, want ErrUnavailable", err)
	}
	if host := os.Getenv("TESTCONTAINERS_HOST_OVERRIDE"); host != "127.0.0.1" {
		t.Errorf("containers would be looked for on %q", host)
	}
}

func TestNoContainerPlaysCoreWeave(t *testing.T) {
	_, err := newHost(t).Provision(t.Context(), stores.CoreWeave, stores.Setup{On: stores.Container})
	if !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestPlaces(t *testing.T) {
	all := []string{stores.AWS, stores.CoreWeave, stores.GCP, stores.Azure, stores.S3Compatible}
	for _, c := range []struct {
		name, selection, minio string
		providers              []string
		want                   string
	}{
		{"embedded is the default", "", "", all, "aws coreweave gcp azure s3-compatible"},
		{"a program of MinIO's is one more store", "embedded", "/opt/minio", all, "aws coreweave gcp azure s3-compatible aws-process s3-compatible-process"},
		{"no container plays CoreWeave", "containers", "/opt/minio", all, "aws-container gcp-container azure-container s3-compatible-container"},
		{"all", "all", "", []string{stores.Azure}, "azure azure-container"},
		{"a selection that plays none", "containers", "", []string{stores.CoreWeave}, ""},
		{"an unknown selection", "docker", "", all, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(stores.EnvStores, "")
			t.Setenv(stores.EnvMinIO, "")
			places, err := stores.Places(c.selection, c.providers, c.minio)
			var names []string
			for _, p := range places {
				names = append(names, p.Name())
			}
			if got := strings.Join(names, " "); got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}
