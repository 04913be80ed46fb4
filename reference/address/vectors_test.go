package address_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/address"
)

func TestTheReferenceMeetsEveryVector(t *testing.T) {
	for _, v := range address.Vectors() {
		t.Run(v.Requirement+"/"+v.Name, func(t *testing.T) {
			expected, actual, ok := v.Judge(address.Reference())
			if !ok {
				t.Errorf("\nexpected %s\nactual   %s", expected, actual)
			}
		})
	}
}

// Counts keep a table from shrinking unseen.
func TestTheTableOfVectorsIsComplete(t *testing.T) {
	const total = 300
	count, names := map[string]int{}, map[string]bool{}
	for _, v := range address.Vectors() {
		count[v.Requirement]++
		if v.Name == "" || names[v.Requirement+v.Name] {
			t.Errorf("%s: the name %q is empty or stands there twice", v.Requirement, v.Name)
		}
		names[v.Requirement+v.Name] = true
		kinds := 0
		for _, kind := range []bool{v.Want.Refused, v.Want.RoundTrip, v.Want.Secrecy, len(v.Want.Fields) > 0} {
			if kind {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s, %s: got %d kinds of expectation, want one", v.Requirement, v.Name, kinds)
		}
		if v.Want.Refused == (v.Control.Raw == "") {
			t.Errorf("%s, %s: a refusal, and nothing else, has a control", v.Requirement, v.Name)
		}
		if v.Want.Secrecy && len(v.Secrets) == 0 {
			t.Errorf("%s, %s: no canary to look for", v.Requirement, v.Name)
		}
		if s := v.Raw + v.Control.Raw; strings.Contains(s, "{") {
			t.Errorf("%s, %s: a word in braces was not filled in", v.Requirement, v.Name)
		}
	}
	sum := 0
	for n := 1; n <= 20; n++ {
		id := fmt.Sprintf("BYOB-ADDR-%03d", n)
		if count[id] < 2 {
			t.Errorf("%s: got %d vectors, want 2 at least", id, count[id])
		}
		sum += count[id]
	}
	if sum < total || sum != len(address.Vectors()) {
		t.Errorf("got %d vectors under BYOB-ADDR-001 to 020 and %d in all, want the same and %d at least", sum, len(address.Vectors()), total)
	}
}

func TestJudgeTellsASoundParserFromOthers(t *testing.T) {
	refuseAll := address.Reference()
	refuseAll.Parse = func(string, address.Options) (*address.Address, error) {
		return nil, &address.Error{Finding: address.Finding{Requirement: "BYOB-ADDR-012"}}
	}
	refuseAll.ParseStores = func(string, address.Options) (*address.Stores, error) { return nil, &address.Error{} }
	acceptAll := address.Reference()
	acceptAll.Parse = func(string, address.Options) (*address.Address, error) { return &address.Address{}, nil }
	acceptAll.ParseStores = func(string, address.Options) (*address.Stores, error) { return &address.Stores{}, nil }
	silent := address.Reference()
	silent.Parse = func(string, address.Options) (*address.Address, error) { return nil, nil }
	for name, impl := range map[string]address.Implementation{"refuses everything": refuseAll, "accepts everything": acceptAll, "answers nothing": silent} {
		for _, v := range address.Vectors() {
			if v.List && name == "answers nothing" || v.Want.Secrecy {
				continue
			}
			if _, actual, ok := v.Judge(impl); ok {
				t.Errorf("a parser that %s passes %s, %q: %s", name, v.Requirement, v.Name, actual)
			}
		}
	}
}
