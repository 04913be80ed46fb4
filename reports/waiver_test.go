package reports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

const waiversHead = "apiVersion: bucketproof/v1\nkind: Waivers\n"

const goodWaiver = `waivers:
  - id: BYOB-PERM-020
    reason: public read of /public/ is agreed with security
    owner: J. Doe
    issue: https://issues.example.com/SEC-4411
    expires: 2027-03-31
    message: "an anonymous GET of /public/* was answered 200"
`

func knownID(id string) bool { return strings.HasPrefix(id, "BYOB-") }

func TestReadWaiversReadsWhatEveryWaiverMustSay(t *testing.T) {
	got, err := reports.ReadWaivers(strings.NewReader(waiversHead+goodWaiver), knownID)
	if err != nil {
		t.Fatal(err)
	}
	want := []reports.Waiver{{ID: "BYOB-PERM-020", Reason: "public read of /public/ is agreed with security", Owner: "J. Doe",
		Issue: "https://issues.example.com/SEC-4411", Expires: "2027-03-31", Message: "an anonymous GET of /public/* was answered 200"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waivers (-want +got):\n%s", diff)
	}
	if end := got[0].Ends(); !end.Equal(time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("it ends at %v, want with the last day it names", end)
	}
}

func TestReadWaiversRefuses(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(goodWaiver, old) {
			t.Fatalf("the sample has no %q", old)
		}
		return waiversHead + strings.Replace(goodWaiver, old, new, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "it is empty"},
		{"a comment alone", "# none\n", `apiVersion ""`},
		{"no waiver", waiversHead + "waivers: []\n", "holds none"},
		{"another kind", strings.Replace(change("J. Doe", "J. Doe"), "kind: Waivers", "kind: Result", 1), `kind "Result"`},
		{"another version", strings.Replace(change("J. Doe", "J. Doe"), "bucketproof/v1", "bucketproof/v2", 1), "bucketproof/v2"},
		{"no YAML", waiversHead + "waivers: [", "reading the waivers"},
		{"an unknown key", change("    owner:", "    severity: low\n    owner:"), `line 6, column 5: unknown field "severity"`},
		{"a state of its own", change("    owner:", "    state: holds\n    owner:"), `unknown field "state"`},
		{"a repeated key", change("    owner:", "    owner: nobody\n    owner:"), "already defined"},
		{"a second document", change("J. Doe", "J. Doe") + "---\n" + waiversHead + goodWaiver, "second YAML document"},
		{"no ID", change("id: BYOB-PERM-020", `id: ""`), "place 1 has no id"},
		{"an unknown ID", change("BYOB-PERM-020", "PERM-020"), `"PERM-020" is no requirement`},
		{"an ID twice", change("J. Doe", "J. Doe") + strings.TrimPrefix(goodWaiver, "waivers:\n"), `"BYOB-PERM-020" is waived twice`},
		{"no reason", change("public read of /public/ is agreed with security", `" "`), "BYOB-PERM-020: a waiver must say its reason"},
		{"no owner", change("    owner: J. Doe\n", ""), "must say its owner"},
		{"no issue", change("    issue: https://issues.example.com/SEC-4411\n", ""), "must say its issue"},
		{"an issue that is no link", change("https://issues.example.com/SEC-4411", "SEC-4411"), "must be a link"},
		{"an issue with credentials", change("https://issues", "https://me:secret@issues"), "without credentials"},
		{"no expiry", change("    expires: 2027-03-31\n", ""), "must say its expires"},
		{"an expiry that is no day", change("2027-03-31", "2027-02-30"), `not "2027-02-30"`},
		{"an expiry of another form", change("2027-03-31", "31.03.2027"), "a day such as"},
		{"no message", change(`    message: "an anonymous GET of /public/* was answered 200"`+"\n", ""), "must say its message"},
		{"a message for everything", change("an anonymous GET of /public/* was answered 200", "*"), "would fit nearly anything"},
		{"a message of single letters, which nearly any text has", change("an anonymous GET of /public/* was answered 200", "*e*t*a*o*i*n*s*h*r*"), "would fit nearly anything"},
		{"an ID with a letter that looks like another", change("BYOB-PERM-020", "B\u0423OB-PERM-020"), `"B\u0423OB-PERM-020" is no requirement`},
		{"a reason that isn't seen", change("public read of /public/ is agreed with security", `"\u200b\u2060"`), "must say its reason"},
		{"a reason that reads backwards", change("public read", "public \u202eread"), "direction of writing"},
		{"an owner that clears the screen", change("J. Doe", `"J. Doe\x1b[2J"`), "control character"},
		{"an expiry with a time and no time zone", change("2027-03-31", "2027-03-31T00:00:00"), "a day such as"},
		{"an expiry with a time zone", change("2027-03-31", "2027-03-31T00:00:00+14:00"), "a day such as"},
		{"an expiry of another type", change("2027-03-31", "!!timestamp 2027-03-31"), "a tag"},
		{"a key in another case", change("    owner:", "    Owner:"), `unknown field "Owner"`},
		{"an anchor and an alias, which hide what is waived", change("J. Doe", "&a J. Doe") + "  - id: *a\n", "line 6, column 12: an anchor"},
		{"a merge key", change("    owner: J. Doe", "    <<: {owner: J. Doe}"), "a merge key"},
		{"a key by a question mark", waiversHead + "? waivers\n: []\n", "a key by ?"},
		{"a directive", "%YAML 1.1\n---\n" + change("J. Doe", "J. Doe"), "a directive"},
		{"brackets beyond a parser's memory", waiversHead + "waivers: " + strings.Repeat("[", 1<<19), "nested more than"},
		{"maps beyond a parser's memory", waiversHead + "waivers: " + strings.Repeat("{a: ", 1<<17), "nested more than"},
		{"lists beyond a parser's memory", waiversHead + "waivers:\n" + strings.Repeat("- ", 1<<18), "a list in a list"},
		{"a byte order mark", "\ufeff" + change("J. Doe", "J. Doe"), "byte order mark"},
		{"bytes that are no UTF-8", change("J. Doe", "J. D\xffe"), "not UTF-8"},
		{"a message for nearly everything", change("an anonymous GET of /public/* was answered 200", "* 403 ***"), "would fit nearly anything"},
		{"too much", waiversHead + goodWaiver + strings.Repeat("#\n", 1<<20), "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ws, err := reports.ReadWaivers(strings.NewReader(c.text), knownID)
			if err == nil || !strings.Contains(err.Error(), c.want) || ws != nil {
				t.Errorf("got %v, error %v, want an error with %q", ws, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\x1b") {
				t.Errorf("the error has colours: %q", err)
			}
		})
	}
}

