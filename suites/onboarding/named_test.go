package onboarding_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// A connector that takes over whatever bucket it is told to make would change the policy and the rules of one that somebody has
// named: it is never told to.
func TestNoConnectorIsToldToMakeABucketThatSomebodyNamed(t *testing.T) {
	host := suitetest.Host(t)
	made, err := host.Yard(t.Context(), []string{"aws"}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := yard.File{CAFile: "ca.pem", Hosts: made.Network.Hosts}
	for _, l := range made.Lots {
		f.Buckets = append(f.Buckets, l.Address)
	}
	for _, g := range made.Grounds {
		f.Creators = append(f.Creators, yard.Creator{Provider: g.Provider, Account: g.Account, ID: g.ID, Secret: g.Secret, Region: g.Region})
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ca.pem": host.CACertificate(), "buckets.json": text} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	y, err := yard.Open(t.Context(), filepath.Join(dir, "buckets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := map[string]bool{} // names of buckets to make
	c, err := yard.Behind(t.Context(), y, nil, t.Output(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			var in struct {
				Storage *struct {
					Bucket       string
					CreateBucket bool
				}
			}
			if strings.HasSuffix(r.URL.Path, "/teams") && json.Unmarshal(body, &in) == nil && in.Storage != nil && in.Storage.CreateBucket {
				mu.Lock()
				told[in.Storage.Bucket] = true
				mu.Unlock()
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	done, err := run.ConformConnector(t.Context(), run.ConnectorTarget{URL: c.URL, Token: c.Token, Yard: y}, run.Options{Catalogue: suitetest.Catalogue(t),
		Families: []run.Family{suites.Onboarding}, Only: []string{"BYOB-TEAM-005"}, Seed: 1, Program: "bucketproof-suites/test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) < 2 {
		t.Errorf("the connector was told to make %d buckets: that shows nothing", len(told))
	}
	for _, l := range y.Lots {
		if told[l.Address.Bucket] {
			t.Errorf("the connector was told to make the bucket %s, which is there and was named", l.Address.Bucket)
		}
	}
	for _, q := range done.Result.Requirements {
		if q.ID == "BYOB-TEAM-005" && q.Outcome != reports.Passed {
			t.Errorf("got %s: %s %s", q.Outcome, q.Reason, q.Actual)
		}
	}
	if done.Result.Safety.CleanUp != reports.Complete {
		t.Errorf("clean-up: %s", done.Result.Safety.CleanUp)
	}
}
