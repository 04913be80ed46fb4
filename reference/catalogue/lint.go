package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Lint returns what is wrong between the catalogue and the specs, one problem a line, none if all is well. bound says
// for each requirement in which profiles a spec is bound to it. Every requirement that some run must meet, whatever its
// edition and also when it is required only on request, has a spec in each of its profiles, or it is pending, everywhere or
// in that profile; not both.
// A spec bound to an unknown or retired requirement, or in a profile the requirement does not belong to, is a problem
// too: no run would ever ask for it. What can be wrong with the catalogue by itself, Load has refused already.
func (c *Catalogue) Lint(bound map[string][]string) []string {
	var problems []string
	say := func(id, format string, args ...any) {
		problems = append(problems, id+": "+fmt.Sprintf(format, args...))
	}
	for _, r := range c.requirements {
		reason, pending := c.pending[r.ID]
		profiles := bound[r.ID]
		if pending {
			if len(profiles) > 0 {
				say(r.ID, "is bound in %s and yet pending (%q): take it off the list", strings.Join(profiles, ", "), reason)
			}
			continue
		}
		var missing []string
		for _, p := range c.profiles {
			if _, later := c.pendingIn[p.Name][r.ID]; later {
				if slices.Contains(profiles, p.Name) {
					say(r.ID, "is bound in %s and yet pending there: take it off the list", p.Name)
				}
				continue
			}
			if slices.Contains(r.Profiles, p.Name) && overlap(r.Editions, p.Editions) && !slices.Contains(profiles, p.Name) {
				missing = append(missing, p.Name)
			}
		}
		if len(missing) > 0 {
			say(r.ID, "has no spec in %s and is not pending", strings.Join(missing, ", "))
		}
		for _, name := range profiles {
			if !slices.Contains(r.Profiles, name) {
				say(r.ID, "has a spec in %s, a profile it does not belong to", name)
			}
		}
	}
	var strangers []string
	for id := range bound {
		if _, ok := c.index[id]; !ok {
			strangers = append(strangers, id)
		}
	}
	slices.Sort(strangers)
	for _, id := range strangers {
		if slices.Contains(c.retired, id) {
			say(id, "has a spec, but is retired")
		} else {
			say(id, "has a spec, but is not in the catalogue")
		}
	}
	return problems
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}
