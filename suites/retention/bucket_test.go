package retention_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// bucketWith answers what asks for a bucket's lifecycle rules and versioning; "" is a refusal.
func bucketWith(lifecycle, versioning string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		say := func(document string) {
			if document == "" {
				w.WriteHeader(http.StatusForbidden)
				document = "<Error><Code>AccessDenied</Code></Error>"
			}
			if strings.Contains(document, "<Code>NoSuch") {
				w.WriteHeader(http.StatusNotFound)
			}
			_, _ = io.WriteString(w, document)
		}
		switch q := r.URL.Query(); {
		case q.Has("lifecycle"):
			say(lifecycle)
		case q.Has("versioning"):
			say(versioning)
		default:
			w.WriteHeader(http.StatusNotImplemented)
		}
	}
}

const (
	noRules   = "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"
	enabled   = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
	suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
	never     = "<VersioningConfiguration/>"
)

// rule expires what begins with a prefix, or versions that are no longer current.
func rule(id, prefix, what string) string {
	return fmt.Sprintf("<LifecycleConfiguration><Rule><ID>%s</ID><Filter><Prefix>%s</Prefix></Filter><Status>Enabled</Status>%s</Rule></LifecycleConfiguration>", id, prefix, what)
}

const (
	current = "<Expiration><Days>30</Days></Expiration>"
	old     = "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>"
)

func TestWhatABucketKeepsIsReadFromIt(t *testing.T) {
	for name, tt := range map[string]struct {
		lifecycle, versioning string
		given                 map[string]string
		edition               string
		expires, kept         reports.Outcome // KEEP-001, KEEP-002
		remedy                string          // of what failed
	}{
		"nothing expires, and versions are kept":          {noRules, enabled, nil, "", reports.Passed, reports.Passed, ""},
		"a rule for the whole bucket":                     {rule("tidy", "", current), enabled, nil, "", reports.Failed, reports.Passed, "rule tidy"},
		"a rule for the path":                             {rule("tidy", "team/", current), enabled, nil, "", reports.Failed, reports.Passed, "outside of team/"},
		"a rule for somebody else's path":                 {rule("tidy", "other/", current), enabled, nil, "", reports.Passed, reports.Passed, ""},
		"a rule for old versions":                         {rule("tidy", "", old), enabled, nil, "", reports.Passed, reports.Passed, ""},
		"versioning is suspended":                         {noRules, suspended, nil, "", reports.Passed, reports.Failed, "put-bucket-versioning --bucket bucket"},
		"versioning was never on":                         {noRules, never, nil, "", reports.Passed, reports.Failed, "put-bucket-versioning --bucket bucket"},
		"a portal's page for the rules":                   {"<html><body>Welcome</body></html>", enabled, nil, "", reports.Errored, reports.Passed, ""},
		"an empty answer for the rules":                   {" ", enabled, nil, "", reports.Errored, reports.Passed, ""},
		"a 404 of something before the store":             {"<Error><Code>NoSuchRoute</Code></Error>", enabled, nil, "", reports.Errored, reports.Passed, ""},
		"a 404 of a store with a name of its own":         {"<Error><Code>NoSuchExpiryConfiguration</Code></Error>", enabled, nil, "", reports.Passed, reports.Passed, ""},
		"nothing may be read":                             {"", "", nil, "", reports.NotRun, reports.NotRun, ""},
		"nothing may be read, and documents were given":   {"", "", map[string]string{"lifecycle": "{}", "versioning": `{"Status": "Suspended"}`}, "", reports.Passed, reports.Failed, "Status=Enabled"},
		"the bucket says otherwise than what was given":   {rule("tidy", "", current), suspended, map[string]string{"lifecycle": "{}", "versioning": `{"Status": "Enabled"}`}, "", reports.Failed, reports.Failed, ""},
		"old versions are kept for ever, 2026-08":         {noRules, enabled, nil, "2026-08", reports.Failed, reports.Passed, "noncurrent versions below team/"},
		"old versions are removed after a while, 2026-08": {rule("tidy", "", old), enabled, nil, "2026-08", reports.Passed, reports.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(bucketWith(tt.lifecycle, tt.versioning))
			defer s.Close()
			d := &run.Documents{Need: policy.Need{Provider: policy.AWS}}
			for kind, text := range tt.given {
				if err := d.Read(kind, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			done, err := run.Certify(t.Context(), run.Target{Endpoint: s.URL, Network: wire.Network{Closed: true}, Documents: d, Options: address.Options{Edition: tt.edition},
				Address: "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY@s3.us-east-1.amazonaws.com/bucket/team?region=us-east-1"},
				run.Options{Catalogue: suitetest.Catalogue(t), Families: []run.Family{suites.Retention}, Seed: 1, Program: "bucketproof-suites/test"})
			if err != nil {
				t.Fatal(err)
			}
			if done.Result.Safety.ObjectsWritten != 0 {
				t.Errorf("%d objects were written", done.Result.Safety.ObjectsWritten)
			}
			for _, q := range done.Result.Requirements {
				want, ours := map[string]reports.Outcome{"BYOB-KEEP-001": tt.expires, "BYOB-KEEP-002": tt.kept}[q.ID]
				if ours && (q.Outcome != want || q.Outcome == reports.Failed && !strings.Contains(q.Remedy, tt.remedy)) {
					t.Errorf("%s: got %s (%s), remedy %q; want %s, %q", q.ID, q.Outcome, q.Reason, q.Remedy, want, tt.remedy)
				}
			}
		})
	}
}
