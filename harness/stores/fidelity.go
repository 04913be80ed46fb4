package stores

import (
	"slices"

	"github.com/bucketproof/bucketproof/reports"
)

// seen makes one entry: an answer that could not be had is unknown, not a no.
func seen(what string, enforced bool, err error, observation string) reports.Fidelity {
	f := reports.Fidelity{What: what, Enforced: "no", Seen: observation}
	switch {
	case err != nil:
		f.Enforced, f.Seen = "unknown", err.Error()
	case enforced:
		f.Enforced = "yes"
	}
	return f
}

// joined is two lists as one; what both name is taken from the second, which asked at greater length.
func joined(list, more []reports.Fidelity) []reports.Fidelity {
	out := slices.DeleteFunc(slices.Clone(list), func(f reports.Fidelity) bool {
		return slices.ContainsFunc(more, func(m reports.Fidelity) bool { return m.What == f.What })
	})
	return append(out, more...)
}
