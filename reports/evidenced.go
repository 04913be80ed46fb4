package reports

// evidenced is the result as a report may show it, whoever filled it. A report says certified only where that follows from
// the lines of the result, and those are all that was required and nothing else. Anything else is shown as errored, or as
// not certified where a line is broken, with what contradicts what. nil is a result of nothing.
func (r *Result) evidenced() *Result {
	if r == nil {
		return &Result{Verdict: Undecided, Why: []string{"There is no result: nothing was tested."}}
	}
	err := r.stand()
	if err == nil {
		return r
	}
	c := *r
	verdict, why := Decide(r.Required, r)
	if verdict != NotCertified {
		verdict = Undecided
	}
	c.Verdict, c.Why = verdict, append([]string{"The result can't stand: " + err.Error() + "."}, why...)
	return &c
}

// stand is the error of a result that contradicts itself, or is certified by other lines than those that were required.
func (r *Result) stand() error {
	if r.Verdict == Certified {
		if err := r.whole(); err != nil {
			return err
		}
	}
	return r.check()
}
