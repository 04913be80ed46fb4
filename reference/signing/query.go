package signing

import (
	"slices"
	"strings"
)

// param is one parameter of a query: decoded, and encoded as the canonical request wants it.
type param struct {
	name, value       string
	encName, encValue string
}

// parseQuery reads a raw query in its own order; empty pieces ("&&") are nothing. bad is the first piece, by its place,
// that holds a "%" without two digits, -1 if none.
func parseQuery(raw string) (params []param, bad int) {
	bad = -1
	dst := make([]param, 0, strings.Count(raw, "&")+1)
	var decoded strings.Builder
	for place := 0; raw != ""; place++ {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		n, v, _ := strings.Cut(part, "=")
		var p param
		var ok1, ok2 bool
		p.name, p.encName, ok1 = component(&decoded, n, len(raw))
		p.value, p.encValue, ok2 = component(&decoded, v, len(raw))
		if (!ok1 || !ok2) && bad < 0 {
			bad = place
		}
		dst = append(dst, p)
	}
	return dst, bad
}

// component decodes one name or value, and encodes it anew; what is canonical already is not copied. What had to be decoded
// is kept in one builder for the whole query, which makes room for what is still to come, left bytes, at the first.
func component(decoded *strings.Builder, raw string, left int) (dec, enc string, ok bool) {
	i := 0
	for i < len(raw) && unreserved(raw[i]) {
		i++
	}
	if i == len(raw) {
		return raw, raw, true
	}
	if decoded.Cap() == 0 {
		decoded.Grow(len(raw) + left)
	}
	start, canonical := decoded.Len(), true
	decoded.WriteString(raw[:i])
	for ; i < len(raw); i++ {
		c := raw[i]
		switch {
		case unreserved(c):
		case c == '%':
			b, ok := octet(raw, i)
			if !ok {
				return "", "", false
			}
			canonical = canonical && !unreserved(b) && raw[i+1] < 'a' && raw[i+2] < 'a'
			c, i = b, i+2
		case c == '+':
			c, canonical = ' ', false
		default:
			canonical = false
		}
		decoded.WriteByte(c)
	}
	dec = decoded.String()[start:]
	if canonical {
		return dec, raw, true
	}
	return dec, escape(dec, false), true
}

func newParam(name, value string) param {
	return param{name, value, escape(name, false), escape(value, false)}
}

// sortEncoded orders as S3 does: by the encoded name, then the encoded value ("the sorting occurs after encoding", AWS
// IAM User Guide, "Create a signed AWS API request").
func sortEncoded(a, b param) int {
	if c := strings.Compare(a.encName, b.encName); c != 0 {
		return c
	}
	return strings.Compare(a.encValue, b.encValue)
}

// sortDecoded orders as GCS does: by the name's code points; equal names stay in the order in which they were sent.
func sortDecoded(a, b param) int { return strings.Compare(a.name, b.name) }

// sortQuery sorts in place and keeps equal names in order. Queries are short and mostly sorted, where insertion is fastest.
func sortQuery(params []param, d *dialect) {
	if len(params) > 32 {
		slices.SortStableFunc(params, d.compare)
		return
	}
	for i := 1; i < len(params); i++ {
		for j := i; j > 0 && d.compare(params[j], params[j-1]) < 0; j-- {
			params[j], params[j-1] = params[j-1], params[j]
		}
	}
}

func appendQuery(dst []byte, params []param) []byte {
	for i := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, params[i].encName...)
		dst = append(dst, '=')
		dst = append(dst, params[i].encValue...)
	}
	return dst
}

// take returns the value of the one parameter of that name, how often it stands there, and where.
func take(params []param, name string) (value string, times, at int) {
	at = -1
	for i := range params {
		if params[i].name == name {
			if times == 0 {
				value, at = params[i].value, i
			}
			times++
		}
	}
	return value, times, at
}

func without(params []param, at ...int) []param {
	out := make([]param, 0, len(params))
	for i := range params {
		if !slices.Contains(at, i) {
			out = append(out, params[i])
		}
	}
	return out
}
