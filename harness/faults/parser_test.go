package faults_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bucketproof/bucketproof/harness/faults"
	"github.com/bucketproof/bucketproof/reference/address"
)

// brokenBy judges an implementation by all vectors and returns the requirements it does not meet, in order.
func brokenBy(impl address.Implementation) []string {
	var broken []string
	for _, v := range address.Vectors() {
		if _, _, ok := v.Judge(impl); !ok && !slices.Contains(broken, v.Requirement) {
			broken = append(broken, v.Requirement)
		}
	}
	slices.Sort(broken)
	return broken
}

func TestASoundParserBreaksNothing(t *testing.T) {
	if broken := brokenBy(address.Reference()); len(broken) > 0 {
		t.Errorf("got %v broken, want none", broken)
	}
}

func TestEachParserFaultBreaksExactlyWhatItClaims(t *testing.T) {
	for _, f := range faults.ParserFaults() {
		t.Run(f.Name, func(t *testing.T) {
			if broken := brokenBy(f.Wrap(address.Reference())); !slices.Equal(broken, f.Breaks) {
				t.Errorf("%s\ngot  %v\nwant %v", f.Does, broken, f.Breaks)
			}
		})
	}
}

func TestEveryAddressRequirementHasAParserFault(t *testing.T) {
	names, alone, harmless := map[string]bool{}, map[string]bool{}, 0
	for _, f := range faults.ParserFaults() {
		if f.Name == "" || f.Does == "" || names[f.Name] {
			t.Errorf("the fault %q has no name, no sentence, or a namesake", f.Name)
		}
		names[f.Name] = true
		if !slices.IsSorted(f.Breaks) {
			t.Errorf("%s: breaks %v, which is out of order", f.Name, f.Breaks)
		}
		switch len(f.Breaks) {
		case 0:
			harmless++
		case 1:
			alone[f.Breaks[0]] = true
		}
	}
	for n := 1; n <= 20; n++ {
		if id := fmt.Sprintf("BYOB-ADDR-%03d", n); !alone[id] {
			t.Errorf("%s: no fault breaks it and nothing else", id)
		}
	}
	if harmless != 1 {
		t.Errorf("got %d faults that harm nothing, want 1", harmless)
	}
}
