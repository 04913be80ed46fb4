package stores

import "strings"

// gcsFieldMask is a selection of fields: those of an object and, for each, those below it; an empty one selects all (JSON API
// documentation, "Partial response").
type gcsFieldMask map[string]gcsFieldMask

// parseFields reads "a,b(c,d/e)": names with a comma between them, below a name by a slash or in brackets.
func parseFields(text string) (gcsFieldMask, bool) {
	m := gcsFieldMask{}
	rest, ok := m.parse(text)
	return m, ok && rest == ""
}

// parse reads a list and returns what follows it.
func (m gcsFieldMask) parse(text string) (rest string, ok bool) {
	for {
		at := m
		for {
			end := strings.IndexAny(text, ",/()")
			if end < 0 {
				end = len(text)
			}
			name := text[:end]
			if text = text[end:]; name == "" {
				return text, false
			}
			if at[name] == nil {
				at[name] = gcsFieldMask{}
			}
			at = at[name]
			if !strings.HasPrefix(text, "/") {
				break
			}
			text = text[1:]
		}
		if strings.HasPrefix(text, "(") {
			if text, ok = at.parse(text[1:]); !ok || !strings.HasPrefix(text, ")") {
				return text, false
			}
			text = text[1:]
		}
		if !strings.HasPrefix(text, ",") {
			return text, true
		}
		text = text[1:]
	}
}

// of is the selected part of a document.
func (m gcsFieldMask) of(v any) any {
	if len(m) == 0 {
		return v
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.of(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			if below, ok := m[name]; ok {
				out[name] = below.of(value)
			} else if below, ok := m["*"]; ok {
				out[name] = below.of(value)
			}
		}
		return out
	}
	return v
}
