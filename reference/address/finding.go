package address

import "strings"

// Finding is one thing that is wrong, or likely wrong, with an address. Its texts are fixed sentences: they never
// repeat what the address holds, but for the names of AWS regions.
type Finding struct {
	Requirement string `json:"requirement"`   // BYOB-ADDR-nnn
	Part        string `json:"part"`          // "address", "scheme", "credentials", "host", "account", "bucket", "path", "query", "item 3"
	Rule        string `json:"rule"`          // what is not as it must be
	Fix         string `json:"fix,omitempty"` // what to write instead
}

// String is one line: part, rule, requirement and fix.
func (f Finding) String() string {
	var b strings.Builder
	b.Grow(len(f.Part) + len(f.Rule) + len(f.Requirement) + len(f.Fix) + 8)
	b.WriteString(f.Part)
	b.WriteString(": ")
	b.WriteString(f.Rule)
	b.WriteString(" (")
	b.WriteString(f.Requirement)
	b.WriteByte(')')
	if f.Fix != "" {
		b.WriteString(": ")
		b.WriteString(f.Fix)
	}
	return b.String()
}

// Error is why an address, or a list of them, was refused.
type Error struct {
	Finding
	// Provider of the address as far as it was recognised, "" otherwise.
	Provider Provider
	// Cause is, for an item of a list, why that item was refused.
	Cause *Error
}

// Error is one line without a secret.
func (e *Error) Error() string { return "address: " + e.Finding.String() }

// String is the same line: without it the embedded Finding's would be taken.
func (e *Error) String() string { return e.Error() }

// Unwrap returns the item's own error.
func (e *Error) Unwrap() error {
	if e.Cause == nil {
		return nil
	}
	return e.Cause
}

// refuse makes the error of a part.
func refuse(p Provider, requirement, part, rule, fix string) *Error {
	return &Error{Finding: Finding{Requirement: requirement, Part: part, Rule: rule, Fix: fix}, Provider: p}
}
