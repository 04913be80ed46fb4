package faults_test

import (
	"slices"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// wrongly lists the vectors that an evaluator answers wrongly, by group.
func wrongly(impl policy.Implementation) (names, groups []string) {
	for _, v := range policy.Vectors() {
		if _, _, ok := v.Judge(impl); !ok {
			names = append(names, v.Name)
			if !slices.Contains(groups, v.Group) {
				groups = append(groups, v.Group)
			}
		}
	}
	return names, groups
}

// Each fault is seen by a vector, the harmless one by none, and no group of vectors is there for nothing.
func TestEachEvaluatorFaultIsSeen(t *testing.T) {
	seen := map[string]bool{}
	harmful := 0
	for _, f := range faults.EvaluatorFaults() {
		names, groups := wrongly(f.Wrap(policy.Reference()))
		if (len(names) > 0) != (len(f.Breaks) > 0) {
			t.Errorf("%s (%s) breaks %v: answered wrongly are %q", f.Name, f.Does, f.Breaks, names)
		}
		if len(f.Breaks) > 0 {
			harmful++
		}
		for _, g := range groups {
			seen[g] = true
		}
		t.Logf("%-40s %d: %q", f.Name, len(names), names)
	}
	if harmful < 8 {
		t.Errorf("%d faults, want 8 at least", harmful)
	}
	for _, v := range policy.Vectors() {
		if !seen[v.Group] {
			t.Errorf("no fault is seen by the vectors of group %q", v.Group)
		}
	}
}
