package policy_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/reference/policy"
)

func TestTheReferenceAnswersEveryVector(t *testing.T) {
	names, answers := map[string]bool{}, map[policy.Answer]int{}
	for _, v := range policy.Vectors() {
		if name := v.Group + ": " + v.Name; v.Name == "" || v.About == "" || names[name] {
			t.Errorf("%q has no name, no group that says what it shows, or a namesake", name)
		}
		names[v.Group+": "+v.Name] = true
		answers[v.Answer]++
		if (v.Answer == policy.Depends) != (v.On != "") {
			t.Errorf("%s: names %q, and the answer is %q", v.Name, v.On, v.Answer)
		}
		if expected, actual, ok := v.Judge(policy.Reference()); !ok {
			t.Errorf("%s: %s: got %s, want %s", v.Group, v.Name, actual, expected)
		}
	}
	for _, a := range []policy.Answer{policy.Allowed, policy.Denied, policy.NotGranted, policy.Depends} {
		if answers[a] < 4 {
			t.Errorf("%d vectors are %q, want 4 at least: an evaluator that always says something else would pass", answers[a], a)
		}
	}
	t.Logf("%d vectors: %v", len(names), answers)
	panics := policy.Implementation(func(policy.Question) (policy.Decision, error) { panic("x") })
	if _, actual, ok := policy.Vectors()[0].Judge(panics); ok || actual != "a panic" {
		t.Errorf("an evaluator that panics: got %q", actual)
	}
}
