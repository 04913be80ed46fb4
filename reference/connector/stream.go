package connector

import (
	"bufio"
	"encoding/json"
	"net/http"
)

// queryValue is a key of the query, whose keys were checked before.
func (cl *call) queryValue(name string) (string, bool) {
	if cl.r.URL.RawQuery == "" {
		return "", false
	}
	q := cl.r.URL.Query()
	return q.Get(name), q.Has(name)
}

// stream writes {"name": [...]} row by row, so that a long list needs no more memory than a short one. An error after the
// first row cuts the answer off, which no client can take for a whole one.
func (cl *call) stream(name, query string, args []any, item func(scan func(...any) error) (any, error)) (int, any, error) {
	out := bufio.NewWriterSize(cl.w, 32<<10)
	begun := false
	begin := func() {
		cl.w.Header().Set("Content-Type", "application/json")
		cl.w.WriteHeader(http.StatusOK)
		_, _ = out.WriteString(`{"` + name + `":[`)
		begun = true
	}
	err := cl.c.db.each(cl.ctx, query, args, func(scan func(...any) error) error {
		v, err := item(scan)
		if err != nil {
			return err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if !begun {
			begin()
		} else if err := out.WriteByte(','); err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	})
	switch {
	case err != nil && begun:
		cl.c.log.Error("an answer was cut off", "operation", cl.r.Pattern, "error", err)
		panic(http.ErrAbortHandler)
	case err != nil:
		return 0, nil, err
	case !begun:
		begin()
	}
	_, _ = out.WriteString("]}")
	_ = out.Flush() // the client is gone
	return answered, nil, nil
}
