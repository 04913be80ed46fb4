package run_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// A remedy stands only where it mends what happened.
func TestWhoseRemedy(t *testing.T) {
	const stands = "BYOB-XFER-004"
	for name, c := range map[string]struct {
		check   func(context.Context, *run.T, *run.Subject)
		answer  int // of the store to a HEAD of the bucket
		outcome reports.Outcome
		remedy  string // "" means none, "any" the catalogue's
	}{
		"a failure has the catalogue's": {func(_ context.Context, t *run.T, _ *run.Subject) { t.True("it", "holds", false, "it doesn't") }, 200, reports.Failed, "any"},
		"advice comes before it": {func(_ context.Context, t *run.T, _ *run.Subject) {
			t.Advise("do this")
			t.True("it", "holds", false, "it doesn't")
		}, 200, reports.Failed, "do this"},
		"what could not be decided has none": {func(_ context.Context, t *run.T, _ *run.Subject) {
			t.Errorf("the region is refused first (BYOB-NET-005)")
		}, 200, reports.Errored, ""},
		"unless it is for that, too": {func(_ context.Context, t *run.T, _ *run.Subject) {
			t.AdviseRemedy()
			t.Errorf("no answer")
		}, 200, reports.Errored, "any"},
		"what the run broke off has none": {func(_ context.Context, t *run.T, _ *run.Subject) {
			t.Advise("do this")
			t.AdviseRemedy()
			panic("no")
		}, 200, reports.Errored, ""},
		"a right doesn't mend what isn't implemented": {func(ctx context.Context, t *run.T, s *run.Subject) {
			t.OK("the bucket answers", s.Bucket.Exists(ctx))
		}, http.StatusNotImplemented, reports.Failed, "The store answers that it doesn't implement what was asked"},
		"only the last answer counts": {func(ctx context.Context, t *run.T, s *run.Subject) {
			if s.Bucket.Exists(ctx) != nil {
				_, err := s.Bucket.List(ctx, s.Prefix, 1)
				t.OK("a listing", err)
			}
			t.True("it", "holds", false, "it doesn't")
		}, http.StatusNotImplemented, reports.Failed, "any"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			m.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodHead && c.answer != http.StatusOK {
					w.WriteHeader(c.answer)
					return true
				}
				return false
			}
			d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
				run.It(s, reads, "it reads", func(ctx context.Context, t *run.T) { c.check(ctx, t, s) }, run.Costs(2, 0, 0))
				run.It(s, stands, "it stands on that", passing, run.Needs(reads))
			})
			got, want := of(t, d.Result, reads), c.remedy
			if want == "any" {
				r, _ := load(t).Get(reads)
				_, host, _ := strings.Cut(m.url, "://")
				want = strings.NewReplacer("<bucket>", "bucket", "<region>", "us-east-1", "<endpoint>", host).Replace(r.Remedy["s3-compatible"])
			}
			if got.Outcome != c.outcome || !strings.HasPrefix(got.Remedy, want) || (want == "" && got.Remedy != "") {
				t.Errorf("got %s, remedy %q; want %s, %q", got.Outcome, got.Remedy, c.outcome, want)
			}
			said := map[reports.Outcome]string{reports.Failed: "it stands on " + reads + ", which failed", reports.Errored: "it stands on " + reads + ", which could not be decided"}
			if on := of(t, d.Result, stands); on.Outcome != reports.Errored || on.Reason != said[c.outcome] || on.Remedy != "" {
				t.Errorf("what stands on it: got %s, %q, remedy %q; want errored, %q and no remedy", on.Outcome, on.Reason, on.Remedy, said[c.outcome])
			}
		})
	}
}

// A command is there to be copied: what the run knows stands in it, and nothing that would mean something to a shell does.
func TestRemediesNameTheBucket(t *testing.T) {
	const fails = "BYOB-CORS-001"
	s3 := func(bucket string) string {
		return "s3://BUCKETPROOFTEST00001:" + secret + "@127.0.0.1:1/" + bucket + "?region=us-east-1&tls=false"
	}
	for name, c := range map[string]struct {
		address, origin string
		want, not       []string
	}{
		"all that is known":          {s3("artifacts"), "https://wandb.example.com", []string{"<alias>/artifacts", "https://wandb.example.com"}, []string{"<bucket>", "<origin>", secret}},
		"an origin that is not said": {s3("artifacts"), "", []string{"<origin>"}, []string{"<bucket>"}},
		"an origin with a command":   {s3("artifacts"), "https://x.example.com;reboot", []string{"<origin>"}, []string{"reboot"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			target := m.target()
			target.Address = strings.Replace(c.address, "127.0.0.1:1", strings.TrimPrefix(m.url, "http://"), 1)
			target.Documents = &run.Documents{FrontendOrigin: c.origin}
			d := m.certify(t.Context(), t, target, run.Options{}, func(s *run.Subject) {
				run.It(s, fails, "it fails", func(_ context.Context, t *run.T) { t.True("it", "holds", false, "it doesn't") }, run.Costs(0, 0, 0))
			})
			got := of(t, d.Result, fails).Remedy
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(got, not) {
					t.Errorf("got %q, want no %q in it", got, not)
				}
			}
		})
	}
}
