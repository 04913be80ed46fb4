package cors

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// element is an element of an XML document, without attributes: no provider's CORS document has any but a namespace.
type element struct {
	name, text string
	children   []*element
}

func readXML(document []byte) (*element, error) {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf"))))
	var stack []*element
	var root *element
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &Error{Problem: "this is no XML: " + err.Error()}
		}
		switch v := t.(type) {
		case xml.StartElement:
			if root != nil && len(stack) == 0 || len(stack) > 16 {
				return nil, &Error{Problem: "this is no XML document of one element"}
			}
			e := &element{name: v.Name.Local}
			if len(stack) > 0 {
				stack[len(stack)-1].children = append(stack[len(stack)-1].children, e)
			} else {
				root = e
			}
			stack = append(stack, e)
		case xml.EndElement:
			e := stack[len(stack)-1]
			e.text = strings.TrimSpace(e.text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(v)
			}
		}
	}
	if root == nil || len(stack) > 0 {
		return nil, &Error{Problem: "this is no XML: it ends in the middle"}
	}
	return root, nil
}
