package stores

import "github.com/bucketproof/bucketproof/reports"

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
