package run

import (
	"fmt"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/reports"
)

// Throughput says that a load is to be put on the bucket, and what it must reach.
type Throughput struct {
	Budget *budgets.Budget // nil means the provider's default
	Name   string          // of the budget, for the report; "" where it is the default
	// Baseline is the result of an earlier run, whose figures these are held against; nil means none.
	Baseline *reports.Result
}

// Load is what the families know of the load that is asked for.
type Load struct {
	Budget   *budgets.Budget
	Name     string
	Baseline *reports.Throughput
	Before   string // ID of the run that the baseline is of
	Unfit    string // why the baseline says nothing about this bucket; "" when it does, or there is none
}

// load fills in what the load is; specs are declared with the default also where none is asked for.
func (s *Subject) load(asked *Throughput) error {
	l := &Load{}
	if asked != nil {
		l.Budget, l.Name = asked.Budget, asked.Name
		if b := asked.Baseline; b != nil {
			l.Baseline, l.Before = b.Throughput, b.Run.ID
			switch {
			case b.Profile != s.Profile:
				l.Unfit = "the baseline is of profile " + b.Profile
			case b.Throughput == nil:
				l.Unfit = "the baseline holds no figures: make one by a run with --throughput"
			case b.Subject.Store.Kind != s.Store.Kind && s.Store.Kind != "":
				l.Unfit = "the baseline is of another kind of store"
			}
		}
	}
	if l.Budget == nil {
		b, err := budgets.Default(s.Profile)
		if err != nil {
			return err
		}
		l.Budget, l.Name = b, "the default for "+s.Profile
	}
	if !l.Budget.For(s.Profile) {
		return fmt.Errorf("the budget is for %s, whose blocks other stores refuse, and the bucket is of %s", l.Budget.Provider, s.Profile)
	}
	s.Load = l
	return nil
}

// Say tells whoever runs the specs something that has to be known before it happens, and keeps it for the report.
func (s *Subject) Say(line string) {
	if s.say != nil {
		s.say(line)
	}
}

// measured is what the check handed over.
func (t *T) measured() *reports.Throughput {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.throughput
}
