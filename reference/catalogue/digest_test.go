package catalogue_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

func TestTheDigestChangesWithTheRulesAlone(t *testing.T) {
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Digest()) != 64 {
		t.Fatalf("digest %q is no SHA-256 in hex", c.Digest())
	}
	for _, x := range []struct {
		name, file, from, to string
		same                 bool
	}{
		{"nothing", "preflight.yaml", "level: MUST", "level: MUST", true},
		{"a level", "preflight.yaml", "level: MUST", "level: SHOULD", false},
		{"an edition's words", "editions.yaml", "different:", "different:  ", false},
		{"what has no spec yet", "pending.yaml", "pending: []", "pending:\n  - {suite: throughput, reason: \"no spec yet: x brings it\", requirements: [BYOB-RATE-001]}", true},
	} {
		other, err := catalogue.LoadFrom(edited(t, x.file, x.from, x.to))
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		if same := other.Digest() == c.Digest(); same != x.same {
			t.Errorf("%s: same digest %v, want %v", x.name, same, x.same)
		}
	}
}
