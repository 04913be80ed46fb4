package reports

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// cause is what makes another requirement fail, or keeps it from being decided, though the two are judged apart.
type cause struct {
	id     string
	denied bool   // only where the store refused the request: anything else has another cause
	only   string // the provider; "" is every one
}

// follows are the causes of a requirement, nearest first: what a person mends, and what is mended by that. What the catalogue
// has one requirement stand on is not here, since it isn't tried then.
var follows = map[string][]cause{
	"BYOB-CORS-001": {{id: "BYOB-PERM-009", denied: true}, {id: "BYOB-PERM-015", denied: true}},
	"BYOB-CORS-007": ofRules("001", "002", "004", "005"),
	"BYOB-CORS-008": ofRules("001", "002", "003", "004"),
	"BYOB-CORS-009": ofRules("001", "002", "004", "005"),
	"BYOB-CORS-010": ofRules("001", "002", "003", "004", "005"),
	"BYOB-NET-007":  {{id: "BYOB-NET-005"}},
	"BYOB-NET-008":  {{id: "BYOB-PERM-003", denied: true}, {id: "BYOB-PERM-014", denied: true}},
	"BYOB-PERM-018": ofRights("001", "002", "003"),
	"BYOB-PERM-019": ofRights("001", "003", "007", "008"),
	"BYOB-SIGN-002": {{id: "BYOB-PERM-020", only: "azure"}}, // Azure looks at no signature where everybody may read
	"BYOB-SIGN-003": {{id: "BYOB-PERM-020", only: "azure"}},
	"BYOB-SIGN-006": {{id: "BYOB-PERM-020", only: "azure"}},
	"BYOB-SIGN-007": {{id: "BYOB-PERM-020", only: "azure"}},
	"BYOB-SIGN-010": {{id: "BYOB-PERM-020"}},
	"BYOB-SIGN-012": {{id: "BYOB-PERM-020", only: "azure"}},
	"BYOB-XFER-005": {{id: "BYOB-PERM-004", denied: true}, {id: "BYOB-PERM-006", denied: true}, {id: "BYOB-PERM-008", denied: true}},
	"BYOB-XFER-006": {{id: "BYOB-PERM-004", denied: true}, {id: "BYOB-PERM-006", denied: true}, {id: "BYOB-PERM-008", denied: true}},
}

func ofRules(numbers ...string) (out []cause) {
	for _, n := range numbers {
		out = append(out, cause{id: "BYOB-CORS-" + n})
	}
	return out
}

func ofRights(numbers ...string) (out []cause) {
	for _, n := range numbers {
		out = append(out, cause{id: "BYOB-PERM-" + n})
	}
	return out
}

// exposing are the requirements that keep somebody out who must stay out: one that is broken comes before whatever merely
// doesn't work.
var exposing = map[string]bool{
	"BYOB-ADDR-011": true, "BYOB-CORS-009": true, "BYOB-PERM-016": true, "BYOB-PERM-020": true, "BYOB-PLACE-002": true, "BYOB-PLACE-009": true,
	"BYOB-SIGN-002": true, "BYOB-SIGN-003": true, "BYOB-SIGN-004": true, "BYOB-SIGN-005": true, "BYOB-SIGN-006": true, "BYOB-SIGN-007": true,
	"BYOB-SIGN-008": true, "BYOB-SIGN-010": true, "BYOB-SIGN-012": true, "BYOB-TEAM-001": true,
	"BYOB-ISO-001": true, "BYOB-ISO-003": true, "BYOB-ISO-004": true, "BYOB-ISO-005": true, "BYOB-ISO-006": true,
}

// exposes says whether what a task mends lets somebody in who must stay out.
func (t task) exposes() bool {
	return slices.ContainsFunc(t.Requirements, func(q Requirement) bool { return q.Outcome == Failed && exposing[q.ID] })
}

// causes finds what a requirement of a result waits for, or fails by.
type causes struct {
	provider string
	failed   map[string]Requirement // by ID: a MUST or a SHOULD that is broken, and waits for nothing
	ranks    map[string]int
	open     map[string]bool // what is itself to be mended or decided
}

func newCauses(r *Result, stands func(Requirement) standing) causes {
	c := causes{provider: r.Subject.Provider, failed: map[string]Requirement{}, ranks: map[string]int{}, open: map[string]bool{}}
	for _, q := range r.Requirements {
		if q.StandsOn == "" && (q.Outcome == Failed || q.Outcome == Errored || q.Outcome == NotRun) {
			c.open[q.ID] = true
		}
		if rank := rankOf(q, stands(q)); rank >= 0 && q.Outcome == Failed && q.StandsOn == "" {
			c.failed[q.ID], c.ranks[q.ID] = q, rank
		}
	}
	return c
}

// waits says whether a requirement waits for something that is in the result and to be mended or decided.
func (c causes) waits(q Requirement) bool { return q.StandsOn != "" && c.open[q.StandsOn] }

// root is the requirement by which another fails; "" where it fails by itself.
func (c causes) root(q Requirement, rank int) string {
	if q.Outcome != Failed && q.Outcome != Errored {
		return ""
	}
	at := slices.IndexFunc(follows[q.ID], func(by cause) bool {
		why, failed := c.failed[by.id]
		return failed && why.ID != q.ID && c.ranks[by.id] <= rank && (by.only == "" || by.only == c.provider) && (!by.denied || denied(q))
	})
	if at < 0 {
		return ""
	}
	by := follows[q.ID][at].id
	if further := c.root(c.failed[by], c.ranks[by]); further != "" {
		return further
	}
	return by
}

// denied says whether a store refused one of the requests that were seen.
func denied(q Requirement) bool {
	return slices.ContainsFunc(q.Observations, func(o Observation) bool {
		return slices.ContainsFunc(o.Exchanges, func(x Exchange) bool {
			return x.Status == http.StatusForbidden || x.Status == http.StatusUnauthorized
		})
	})
}

// right is the right that a requirement is about, "" for one that is about none. The catalogue's titles name it.
func right(q Requirement) string {
	if name, ok := strings.CutPrefix(q.Title, "The principal holds "); ok && family(q.ID) == "PERM" {
		return name
	}
	return ""
}

// causeOf is the same for requirements that one thing mends: of rights, where the remedy differs in the right alone; in a
// family, where the same was seen and the same mends it; of what is undecided, the reason. What gives no cause stands by itself.
func causeOf(q Requirement, rank int) string {
	cause := inline(q.Reason)
	switch name := right(q); {
	case rank != rankBroken && rank != rankWarning:
	case name != "" && strings.Contains(q.Remedy, `"`+name+`"`):
		cause = "right\x00" + strings.ReplaceAll(inline(q.Remedy), `"`+name+`"`, "")
	case !blank(q.Actual):
		cause = family(q.ID) + "\x00" + inline(q.Actual) + "\x00" + inline(q.Remedy)
	default:
		cause = ""
	}
	if cause == "" {
		cause = q.ID
	}
	return fmt.Sprint(rank, "\x00", q.Outcome, "\x00", cause)
}
