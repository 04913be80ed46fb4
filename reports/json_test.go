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
		{"nothing", "", "it is empty"},
		{"no JSON", "<html>", "invalid character"},
		{"another version", replace(good, "bucketproof/v1", "bucketproof/v2"), `"bucketproof/v2"`},
		{"another kind", replace(good, `"Result"`, `"Certificate"`), `"Certificate"`},
		{"an unknown name", replace(good, `"why"`, `"because"`), "because"},
		{"a name twice", replace(good, `"edition"`, `"verdict": "certified", "edition"`), "twice"},
		{"a name twice in another case", replace(good, `"edition"`, `"Verdict": "certified", "edition"`), "twice"},
		{"a name twice with a long s", replace(good, `"seed"`, `"\u017feed": 1, "seed"`), `"\u017feed" must be spelled "seed"`},
		{"a name twice, the second with a long s", replace(good, `"program"`, `"\u017feed": 1, "program"`), "twice"},
		{"a verdict under a name in another case, which other parsers don't see", replace(good, `"verdict"`, `"Verdict"`), `"Verdict" must be spelled "verdict"`},
		{"an outcome under a name in another case, deep inside", replace(good, `"outcome"`, `"OUTCOME"`), `"OUTCOME" must be spelled "outcome"`},
		{"a byte order mark", "\ufeff" + good, "byte order mark"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "UTF-16"},
		{"bytes that are no UTF-8, which encoding/json replaces", replace(good, "The store's name", "The store\xff\xfes name"), "not UTF-8"},
		{"a NUL at the end", good + "\x00", "after top-level value"},
		{"lists nested beyond a stack", strings.Repeat("[", 1<<20), "exceeded max depth"},
		{"a kind as long as the file", `{"apiVersion": "bucketproof/v1", "kind": "` + strings.Repeat("A", 1<<20) + `"}`, `AAA..."`},
		{"an ID with a letter that looks like another", strings.ReplaceAll(good, "BYOB-NET-001", "BY\u041eB-NET-001"), `"BY\u041eB-NET-001"`},
		{"an ID with a letter that isn't seen", strings.ReplaceAll(good, "BYOB-NET-001", "BYOB-NET-001\u200b"), `"BYOB-NET-001\u200b"`},
		{"a catalogue's digest that is none", replace(good, `"profile"`, `"catalogue": "nonsense", "profile"`), "no digest of a catalogue"},
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
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
				t.Errorf("got error %v, want a short one with %q", err, c.want)
			}
		})
	}
}

// A certificate's envelope has no header that encoding/json would look at first: nothing but DecodeStrict keeps it from a stack
// that ends the program.
func TestDecodeStrictRefusesWhatWouldEndTheProgram(t *testing.T) {
	for name, text := range map[string]string{
		"lists": strings.Repeat("[", 1<<20), "objects": strings.Repeat(`{"a":`, 1<<20), "closed lists": strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20),
	} {
		var v any
		if err := reports.DecodeStrict([]byte(text), &v); err == nil || !strings.Contains(err.Error(), "nested more than 100 deep") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var v any
	if err := reports.DecodeStrict([]byte(strings.Repeat("[", 90)+strings.Repeat("]", 90)), &v); err != nil {
		t.Errorf("90 deep: %v", err)
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