// A waiver stands in every report and in the certificate: what is written into one by mistake would, too.
func TestReadWaiversRefusesSecretsAndShowsNone(t *testing.T) {
	const key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for name, change := range map[string][2]string{
		"a secret key as reason":           {"public read of /public/ is agreed with security", "the key is " + key},
		"an address as reason":             {"public read of /public/ is agreed with security", "see s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI@127.0.0.1/b"},
		"a private key as owner":           {"J. Doe", "'-----BEGIN PRIVATE KEY----- MC4CAQAwBQYDK2VwBCIEIP'"},
		"a pre-signed URL as issue":        {"https://issues.example.com/SEC-4411", "https://b.s3.amazonaws.com/k?X-Amz-Signature=wJalrXUtnFEMI"},
		"an account key in the message":    {"an anonymous GET of", "AccountKey=wJalrXUtnFEMI an anonymous GET of"},
		"a secret key as ID":               {"BYOB-PERM-020", key},
		"a secret key as day":              {"2027-03-31", key},
		"a secret key as kind of the file": {"waivers:", "waivers:"},
	} {
		text := waiversHead + strings.Replace(goodWaiver, change[0], change[1], 1)
		if strings.HasSuffix(name, "of the file") {
			text = strings.Replace(text, "kind: Waivers", "kind: "+key, 1)
		}
		_, err := reports.ReadWaivers(strings.NewReader(text), knownID)
		if err == nil || strings.Contains(err.Error(), "wJalr") || strings.Contains(err.Error(), "MC4CAQ") {
			t.Errorf("%s: got %v, want it refused and not shown", name, err)
		}
	}
	for _, harmless := range []string{"https://github.com/AcmeCorp/StoragePlatform/issues/1234#issuecomment-2229384756", "https://linear.app/acme/issue/ENG-123/Move-The-Resolver-In-Q3",
		"https://acme.notion.site/Known-flaws-0123456789abcdef0123456789abcdef"} {
		text := waiversHead + strings.Replace(goodWaiver, "https://issues.example.com/SEC-4411", harmless, 1)
		if _, err := reports.ReadWaivers(strings.NewReader(text), knownID); err != nil {
			t.Errorf("%s: %v", harmless, err)
		}
	}
}

