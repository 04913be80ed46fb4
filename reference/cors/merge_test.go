package cors_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
)

const wandb = "https://wandb.example.com"

// answers are what rules say to other pages, in every way that matters to them.
func answers(p *cors.Policy) []string {
	var out []string
	for _, origin := range []string{"https://other.example.com", "https://a.other.example.com", "https://nobody.test"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			for _, headers := range [][]string{nil, {"x-mine"}, {"content-type", "range"}} {
				r := cors.Request{Origin: origin, Method: method, Headers: headers}
				pre, act := p.Preflight(r), p.Actual(r)
				out = append(out, fmt.Sprint(origin, method, headers, pre.Status, pre.Header, act.Header))
			}
		}
	}
	return out
}

// Whatever is there, others are answered as before, the front end gets all that it needs, and every rule stays.
func TestMergeChangesNothingForOthers(t *testing.T) {
	for _, c := range []struct {
		name, provider, rules, origin string
		at                            int
		err                           string
	}{
		{"no rules", "aws", `[]`, wandb, 1, ""},
		{"no rules, every origin", "aws", `[]`, "", 1, ""},
		{"a stranger's rule", "aws", `[{"AllowedOrigins": ["https://other.example.com"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["x-mine"], "ExposeHeaders": ["x-theirs"]}]`, wandb, 2, ""},
		{"a pattern of others", "aws", `[{"AllowedOrigins": ["https://*.other.example.com"], "AllowedMethods": ["GET"]}]`, wandb, 2, ""},
		{"a rule for both that lacks ETag", "aws", `[{"AllowedOrigins": ["https://other.example.com", "https://wandb.example.com"], "AllowedMethods": ["GET", "DELETE"], "AllowedHeaders": ["x-mine"], "ExposeHeaders": ["x-theirs"]}]`, wandb, 1, ""},
		{"a rule for everyone that lacks ETag", "aws", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "ExposeHeaders": ["x-theirs"]}]`, wandb, 1, ""},
		{"the same, and no front end named", "aws", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "ExposeHeaders": ["x-theirs"]}]`, "", 0, "would take from other origins"},
		{"a rule that names others, and no front end named", "aws", `[{"AllowedOrigins": ["https://other.example.com"], "AllowedMethods": ["GET"]}]`, "", 0, "name origins"},
		{"Google, a stranger's entry", "gcp", `[{"origin": ["https://other.example.com"], "method": ["GET"], "responseHeader": ["x-theirs"]}]`, wandb, 2, ""},
		{"Google, an entry for everyone", "gcp", `[{"origin": ["*"], "method": ["GET"], "responseHeader": ["x-theirs"]}]`, wandb, 1, ""},
		{"Azure, a stranger's rule", "azure", `[{"AllowedOrigins": "https://other.example.com", "AllowedMethods": "GET", "AllowedHeaders": "x-mine", "ExposedHeaders": "", "MaxAgeInSeconds": 5}]`, wandb, 2, ""},
		{"sound already", "coreweave", `[{"AllowedOrigins": ["https://wandb.example.com"], "AllowedMethods": ["GET", "HEAD", "PUT"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 3000}]`, wandb, 0, ""},
		{"Azure, and no room", "azure", "[" + strings.Repeat(`{"AllowedOrigins": "https://other.example.com", "AllowedMethods": "GET", "AllowedHeaders": "", "ExposedHeaders": "", "MaxAgeInSeconds": 5},`, 4) +
			`{"AllowedOrigins": "https://other.example.com", "AllowedMethods": "PUT", "AllowedHeaders": "", "ExposedHeaders": "", "MaxAgeInSeconds": 5}]`, wandb, 0, "a service takes 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := cors.Parse(c.provider, []byte(c.rules))
			if err != nil {
				t.Fatal(err)
			}
			n := cors.Need{Provider: c.provider, FrontendOrigin: c.origin, Edition: "2025-09"}
			merged, at, err := cors.Merge(p, n)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got error %v, want ...%s...", err, c.err)
				}
				if m := (*cors.MergeError)(nil); errors.As(err, &m) && !strings.Contains(m.Fix, "--frontend-origin") {
					t.Errorf("fix: got %q", m.Fix)
				}
				return
			}
			if err != nil || at != c.at {
				t.Fatalf("got place %d, error %v, want place %d", at, err, c.at)
			}
			if c.origin != "" {
				if got, want := answers(merged), answers(p); !slices.Equal(got, want) {
					for i := range got {
						if got[i] != want[i] {
							t.Errorf("others are answered otherwise:\ngot  %s\nwant %s", got[i], want[i])
						}
					}
				}
			}
			if !cors.Within(p, merged) {
				t.Error("a rule that was there is gone")
			}
			for _, f := range cors.Judge(merged, n) {
				if f.State == finding.Broken && f.Requirement != "BYOB-CORS-009" {
					t.Errorf("%s is broken: %s: %s", f.Requirement, f.What, f.Actual)
				}
			}
			if again, at, err := cors.Merge(merged, n); err != nil || at != 0 || !cors.Same(again, merged) {
				t.Errorf("a second time: place %d, error %v, want nothing to add", at, err)
			}
		})
	}
}

func TestSameSeesEveryDifference(t *testing.T) {
	rule := `{"ID": "a", "AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["Range"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}`
	base, _ := cors.Parse("aws", []byte("["+rule+"]"))
	for _, c := range []struct {
		name, rules string
		same        bool
	}{
		{"the same", "[" + rule + "]", true},
		{"headers in other letters, lists in another order", "[" + strings.NewReplacer("Range", "rANGE", `"GET", "PUT"`, `"PUT", "GET"`).Replace(rule) + "]", true},
		{"without a name", "[" + strings.Replace(rule, `"ID": "a", `, "", 1) + "]", true},
		{"another name", "[" + strings.Replace(rule, `"a"`, `"b"`, 1) + "]", false},
		{"another origin", "[" + strings.Replace(rule, "a.example", "A.example", 1) + "]", false},
		{"a method less", "[" + strings.Replace(rule, `, "PUT"`, "", 1) + "]", false},
		{"nothing exposed", "[" + strings.Replace(rule, `["ETag"]`, "[]", 1) + "]", false},
		{"another age", "[" + strings.Replace(rule, "60", "61", 1) + "]", false},
		{"no age", "[" + strings.Replace(rule, `, "MaxAgeSeconds": 60`, "", 1) + "]", false},
		{"a rule more", "[" + rule + "," + rule + "]", false},
		{"no rule", "[]", false},
	} {
		p, err := cors.Parse("aws", []byte(c.rules))
		if err != nil {
			t.Fatal(err)
		}
		if got := cors.Same(base, p); got != c.same {
			t.Errorf("%s: got %t, want %t", c.name, got, c.same)
		}
	}
}
