package preflight_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

// said is an answer of a store that lies.
type said struct {
	status int
	body   string
}

// store is as much of an S3 server as the pre-flight asks: it lists nothing, finds no key, and answers the rest as it is told.
func store(location, listing said) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := said{404, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"}
		switch q := r.URL.Query(); {
		case q.Has("location"):
			answer = location
		case q.Has("list-type"):
			answer = listing
		case strings.Trim(r.URL.Path, "/") == "bucket":
			answer = said{200, ""}
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(answer.status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, answer.body)
		}
	}
}

// against certifies with the pre-flight alone.
func against(t *testing.T, h http.Handler, o run.Options) map[string]reports.Requirement {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.Catalogue, o.Families, o.Seed, o.Program = suitetest.Catalogue(t), []run.Family{suites.Preflight}, 1, "bucketproof-suites/test"
	address := "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY@" + strings.TrimPrefix(s.URL, "http://") + "/bucket?region=us-east-1&tls=false"
	d, err := run.Certify(t.Context(), run.Target{Address: address}, o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]reports.Requirement{}
	for _, l := range d.Result.Requirements {
		out[l.ID] = l
	}
	return out
}

func TestWhatIsNoAnswerDecidesNothing(t *testing.T) {
	empty := said{200, "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"}
	here := said{200, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`}
	page := said{200, "<html><body>welcome</body></html>"}
	broken := said{500, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"}
	for name, test := range map[string]struct {
		location, listing said
		region, login     reports.Outcome // BYOB-NET-005 and 007
	}{
		"a store that is what it says":                   {here, empty, reports.Passed, reports.Unverified}, // it accepts any signature
		"a bucket elsewhere":                             {said{200, "<LocationConstraint>eu-west-1</LocationConstraint>"}, empty, reports.Failed, reports.Unverified},
		"a location without a body":                      {said{200, ""}, empty, reports.Errored, reports.Unverified},
		"a page for a location":                          {page, empty, reports.Errored, reports.Unverified},
		"a location that is refused by a failing server": {broken, empty, reports.Errored, reports.Unverified},
		"a listing that is refused by a failing server":  {here, broken, reports.Errored, reports.Errored},
		"a page for a listing":                           {here, page, reports.Errored, reports.Errored},
		"a listing without a body":                       {here, said{200, ""}, reports.Errored, reports.Errored},
		"a listing whose refusal contradicts its status": {here, said{404, "<Error><Code>AccessDenied</Code></Error>"}, reports.Errored, reports.Errored},
		"a proxy that wants a password for the listing":  {here, said{407, ""}, reports.Errored, reports.Errored},
	} {
		t.Run(name, func(t *testing.T) {
			got := against(t, store(test.location, test.listing), run.Options{})
			for id, want := range map[string]reports.Outcome{"BYOB-NET-005": test.region, "BYOB-NET-007": test.login} {
				if l := got[id]; l.Outcome != want {
					t.Errorf("%s: got %s (%s %s), want %s", id, l.Outcome, l.Reason, l.Actual, want)
				}
			}
		})
	}
}

// A store that answers byte by byte holds a run no longer than the run's own limit.
func TestAStoreThatDripsDoesNotHoldTheRun(t *testing.T) {
	got := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}), run.Options{Limit: 500 * time.Millisecond})
	for _, id := range []string{"BYOB-NET-005", "BYOB-NET-006", "BYOB-NET-007", "BYOB-NET-008"} {
		if l := got[id]; l.Outcome != reports.Errored {
			t.Errorf("%s: got %s (%s), want %s", id, l.Outcome, l.Reason, reports.Errored)
		}
	}
	if l := got["BYOB-NET-006"]; !strings.Contains(l.Reason, "timeout") {
		t.Errorf("BYOB-NET-006: the reason %q does not name the run's limit", l.Reason)
	}
}
