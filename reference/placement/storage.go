package placement

import (
	"strings"

	"github.com/bucketproof/bucketproof/reference/address"
)

// Storage is one bucket with its sub-path (Address.Path).
type Storage struct {
	Name    string
	Address *address.Address
}

// Team is a team and where it stores its files.
type Team struct {
	ID, Organization string
	// External says that the team has storage of its own (BYOB-TEAM-004); Storage is that one, nil when it can't be had.
	External bool
	Storage  *Storage
}

// Resolve returns the storage of all of a team's files: its own one if it has External storage, else the instance's
// (BYOB-PLACE-003, 004). It fails closed: storage that is missing or isn't whole is a *Refusal under BYOB-PLACE-009, and
// nothing falls back to another bucket. So is a team without External storage that holds some all the same.
func Resolve(t Team, instance *Storage) (*Storage, error) {
	switch {
	case t.External:
		return whole(t.Storage, "the team's own bucket")
	case t.Storage != nil:
		return nil, &Refusal{Requirement: "BYOB-PLACE-009", Rule: "the team's storage is Internal, and yet it has a bucket of its own", Fix: "mend the team's record"}
	}
	return whole(instance, "the instance's bucket")
}

// whole refuses storage that no key can be made for.
func whole(s *Storage, which string) (*Storage, error) {
	switch {
	case s == nil || s.Address == nil:
		return nil, &Refusal{Requirement: "BYOB-PLACE-009", Rule: which + " can't be resolved", Fix: "bring it back; its files go nowhere else"}
	case s.Address.Provider == "" || s.Address.Bucket == "":
		return nil, &Refusal{Requirement: "BYOB-PLACE-009", Rule: which + " has no address that was parsed", Fix: "give its whole address"}
	}
	if err := CheckSubPath(s.Address.Path); err != nil {
		return nil, err
	}
	return s, nil
}

// CheckSubPath refuses sub-paths, given decoded, under which keys of different storages could be confused (BYOB-ISO-004): what
// the address's own parser refuses (BYOB-ADDR-009), the segment that the layout of keys reserves, in any spelling, and what
// another decoding, or a reader that takes \ for /, would make another sub-path of.
func CheckSubPath(path string) error {
	if path == "" {
		return nil
	}
	if rule := badPath(path); rule != "" {
		return &Refusal{Requirement: "BYOB-ISO-004", Rule: "the sub-path " + rule, Fix: "use another sub-path"}
	}
	if decode(path) != path || strings.Contains(path, `\`) {
		return &Refusal{Requirement: "BYOB-ISO-004", Rule: "the sub-path holds a backslash or a percent-encoded character, which some reader takes for another sub-path",
			Fix: "use another sub-path"}
	}
	return nil
}
