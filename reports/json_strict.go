package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep lists and objects of a document may lie in each other. A result's own lie 8 deep.
const maxDepth = 100

// DecodeStrict decodes one JSON document and refuses what encoding/json lets pass, so that every parser and every reader sees
// the same in it: unknown names, names in another case than the format's, names that are there twice, text that is not
// UTF-8, lists and objects nested too deep for a stack, and anything after the document.
func DecodeStrict(data []byte, v any) error {
	if err := plainText(data); err != nil {
		return err
	}
	s := strict{d: json.NewDecoder(bytes.NewReader(data))}
	if err := s.value(reflect.TypeOf(v), 0); err != nil {
		return err
	}
	if _, err := s.d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return json.Unmarshal(data, v)
}

// plainText refuses what is no UTF-8 text, or none at all.
func plainText(data []byte) error {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("it is empty")
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return errors.New("it begins with a byte order mark: save it as UTF-8 without one")
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return errors.New("it is UTF-16: save it as UTF-8")
	case !utf8.Valid(data):
		return errors.New("it is not UTF-8 text")
	}
	return nil
}

// strict walks a document beside the type it is for.
type strict struct{ d *json.Decoder }

// value walks the next value. The type is nil where the document may say what it likes.
func (s strict) value(t reflect.Type, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("its lists and objects are nested more than %d deep", maxDepth)
	}
	token, err := s.d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	fields, element := shape(t)
	seen := map[string]bool{}
	for s.d.More() {
		inner := element
		if delim == '{' {
			token, err := s.d.Token()
			if err != nil {
				return err
			}
			name := token.(string) // always: Token has checked it
			key := folded(name)
			if seen[key] {
				return fmt.Errorf("the name %q is there twice", brief(name))
			}
			seen[key] = true
			if fields != nil {
				if inner, err = fieldOf(fields, name); err != nil {
					return err
				}
			}
		}
		if err := s.value(inner, depth+1); err != nil {
			return err
		}
	}
	_, err = s.d.Token() // the closing bracket
	return err
}

// folded is a name as encoding/json compares it: upper and lower case are one, and so is what folds to a letter, such as U+017F.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// fieldOf is the type of a field by exactly its name.
func fieldOf(fields map[string]reflect.Type, name string) (reflect.Type, error) {
	if t, ok := fields[name]; ok {
		return t, nil
	}
	for right := range fields {
		if folded(right) == folded(name) {
			return nil, fmt.Errorf("the name %+q must be spelled %q: other programs don't take the one for the other", brief(name), right)
		}
	}
	return nil, fmt.Errorf("unknown name %q", brief(name))
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// shape is what a value of a type holds: its fields by their names, or the type of its elements. Both are nil of a type that
// reads its text itself, and of none.
func shape(t reflect.Type) (fields map[string]reflect.Type, element reflect.Type) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil, nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return nil, t.Elem()
	case reflect.Struct:
		fields = map[string]reflect.Type{}
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case !f.IsExported(), name == "-", f.Anonymous && name == "":
				continue
			case name == "":
				name = f.Name
			}
			fields[name] = f.Type
		}
	}
	return fields, nil
}

// brief keeps a name or value from outside short enough for an error.
func brief(s string) string {
	const longest = 60
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "..."
}
