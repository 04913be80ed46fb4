package reports_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func asJSON(t *testing.T, r *reports.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSONBeginsWithTheVerdictAndReadsBack(t *testing.T) {
	for _, r := range []*reports.Result{whole(), certified()} {
		text := asJSON(t, r)
		begin := "{\n  \"apiVersion\": \"bucketproof/v1\",\n  \"kind\": \"Result\",\n  \"verdict\": \"" + string(r.Verdict) + "\",\n"
		if !strings.HasPrefix(text, begin) {
			t.Errorf("result.json begins %q, want %q", text[:120], begin)
		}
		if strings.Contains(text, "null") {
			t.Error("result.json has a null")
		}
		if again := asJSON(t, r); again != text {
			t.Error("the same result gave other bytes")
		}
		got, err := reports.ReadJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
}

func TestJSONTimesAreUTC(t *testing.T) {
	r := certified()
	r.Run.Started = r.Run.Started.In(time.FixedZone("CET", 3600))
	if text := asJSON(t, r); !strings.Contains(text, `"started": "2026-11-22T09:30:12Z"`) {
		t.Error("the start is not written in UTC")
	}
}

func TestReadJSONRefuses(t *testing.T) {
	good, bad := asJSON(t, certified()), asJSON(t, whole())
	replace := func(text, old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("the sample has no %q", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "unexpected end"},
		{"no JSON", "<html>", "invalid character"},
		{"another version", replace(good, "bucketproof/v1", "bucketproof/v2"), `"bucketproof/v2"`},
		{"another kind", replace(good, `"Result"`, `"Certificate"`), `"Certificate"`},
		{"an unknown name", replace(good, `"why"`, `"because"`), "because"},
		{"a name twice", replace(good, `"edition"`, `"verdict": "certified", "edition"`), "twice"},
		{"a name twice in another case", replace(good, `"edition"`, `"Verdict": "certified", "edition"`), "twice"},
		{"a name twice with a long s", replace(good, `"seed"`, `"\u017feed": 1, "seed"`), "twice"},
		{"a name twice, deep inside", replace(good, `"level": "MUST",`, `"level": "MUST", "level": "SHOULD",`), "twice"},
		{"a second document", good + "{}", "after top-level value"},
		{"an unknown verdict", replace(good, `"verdict": "certified"`, `"verdict": "fine"`), `unknown verdict "fine"`},
		{"an unknown outcome", replace(good, `"outcome": "passed"`, `"outcome": "ok"`), `unknown outcome "ok"`},
		{"a bettered verdict", replace(bad, `"verdict": "not certified"`, `"verdict": "certified"`), `makes it "not certified"`},
		{"a worsened verdict", replace(good, `"verdict": "certified"`, `"verdict": "errored"`), `makes it "certified"`},
		{"a bettered outcome", replace(bad, `"outcome": "failed"`, `"outcome": "passed"`), "counts"},
		{"a dropped required list", good[:strings.Index(good, `"required": [`)] + `"required": [],` + good[strings.Index(good, `"safety"`):], "a result of nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reports.ReadJSON(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"bucketproof/v1","kind":"Result","verdict":"incomplete"}`))
	f.Add([]byte(`{"apiVersion":"bucketproof/v1","kind":"Result","verdict":"certified","requirements":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reports.ReadJSON(bytes.NewReader(data))
		if err != nil {
			return
		}
		if v, _ := reports.Decide(r.Required, r); r.Verdict == reports.Certified && v != reports.Certified {
			t.Errorf("read a certified result that isn't: %q", data)
		}
	})
}
