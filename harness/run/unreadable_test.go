package run_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// What could not be read is not said to be as it was.
func TestAConfigurationThatIsReadInPart(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if q := r.URL.Query(); q.Has("policy") || q.Has("acl") {
			refuse(w, http.StatusForbidden, "AccessDenied")
			return true
		}
		return false
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) { run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5)) })
	s := d.Result.Safety
	if want := []string{"acl (denied)", "policy (denied)"}; s.ConfigurationUnchanged != reports.UnchangedAsRead || !slices.Equal(s.ConfigurationUnread, want) {
		t.Errorf("got %q, not read %q, want %q and %q", s.ConfigurationUnchanged, s.ConfigurationUnread, reports.UnchangedAsRead, want)
	}
	if slices.ContainsFunc(d.Result.Why, func(w string) bool { return strings.Contains(w, "configuration") }) {
		t.Errorf("the verdict's reasons: %q", d.Result.Why)
	}
}

// What may not be read is said with the right that lets it be read.
func TestUnreadableRetentionIsSaidWithAdvice(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("object-lock") {
			refuse(w, http.StatusForbidden, "AccessDenied")
			return true
		}
		return false
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) { run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5)) })
	said := strings.Join(d.Result.Safety.Announced, "\n")
	for _, part := range []string{"object lock: 403 denied", "s3:GetBucketObjectLockConfiguration", "no default retention"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was announced, want %q in it", said, part)
		}
	}
}
