package load

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// WriteCSV writes all rows as CSV (RFC 4180), compressed by gzip: one request or object a row, in the order of workers, times in
// milliseconds since the measurement began.
func (m *Measurement) WriteCSV(w io.Writer) error {
	zip := gzip.NewWriter(w)
	b := bufio.NewWriterSize(zip, 64<<10)
	if _, err := b.WriteString("case,round,worker,kind,start_ms,first_byte_ms,end_ms,bytes,status,outcome\n"); err != nil {
		return fmt.Errorf("write the operations: %w", err)
	}
	var line []byte
	ms := func(ns int64) { line = append(strconv.AppendFloat(line, float64(ns)/1e6, 'f', 3, 64), ',') }
	m.Log.Each(func(op *Operation) {
		line = append(append(line[:0], m.Budget.Cases[op.Case].Name...), ',')
		line = append(strconv.AppendInt(line, int64(op.Round)+1, 10), ',')
		line = append(strconv.AppendInt(line, int64(op.Worker), 10), ',')
		line = append(append(line, op.Kind.String()...), ',')
		ms(op.Start)
		if op.First > 0 {
			ms(op.First)
		} else {
			line = append(line, ',')
		}
		ms(op.End)
		line = append(strconv.AppendInt(line, op.Bytes, 10), ',')
		line = append(strconv.AppendUint(line, uint64(op.Status), 10), ',')
		line = append(append(line, op.Outcome.String()...), '\n')
		_, _ = b.Write(line) // an error stays with the writer, and Flush returns it
	})
	if err := errors.Join(b.Flush(), zip.Close()); err != nil {
		return fmt.Errorf("write the operations: %w", err)
	}
	return nil
}
