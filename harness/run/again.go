package run

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reports"
)

// choose takes what was red in an earlier result for the selection, if one is given, and refuses a selection that names what
// isn't there. The subject is known by now, and nothing has been sent.
func (c *certification) choose() error {
	if c.o.Again != nil {
		if err := c.red(c.o.Again); err != nil {
			return fmt.Errorf("--only-failed: %w", err)
		}
	}
	return c.checkOnly()
}

// red selects what failed or could not be decided in a result of this very subject, by this profile and edition: what was red
// elsewhere, or by other rules, says nothing about what is to be run here.
func (c *certification) red(r *reports.Result) error {
	if len(c.o.Only) > 0 {
		return errors.New("it chooses the requirements itself: leave out --only")
	}
	canonical, shown := c.named()
	for _, x := range []struct{ what, theirs, ours string }{
		{"kind of subject", r.Subject.Kind, c.subject.Kind}, {"profile", r.Profile, c.subject.Profile}, {"edition", r.Edition, c.subject.Edition},
		{"address", r.Subject.Canonical, canonical},
	} {
		if x.theirs != x.ours {
			return fmt.Errorf("the result is of another %s, %q; this run's is %q", x.what, x.theirs, x.ours)
		}
	}
	if canonical == "" && r.Subject.Address != shown { // a connector, documents, or an address with a part that may not be shown
		return fmt.Errorf("the result is of %q; this run is of %q", r.Subject.Address, shown)
	}
	for _, q := range r.Requirements {
		if q.Outcome == reports.Failed || q.Outcome == reports.Errored {
			c.o.Only = append(c.o.Only, q.ID)
		}
	}
	if len(c.o.Only) == 0 {
		return errors.New("nothing failed and nothing was left undecided by an error in that result: there is nothing to run again")
	}
	return nil
}

// named is what the result will call the subject: its canonical address, "" without one, and the one that is shown.
func (c *certification) named() (canonical, shown string) {
	if a := c.subject.Address; a != nil && a.Shown(a.Endpoint+"/"+a.Account+"/"+a.Bucket+"/"+a.Path) == a.Endpoint+"/"+a.Account+"/"+a.Bucket+"/"+a.Path {
		canonical = a.Canonical() // with a part hidden it would name more than one bucket
	}
	if s := c.subject; s.Kind == KindConnector && s.Info != nil {
		canonical = CanonicalConnector(s.Info.Name, s.Connector.Base())
	}
	return canonical, addressWords(c.subject)
}

// leftOut is why a requirement that was not selected is not run.
func (c *certification) leftOut() string {
	if c.o.Again != nil {
		return "left out by --only-failed"
	}
	return "left out by --only"
}

// filter is what the result says of the selection.
func (c *certification) filter() string {
	ids := strings.Join(c.o.Only, ",")
	if c.o.Again != nil {
		return "what was red in run " + c.o.Again.Run.ID + ": " + ids
	}
	return ids
}
