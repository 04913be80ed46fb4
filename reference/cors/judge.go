package cors

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

// NotGiven is what is missing when there is no policy to judge.
const NotGiven = "the CORS rules: --cors FILE"

// judged are the requirements that a document decides.
var judged = []string{"BYOB-CORS-001", "BYOB-CORS-002", "BYOB-CORS-003", "BYOB-CORS-004", "BYOB-CORS-005", "BYOB-CORS-006", "BYOB-CORS-009"}

// Judge says what a policy is worth for W&B's front end. A nil policy is one that was not given.
func Judge(p *Policy, n Need) []finding.Finding {
	j := &judge{p: p, n: n}
	if p == nil {
		for _, id := range judged {
			j.add(finding.Finding{Requirement: id, State: finding.NotGiven, What: "the bucket's CORS rules", Missing: NotGiven})
		}
		return j.findings
	}
	if !j.exists() {
		return j.findings
	}
	j.mended, j.differences = Mend(p, n)
	j.origin = probe(p, n.FrontendOrigin)
	j.methods()
	j.exposed()
	j.origins()
	j.headers()
	j.age()
	j.strangers()
	return j.findings
}

// Refused says what a document is worth that its provider takes for no policy.
func Refused(err error, n Need) []finding.Finding {
	f := finding.Finding{Requirement: judged[0], State: finding.Broken, What: "the CORS rules", Expected: "rules that the provider takes", Actual: err.Error()}
	if e := (*Error)(nil); errors.As(err, &e) && e.Fix != "" {
		f.Fix = e.Fix
	} else {
		f.Fix = "set these rules:\n" + string(Required(n.Provider, n.Edition, n.FrontendOrigin).Document())
	}
	return []finding.Finding{f}
}

type judge struct {
	p           *Policy
	n           Need
	origin      string // what everything but the origins is judged by
	mended      *Policy
	differences []Difference
	findings    []finding.Finding
}

func (j *judge) add(f finding.Finding) { j.findings = append(j.findings, f) }

// say records that something holds, or that it doesn't and what mends it.
func (j *judge) say(id, what, expected string, holds bool, actual string) {
	f := finding.Finding{Requirement: id, State: finding.Holds, What: what, Expected: expected, Actual: actual}
	if !holds {
		f.State, f.Fix = finding.Broken, j.fix(id)
	}
	j.add(f)
}

// fix is what of the smallest change concerns a requirement.
func (j *judge) fix(id string) string {
	var lines []string
	for _, d := range j.differences {
		if d.Requirement == id {
			lines = append(lines, d.String())
		}
	}
	for _, d := range j.p.Dropped {
		if id == "BYOB-CORS-003" || id == "BYOB-CORS-005" {
			lines = append(lines, fmt.Sprintf("rule %d: leave %s out, which is no field of Google Cloud Storage; %s", d.Rule, d.Field, d.Fix))
		}
	}
	if len(lines) == 0 && len(j.differences) == 0 {
		return "name the W&B front end's origin in full, such as https://wandb.example.com: no slash at its end, no *"
	}
	if len(lines) == 0 {
		return "set these rules:\n" + strings.TrimSpace(string(j.mended.Document()))
	}
	return strings.Join(lines, "\n")
}

func (j *judge) exists() bool {
	const id = "BYOB-CORS-001"
	actual := fmt.Sprintf("%d rules", len(j.p.Rules))
	if len(j.p.Rules) == 1 {
		actual = "1 rule"
	}
	for _, r := range j.p.Elsewhere {
		actual += fmt.Sprintf(", and one for the %s service, which does not count", r.Service)
	}
	for _, d := range j.p.Dropped {
		actual += fmt.Sprintf("; %s is no field of Google Cloud Storage and is dropped", d.Field)
	}
	if len(j.p.Rules) > 0 {
		j.say(id, "the bucket's CORS rules", "one rule at least", true, actual)
		return true
	}
	required := Required(j.p.Provider, j.n.Edition, j.n.FrontendOrigin)
	j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "the bucket's CORS rules", Expected: "one rule at least", Actual: actual,
		Fix: "set these rules:\n" + strings.TrimSpace(string(required.Document()))})
	return false
}

func (j *judge) methods() {
	for _, m := range Methods {
		a := j.p.Actual(Request{Origin: j.origin, Method: m})
		j.say("BYOB-CORS-002", "method "+m, "allowed", a.Rule > 0, allowedBy(a))
	}
}

func allowedBy(a Answer) string {
	if a.Rule > 0 {
		return fmt.Sprintf("allowed by rule %d", a.Rule)
	}
	return a.Why
}

