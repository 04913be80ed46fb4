// Package address proves the rules of storage addresses (BYOB-ADDR): on a bucket, those that its own address can break;
// on a parser and on a connector, all of them, by the reference's vectors.
package address

import (
	"context"
	"slices"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
)

// Specs declares the family.
func Specs(s *run.Subject) {
	switch s.Kind {
	case run.KindParser:
		parserSpecs(s)
	case run.KindConnector:
		connectorSpecs(s)
	default:
		bucketSpecs(s)
	}
}

// parserSpecs run every vector against the implementation, one spec a requirement.
func parserSpecs(s *run.Subject) {
	vectors := address.Vectors()
	var ids []string
	for _, v := range vectors {
		if !slices.Contains(ids, v.Requirement) {
			ids = append(ids, v.Requirement)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		run.It(s, id, "every vector of "+id+" is read and printed as the rule says", func(_ context.Context, t *run.T) {
			for _, v := range vectors {
				if v.Requirement != id {
					continue
				}
				judge(t, v, s.Implementation)
			}
		})
	}
}

// judge runs one vector; a refusal beside the input that must be accepted.
func judge(t *run.T, v address.Vector, impl address.Implementation) {
	expected, actual, ok := v.Judge(impl)
	if !v.Want.Refused {
		t.True(v.Name, expected, ok, actual)
		return
	}
	t.DeniedBy(v.Name, expected, func() (string, bool) { return accepted(v, impl) }, func() (string, bool) { return actual, ok })
}

// accepted parses a vector's control.
func accepted(v address.Vector, impl address.Implementation) (actual string, ok bool) {
	defer func() {
		if recover() != nil {
			actual, ok = "a panic", false
		}
	}()
	var err error
	if v.List {
		_, err = impl.ParseStores(v.Control.Raw, v.Control.Options)
	} else {
		_, err = impl.Parse(v.Control.Raw, v.Control.Options)
	}
	if err != nil {
		return "refused", false
	}
	return "accepted", true
}
