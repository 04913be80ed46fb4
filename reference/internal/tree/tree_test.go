package tree_test

import (
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, document, want string }{
		{"nothing", " \n", "the document is empty"},
		{"what is no JSON, with its line", "{\n\"a\": tru\n}", "line 2: this is no JSON"},
		{"a comma too much", "[1,]", "line 1: this is no JSON"},
		{"a key that stands twice", "{\"a\": 1,\n\"a\": 2}", `line 2: "a" stands twice`},
		{"a key that stands twice below", `[{"b": {"a": 1, "a": 2}}]`, `"a" stands twice`},
		{"a second document", "{}\n{}", "line 2: something follows the document"},
		{"an end in the middle", `{"a": [1`, "the document ends in the middle"},
		{"deep nesting", strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper than 32 levels"},
		{"what is no UTF-8", "\"\xff\"", "no UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tree.Parse([]byte(c.document)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestParseKeepsOrderSpellingAndLines(t *testing.T) {
	n, err := tree.Parse([]byte("\xef\xbb\xbf{\n\"b\": 1.50,\n\"B\": [true, null, \"\\u0078\"]}"))
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Members) != 2 || n.Members[0].Key != "b" || n.Members[1].Key != "B" || n.Members[1].Line != 3 {
		t.Fatalf("got members %+v", n.Members)
	}
	if got := n.Get("b").Text; got != "1.50" {
		t.Errorf("got number %q, want it as it is written", got)
	}
	if items := n.Get("B").Items; items[0].Kind != tree.Bool || items[1].Kind != tree.Null || items[2].Text != "x" {
		t.Errorf("got items %v %v %v", items[0], items[1], items[2])
	}
}

func TestNear(t *testing.T) {
	known := []string{"AllowedOrigins", "AllowedMethods", "ExposeHeaders"}
	for word, want := range map[string]string{"AllowedOrigin": "AllowedOrigins", "allowedmethods": "AllowedMethods",
		"ExposedHeaders": "ExposeHeaders", "Whatever": ""} {
		if got := tree.Near(word, known); got != want {
			t.Errorf("near %q: got %q, want %q", word, got, want)
		}
	}
}
