package wire_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/harness/wire"
)

// What another program sends is held to the same prefix, counted, recorded and remembered: nothing goes out for it here.
func TestALentRequestIsGuardedAsAnyOther(t *testing.T) {
	s := newStore(t, true, nil)
	g := guard(t, scopes["s3 path"])
	g.Allow(3, 0)
	rec := wire.NewRecorder("BYOB-TEST-001")
	tr := transport(t, wire.Options{Network: s.network(), Guard: g})
	lend := func(method, key string) (func(*http.Response), error) {
		req, err := http.NewRequestWithContext(rec.With(t.Context()), method, "https://s3.store.test/bucket/"+key, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		return tr.Lend(req)
	}
	var refused *wire.GuardError
	if _, err := lend(http.MethodPut, "elsewhere"); !errors.As(err, &refused) {
		t.Errorf("a write outside of the prefix: got %v, want a refusal", err)
	}
	for _, lent := range []struct {
		key  string
		resp *http.Response
	}{{"answered", &http.Response{StatusCode: 200, Header: http.Header{}}}, {"refused", &http.Response{StatusCode: 403, Header: http.Header{}}}, {"lost", nil}} {
		answered, err := lend(http.MethodPut, prefix+lent.key)
		if err != nil {
			t.Fatal(err)
		}
		answered(lent.resp)
	}
	if _, err := lend(http.MethodGet, prefix+"answered"); !errors.As(err, &refused) {
		t.Errorf("more requests than the plan has: got %v, want a refusal", err)
	}
	if got, want := g.Keys(), []string{prefix + "answered", prefix + "lost", prefix + "refused"}; !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
	if n, _ := g.Written(); n != 1 || tr.Requests() != 3 || rec.Len() != 3 || len(s.take()) != 0 {
		t.Errorf("%d written, %d requests, %d recorded: want 1, 3, 3, and nothing sent", n, tr.Requests(), rec.Len())
	}
	rec.Seal()
	if _, err := lend(http.MethodGet, prefix+"answered"); err == nil {
		t.Error("a spec that has ended was lent a request")
	}
}