func (j *judge) exposed() {
	any := false
	for _, m := range Methods {
		a := j.p.Actual(Request{Origin: j.origin, Method: m})
		if a.Rule == 0 {
			continue
		}
		any = true
		actual := fmt.Sprintf("rule %d, which decides, exposes %s", a.Rule, orNothing(a.Header.Get("Access-Control-Expose-Headers")))
		j.say("BYOB-CORS-003", "headers that the answer to "+m+" exposes", "ETag among them", a.Exposes("ETag"), actual)
	}
	if !any {
		j.say("BYOB-CORS-003", "headers that an answer exposes", "ETag among them", false, "no rule allows GET, HEAD or PUT")
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func (j *judge) origins() {
	const id = "BYOB-CORS-004"
	var named, wrong []string
	for _, r := range j.p.Rules {
		for _, o := range r.Origins {
			if o == "*" {
				j.say(id, "allowed origins", "the W&B front end's, or *", true, "*")
				return
			}
			named = append(named, fmt.Sprintf("%q", o))
			if problem := wrongOrigin(j.p.Provider, o); problem != "" {
				wrong = append(wrong, fmt.Sprintf("%q: %s", o, problem))
			}
		}
	}
	actual := strings.Join(named, ", ")
	if len(wrong) > 0 {
		actual += "; " + strings.Join(wrong, "; ")
	}
	switch {
	case j.n.FrontendOrigin != "":
		a := j.p.Actual(Request{Origin: j.n.FrontendOrigin, Method: "GET"})
		matched := a.Rule > 0
		for i := range j.p.Rules {
			matched = matched || j.p.Rules[i].origin(j.p.Provider, j.n.FrontendOrigin) != ""
		}
		j.say(id, "allowed origins", j.n.FrontendOrigin, matched, actual)
	case len(wrong) == len(named):
		j.say(id, "allowed origins", "the W&B front end's, or *", false, actual)
	default:
		j.add(finding.Finding{Requirement: id, State: finding.NotGiven, What: "allowed origins: " + actual, Missing: "the W&B front end's origin: --frontend-origin URL"})
	}
}

func (j *judge) headers() {
	const id = "BYOB-CORS-005"
	for _, m := range Methods {
		needed := Headers(j.p.Provider, m)
		if len(needed) == 0 {
			continue
		}
		if bare := (Request{Origin: j.origin, Method: m}); j.p.Actual(bare).Rule == 0 {
			continue // that no rule allows the method is BYOB-CORS-002
		}
		q := Request{Origin: j.origin, Method: m, Headers: needed}
		a := j.p.Preflight(q)
		ok, why := a.Passes(q)
		actual := fmt.Sprintf("allowed by rule %d", a.Rule)
		if !ok {
			actual = why
		}
		j.say(id, "headers sent with "+m+": "+strings.Join(needed, ", "), "allowed", ok, actual)
	}
	if finding.Worst(j.findings, id) == "" {
		j.say(id, "headers", "allowed", false, "no rule allows GET or PUT")
	}
}

func (j *judge) age() {
	const id = "BYOB-CORS-006"
	for _, m := range Methods {
		q := Request{Origin: j.origin, Method: m, Headers: Headers(j.p.Provider, m)}
		a := j.p.Preflight(q)
		if a.Rule == 0 { // judged by the rule that allows the method at all
			q.Headers = nil
			a = j.p.Preflight(q)
		}
		if a.Rule == 0 {
			continue
		}
		age, said := ageOf(a)
		actual := fmt.Sprintf("%d s (rule %d)", age, a.Rule)
		if !said {
			actual = fmt.Sprintf("none (rule %d), for which browsers take 5 s", a.Rule)
		}
		j.say(id, "max age of "+m, "at least 3000 s", age >= maxAge, actual)
	}
	if finding.Worst(j.findings, id) == "" {
		j.say(id, "max age", "at least 3000 s", false, "no rule allows GET, HEAD or PUT")
	}
}

// strangers looks whether origins that nobody named get in. The control is an origin that is named.
func (j *judge) strangers() {
	const id = "BYOB-CORS-009"
	for i, r := range j.p.Rules {
		for _, o := range r.Origins {
			if o == "*" {
				j.add(finding.Finding{Requirement: id, State: finding.Inapplicable, What: fmt.Sprintf("rule %d allows every origin (*)", i+1)})
				return
			}
		}
	}
	control := j.allows(j.origin)
	j.add(finding.Finding{Requirement: id, State: state(control), What: "a named origin, " + j.origin, Expected: "allowed", Actual: word(control), Control: true})
	for _, o := range Foreign(j.n.FrontendOrigin) {
		j.say(id, "the foreign origin "+o, "not allowed", !j.allows(o), word(j.allows(o)))
	}
	for i, r := range j.p.Rules {
		for _, o := range r.Origins {
			if why := tooWide(j.p.Provider, o); why != "" {
				j.say(id, fmt.Sprintf("the pattern %q of rule %d", o, i+1), "nobody else's origin matches it", false, why)
			}
		}
	}
}

func (j *judge) allows(origin string) bool {
	for i := range j.p.Rules {
		if j.p.Rules[i].origin(j.p.Provider, origin) != "" {
			return true
		}
	}
	return false
}

func state(holds bool) finding.State {
	if holds {
		return finding.Holds
	}
	return finding.Broken
}

func word(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "not allowed"
}
