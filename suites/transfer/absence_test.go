package transfer_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// A store that answers 403 to the look for side effects has not said that there are none: a listing has to.
func TestARefusedLookIsNoAbsence(t *testing.T) {
	host := suitetest.Host(t)
	for name, test := range map[string]struct {
		listing int // what a listing of one of the keys is answered with, 0 for what is there
		body    string
		want    reports.Outcome
	}{
		"with a listing":         {0, "", reports.Passed},
		"with none":              {http.StatusForbidden, "<Error><Code>AccessDenied</Code></Error>", reports.Errored},
		"with a page for it":     {http.StatusOK, "<html><body>welcome</body></html>", reports.Errored},
		"with a listing of them": {http.StatusOK, "", reports.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := host.Provision(t.Context(), "s3-compatible", stores.Setup{Hooks: stores.Hooks{Front: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					prefix := r.URL.Query().Get("prefix")
					looked := strings.HasSuffix(prefix, "wrong.bin") || strings.HasSuffix(prefix, "aborted.bin")
					switch {
					case r.Method == http.MethodHead && (strings.HasSuffix(r.URL.Path, "wrong.bin") || strings.HasSuffix(r.URL.Path, "aborted.bin")):
						w.WriteHeader(http.StatusForbidden)
					case r.URL.Query().Has("list-type") && looked && test.listing != 0:
						body := test.body
						if body == "" {
							body = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>" + prefix + "</Key></Contents></ListBucketResult>"
						}
						w.WriteHeader(test.listing)
						_, _ = w.Write([]byte(body))
					default:
						next.ServeHTTP(w, r)
					}
				})
			}}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Close() }()
			d, err := run.Certify(t.Context(), suitetest.Target(b), run.Options{Catalogue: suitetest.Catalogue(t), Families: suites.Bucket(), Seed: 1,
				Program: "bucketproof-suites/test", Only: []string{"BYOB-XFER-002", "BYOB-XFER-006"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range d.Result.Requirements {
				if (l.ID == "BYOB-XFER-002" || l.ID == "BYOB-XFER-006") && l.Outcome != test.want {
					t.Errorf("%s: got %s (%s %s), want %s", l.ID, l.Outcome, l.Reason, l.Actual, test.want)
				}
			}
		})
	}
}
