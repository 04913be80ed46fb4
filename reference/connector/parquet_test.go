package connector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/bucketproof/bucketproof/reference/connector"
)

// TestExportIsParquet exports records and reads the file from the bucket with Apache Arrow's reader, which shares no code
// with the writer.
func TestExportIsParquet(t *testing.T) {
	w := newWorld(t, connector.Options{}, nil)
	ann := w.user("ann", w.org, "member")
	team := w.team("kappa", nil, "ann")
	run := w.in + "/runs/" + w.must(201, ann, "POST", team+"/runs", object{"project": "p", "name": "r"})["id"].(string)
	if got := w.must(201, ann, "POST", run+"/export", nil)["files"].([]any); len(got) != 0 {
		t.Errorf("export of nothing: got %v, want no files", got)
	}
	history := []string{
		`{"_step":0,"_timestamp":1700000000.25,"loss":1,"name":"a \"b\" é","ok":true,"mixed":1,"big":9007199254740993,"nested":{"x":[1,2]},"bigmix":9007199254740993}`,
		`{"_step":1,"_timestamp":1700000001,"loss":0.5,"ok":false,"mixed":"two","bigmix":0.5,"none":null}`,
		`{}`,
	}
	for _, row := range history {
		w.must(204, ann, "POST", run+"/records", `{"kind":"history","rows":[`+row+`]}`)
	}
	w.must(204, ann, "POST", run+"/records", `{"kind":"system-events","rows":[{"event":"started","_timestamp":1}]}`)
	w.must(204, ann, "POST", run+"/records", `{"kind":"console-log","rows":[{"line":"only in the database"}]}`)
	if got := w.must(200, ann, "GET", run+"/records?kind=console-log", nil)["rows"].([]any); len(got) != 1 {
		t.Errorf("console log: got %v, want one row", got)
	}
	files := w.must(201, ann, "POST", run+"/export", nil)["files"].([]any)
	again := w.must(201, ann, "POST", run+"/export", nil)["files"].([]any)
	if fmt.Sprint(files) != fmt.Sprint(again) || len(files) != 2 {
		t.Fatalf("files: got %v, and the second time %v, want the same two", files, again)
	}
	if keys := w.store.keys(); len(keys) != 2 || strings.Contains(strings.Join(keys, " "), "console") {
		t.Errorf("objects: got %q, want the two exports and no console log", keys)
	}
	for i, want := range []map[string][]string{
		{
			"_step": {"INT64", "0", "1", "null"}, "_timestamp": {"DOUBLE", "1700000000.25", "1700000001", "null"}, "loss": {"DOUBLE", "1", "0.5", "null"},
			"name": {"BYTE_ARRAY", `"a \"b\" é"`, "null", "null"}, "ok": {"BOOLEAN", "true", "false", "null"}, "mixed": {"BYTE_ARRAY", `"1"`, `"\"two\""`, "null"},
			"big": {"INT64", "9007199254740993", "null", "null"}, "nested": {"BYTE_ARRAY", `"{\"x\":[1,2]}"`, "null", "null"},
			"bigmix": {"BYTE_ARRAY", `"9007199254740993"`, `"0.5"`, "null"},
		},
		{"_timestamp": {"INT64", "1"}, "event": {"BYTE_ARRAY", `"started"`}},
	} {
		status, content := use(t, w.must(200, ann, "GET", w.in+"/files/"+files[i].(object)["id"].(string)+"/download", nil), nil)
		if status != 200 {
			t.Fatalf("download: got %d", status)
		}
		got := readParquet(t, content)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v:\n got %v\nwant %v", files[i], got, want)
		}
	}
}

// readParquet returns each column's physical type and its values as JSON.
func readParquet(t *testing.T, content []byte) map[string][]string {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("no Parquet: %v", err)
	}
	defer func() { _ = r.Close() }()
	a, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := a.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	out := map[string][]string{}
	for i := range int(table.NumCols()) {
		column := table.Column(i)
		values := []string{r.MetaData().Schema.Column(i).PhysicalType().String()}
		for _, chunk := range column.Data().Chunks() {
			for j := range chunk.Len() {
				v := chunk.GetOneForMarshal(j)
				switch raw := v.(type) {
				case []byte:
					v = string(raw)
				case json.RawMessage:
					v = string(raw)
				}
				text, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, string(text))
			}
		}
		out[column.Name()] = values
	}
	return out
}
