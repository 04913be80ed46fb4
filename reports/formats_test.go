package reports_test

import (
	"bytes"
	"html"
	"io"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/reports"
)

// everyFormat renders a result in every format there is, with entities resolved and empty comments removed, so that a test can look for words.
func everyFormat(t *testing.T, r *reports.Result) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"result.json": r.WriteJSON,
		"junit.xml":   func(w io.Writer) error { return reports.WriteJUnit(w, r) },
		"ctrf.json":   func(w io.Writer) error { return reports.WriteCTRF(w, r) },
		"summary.md":  func(w io.Writer) error { return reports.WriteMarkdown(w, r) },
		"report.html": func(w io.Writer) error { return reports.WriteHTML(w, r) },
		"text":        func(w io.Writer) error { return reports.WriteText(w, r, reports.TextOptions{Width: 100}) },
		"annotations": func(w io.Writer) error { return reports.WriteGitHub(w, r) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = html.UnescapeString(strings.ReplaceAll(b.String(), "<!-- -->", ""))
	}
	return texts
}