func TestAWaiverHoldsForTheMessageItExpects(t *testing.T) {
	for _, c := range []struct {
		name, message, reason string
		want                  reports.WaiverState
	}{
		{"the same", "the object was taken", "the object was taken", reports.Holds},
		{"white space apart", "the  object\nwas taken", "the object was taken ", reports.Holds},
		{"a star at the end", "the object was*", "the object was taken by 10.0.0.1", reports.Holds},
		{"a star in front", "*was taken", "the object was taken", reports.Holds},
		{"stars within", "PUT of * got * from *", "PUT of a/b got 403 from host", reports.Holds},
		{"a star for nothing", "the object* was taken", "the object was taken", reports.Holds},
		{"stars in a row", "the object ** taken", "the object was taken", reports.Holds},
		{"another", "the object was taken", "the object was lost", reports.WaiverUnmatched},
		{"a part alone", "object was taken", "the object was taken", reports.WaiverUnmatched},
		{"more at the end", "the object was taken", "the object was taken, and more", reports.WaiverUnmatched},
		{"another order", "PUT of * got 403*after", "after PUT of a got 403", reports.WaiverUnmatched},
		{"text that would have to serve twice", "objects*objects", "objects", reports.WaiverUnmatched},
		{"single letters that fit anything", "*e*t*a*o*i*n*s*", "the object was taken in", reports.WaiverInvalid},
		{"another case", "the object was taken", "The object was taken", reports.WaiverUnmatched},
		{"no reason", "*the object was taken*", " ", reports.WaiverUnmatched},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := certified()
			r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Failed, c.reason
			id := r.Requirements[0].ID
			r.Waive([]reports.Waiver{{ID: id, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2026-11-22", Message: c.message}})
			if r.Waivers[0].State != c.want {
				t.Errorf("state: got %q, want %q", r.Waivers[0].State, c.want)
			}
			outcome, verdict := reports.Failed, reports.NotCertified
			if c.want == reports.Holds {
				outcome, verdict = reports.Waived, reports.Certified
			}
			if r.Requirements[0].Outcome != outcome || r.Verdict != verdict {
				t.Errorf("got %q and %q, want %q and %q", r.Requirements[0].Outcome, r.Verdict, outcome, verdict)
			}
		})
	}
}

func TestEveryWaiverStandsInEveryReport(t *testing.T) {
	stale := reports.Waiver{ID: "BYOB-NET-001", Reason: "the resolver is being moved", Owner: "Net Team", Issue: "https://issues.example.com/NET-1", Expires: "2026-11-01", Message: "no such host, for now"}
	for _, c := range []struct {
		name    string
		waivers []reports.Waiver
		want    reports.Verdict
		said    []string
	}{
		{"one that holds", sample().Waivers, reports.Certified, []string{"J. Doe", "2027-03-31", "public read of /public/ is agreed with security", "https://issues.example.com/SEC-4411", "holds"}},
		{"one that expired", append(sample().Waivers, stale), reports.NotCertified, []string{"Net Team", "2026-11-01", "the resolver is being moved", "https://issues.example.com/NET-1", "expired"}},
	} {
		r := certified()
		for _, q := range sample().Requirements {
			if q.ID == "BYOB-PERM-020" {
				q.Outcome = reports.Failed
				r.Requirements = append(r.Requirements, q)
				r.Required = append(r.Required, reports.Required{ID: q.ID, Level: q.Level})
			}
		}
		r.Waive(c.waivers)
		if r.Verdict != c.want {
			t.Errorf("%s: verdict %q, want %q (%q)", c.name, r.Verdict, c.want, r.Why)
		}
		for format, text := range everyFormat(t, r) {
			for _, want := range c.said {
				if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
					t.Errorf("%s: %s doesn't say %q", c.name, format, want)
				}
			}
		}
	}
}

func TestReadJSONRefusesAWaiverWhoseStateDoesNotFollow(t *testing.T) {
	r := certified()
	r.Requirements[0].Outcome, r.Requirements[0].Reason = reports.Failed, "the object was taken"
	r.Waive([]reports.Waiver{{ID: r.Requirements[0].ID, Reason: "agreed", Owner: "J. Doe", Issue: "https://issues.example.com/1", Expires: "2026-11-01", Message: "the object was taken"}})
	text := asJSON(t, r)
	if _, err := reports.ReadJSON(strings.NewReader(text)); err != nil {
		t.Fatalf("a sound result: %v", err)
	}
	text = strings.Replace(text, `"state": "expired"`, `"state": "holds"`, 1)
	if _, err := reports.ReadJSON(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), `"expired"`) {
		t.Errorf("got error %v, want one that names the state", err)
	}
}
