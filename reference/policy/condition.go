package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/internal/glob"
)

// holds says whether a condition is met (AWS IAM User Guide, "IAM JSON policy elements: Condition operators"). An operator
// that isn't known here decides nothing.
func (c Condition) holds(ctx Context, e Effect) truth {
	operator, set := c.Operator, ""
	for _, prefix := range []string{"ForAllValues:", "ForAnyValue:"} {
		if rest, ok := cutFold(operator, prefix); ok {
			operator, set = rest, prefix
		}
	}
	values, known := ctx[strings.ToLower(c.Key)]
	if strings.EqualFold(operator, "Null") {
		return c.null(values, known)
	}
	bare, exists := operator, false
	if len(operator) > 8 && strings.EqualFold(operator[len(operator)-8:], "IfExists") {
		bare, exists = operator[:len(operator)-8], true
	}
	compare, negated, ok := operatorNamed(bare)
	if !ok || slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(v, "${") }) {
		return maybe
	}
	switch {
	case !known && c.everything(bare):
		return yes // such as IpAddress 0.0.0.0/0: whatever the value is
	case !known:
		return maybe
	case len(values) == 0:
		return truthOf(exists || negated || set == "ForAllValues:")
	case len(values) == 1 && values[0] == Anything:
		return truthOf(e == Allow) // a sender gets what is granted, and evades what is denied
	}
	one := func(v string) bool {
		return slices.ContainsFunc(c.Values, func(want string) bool { return compare(v, want) }) != negated
	}
	if set == "ForAllValues:" {
		return truthOf(!slices.ContainsFunc(values, func(v string) bool { return !one(v) }))
	}
	return truthOf(slices.ContainsFunc(values, one))
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// null is the operator that asks whether there is such a key.
func (c Condition) null(values []string, known bool) truth {
	if !known || len(c.Values) != 1 {
		return maybe
	}
	return truthOf(strings.EqualFold(c.Values[0], "true") == (len(values) == 0))
}

// everything reports whether every value of a key that a request always has meets the condition.
func (c Condition) everything(operator string) bool {
	switch strings.ToLower(c.Key) {
	case "aws:sourceip":
		return strings.EqualFold(operator, "IpAddress") && slices.Contains(c.Values, "0.0.0.0/0")
	case "aws:securetransport":
		return strings.EqualFold(operator, "Bool") && has(c.Values, "true") && has(c.Values, "false")
	}
	return false
}

func has(list []string, fold string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, fold) })
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

type comparison func(value, want string) bool

// operatorNamed finds an operator; negated ones hold when no value matches.
func operatorNamed(name string) (compare comparison, negated, ok bool) {
	switch strings.ToLower(name) {
	case "stringequals", "binaryequals":
		return func(v, w string) bool { return v == w }, false, true
	case "stringnotequals":
		return func(v, w string) bool { return v == w }, true, true
	case "stringequalsignorecase":
		return strings.EqualFold, false, true
	case "stringnotequalsignorecase":
		return strings.EqualFold, true, true
	case "stringlike", "arnlike", "arnequals":
		return func(v, w string) bool { return glob.Covers(w, v) }, false, true
	case "stringnotlike", "arnnotlike", "arnnotequals":
		return func(v, w string) bool { return glob.Covers(w, v) }, true, true
	case "bool":
		return strings.EqualFold, false, true
	case "ipaddress":
		return within, false, true
	case "notipaddress":
		return within, true, true
	case "numericequals":
		return numeric(func(c int) bool { return c == 0 }), false, true
	case "numericnotequals":
		return numeric(func(c int) bool { return c == 0 }), true, true
	case "numericlessthan":
		return numeric(func(c int) bool { return c < 0 }), false, true
	case "numericlessthanequals":
		return numeric(func(c int) bool { return c <= 0 }), false, true
	case "numericgreaterthan":
		return numeric(func(c int) bool { return c > 0 }), false, true
	case "numericgreaterthanequals":
		return numeric(func(c int) bool { return c >= 0 }), false, true
	case "dateequals":
		return dated(func(c int) bool { return c == 0 }), false, true
	case "datenotequals":
		return dated(func(c int) bool { return c == 0 }), true, true
	case "datelessthan":
		return dated(func(c int) bool { return c < 0 }), false, true
	case "datelessthanequals":
		return dated(func(c int) bool { return c <= 0 }), false, true
	case "dategreaterthan":
		return dated(func(c int) bool { return c > 0 }), false, true
	case "dategreaterthanequals":
		return dated(func(c int) bool { return c >= 0 }), false, true
	}
	return nil, false, false
}

// within reports whether an address lies in a block, or is the one that is named.
func within(value, want string) bool {
	address, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if block, err := netip.ParsePrefix(want); err == nil {
		return block.Contains(address)
	}
	single, err := netip.ParseAddr(want)
	return err == nil && single == address
}

func numeric(holds func(int) bool) comparison {
	return func(value, want string) bool {
		v, err := strconv.ParseFloat(value, 64)
		w, err2 := strconv.ParseFloat(want, 64)
		if err != nil || err2 != nil {
			return false
		}
		switch {
		case v < w:
			return holds(-1)
		case v > w:
			return holds(1)
		}
		return holds(0)
	}
}

func dated(holds func(int) bool) comparison {
	return func(value, want string) bool {
		v, err := date(value)
		w, err2 := date(want)
		return err == nil && err2 == nil && holds(v.Compare(w))
	}
}

// date reads a time in ISO 8601, or in seconds since 1970.
func date(s string) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), nil
	}
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, s)
}
