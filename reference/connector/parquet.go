package connector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// rowGroup is how many rows are kept in memory before they are written.
const rowGroup = 10_000

// columnKind is the Parquet type of a column.
type columnKind int

// A column takes the narrowest type that holds all its values: INT64 for whole numbers, DOUBLE for numbers, BOOLEAN, STRING,
// and otherwise STRING with each value as JSON. All are optional, since rows needn't have all keys.
const (
	columnInt columnKind = iota
	columnDouble
	columnBool
	columnString
	columnJSON
)

// exactInt is the first whole number beyond which a DOUBLE skips some.
const exactInt = 1 << 53

func kindOf(value json.RawMessage) columnKind {
	switch value[0] {
	case '"':
		return columnString
	case 't', 'f':
		return columnBool
	case '{', '[':
		return columnJSON
	}
	if _, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return columnInt
	}
	if f, err := strconv.ParseFloat(string(value), 64); err == nil && !math.IsInf(f, 0) {
		return columnDouble
	}
	return columnJSON // a number that no DOUBLE holds
}

// column is what is known of a column after all rows were seen.
type column struct {
	kind columnKind
	seen bool
	wide bool // holds whole numbers that a DOUBLE would change
}

func (c *column) take(value json.RawMessage) {
	k := kindOf(value)
	if k == columnInt {
		n, _ := strconv.ParseInt(string(value), 10, 64)
		c.wide = c.wide || n > exactInt || n < -exactInt
	}
	switch {
	case !c.seen:
		c.kind, c.seen = k, true
	case c.kind == k:
	case c.kind <= columnDouble && k <= columnDouble:
		c.kind = columnDouble
	default:
		c.kind = columnJSON
	}
	if c.kind == columnDouble && c.wide {
		c.kind = columnJSON
	}
}

func (k columnKind) node() parquet.Node {
	switch k {
	case columnInt:
		return parquet.Optional(parquet.Leaf(parquet.Int64Type))
	case columnDouble:
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	case columnBool:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case columnJSON:
		return parquet.Optional(parquet.JSON())
	}
	return parquet.Optional(parquet.String())
}

func (k columnKind) value(raw json.RawMessage) (parquet.Value, error) {
	switch k {
	case columnInt:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return parquet.Int64Value(n), err
	case columnDouble:
		f, err := strconv.ParseFloat(string(raw), 64)
		return parquet.DoubleValue(f), err
	case columnBool:
		return parquet.BooleanValue(raw[0] == 't'), nil
	case columnString:
		var s string
		err := json.Unmarshal(raw, &s)
		return parquet.ByteArrayValue([]byte(s)), err
	}
	return parquet.ByteArrayValue(raw), nil
}

// fields reads a row's keys and values as they stand, without the nulls.
func fields(line string) (map[string]json.RawMessage, error) {
	var row map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &row); err != nil {
		return nil, fmt.Errorf("a record is not JSON: %w", err)
	}
	for name, value := range row {
		if len(value) == 0 || bytes.Equal(value, []byte("null")) {
			delete(row, name)
		}
	}
	return row, nil
}

// writeParquet writes rows of JSON objects as one Parquet file, a column for each key. rows is gone through twice: once for
// the columns, once for the values. errNoRecords if there are no rows.
func writeParquet(w io.Writer, rows func(each func(line string) error) error) error {
	columns := map[string]*column{}
	count := 0
	err := rows(func(line string) error {
		count++
		row, err := fields(line)
		for name, value := range row {
			if columns[name] == nil {
				columns[name] = &column{}
			}
			columns[name].take(value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if count == 0 {
		return errNoRecords
	}
	group := parquet.Group{}
	names := make([]string, 0, len(columns))
	for name, c := range columns {
		group[name] = c.kind.node()
		names = append(names, name)
	}
	if len(names) == 0 { // rows without a value still are rows
		columns["_"] = &column{}
		group["_"], names = columnString.node(), []string{"_"}
		columns["_"].kind = columnString
	}
	slices.Sort(names) // the order of a group's columns
	schema := parquet.NewSchema("records", group)
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&zstd.Codec{}), parquet.CreatedBy("bucketproof", Version, strings.Repeat("0", 7)))
	pending := 0
	err = rows(func(line string) error {
		values, err := fields(line)
		if err != nil {
			return err
		}
		row := make(parquet.Row, len(names))
		for i, name := range names {
			raw, ok := values[name]
			if !ok {
				row[i] = parquet.NullValue().Level(0, 0, i)
				continue
			}
			v, err := columns[name].kind.value(raw)
			if err != nil {
				return fmt.Errorf("column %q: %w", short(name), err)
			}
			row[i] = v.Level(0, 1, i)
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
		if pending++; pending == rowGroup {
			pending = 0
			return out.Flush()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return out.Close()
}
