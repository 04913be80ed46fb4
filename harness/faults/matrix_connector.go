package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reports"
)

// connectorProviders are the providers that faults of a connector are tried on. They share one store in this process, so
// that every fault meets the whole profile; what a connector does is the same with all providers.
var connectorProviders = []string{"aws", "coreweave", "s3-compatible"}

// Connectors tries the sound connector, and then every fault of it, or those that are named, each on fresh buckets and with
// the whole profile.
func (m *Matrix) Connectors(ctx context.Context, only []string) ([]Row, error) {
	sound := map[string]*reports.Result{}
	var rows []Row
	for _, f := range ConnectorFaults() {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			continue
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		like := f.Edition + " on " + strings.Join(f.Providers, ", ")
		if sound[like] == nil {
			result, row, err := m.tryConnector(ctx, ConnectorFault{Edition: f.Edition, Providers: f.Providers}, nil)
			if err != nil {
				return rows, err
			}
			rows = m.add(rows, row)
			if row.NotRun != "" {
				continue
			}
			if !row.Good() {
				return rows, nil
			}
			sound[like] = result
		}
		_, row, err := m.tryConnector(ctx, f, sound[like])
		if err != nil {
			return rows, err
		}
		rows = m.add(rows, row)
	}
	return rows, nil
}

// tryConnector starts a connector with a fault in it, and compares with the sound one.
func (m *Matrix) tryConnector(ctx context.Context, f ConnectorFault, sound *reports.Result) (_ *reports.Result, row Row, err error) {
	row = newRow(ParserProfile, f.Name, f.Does, f.Breaks)
	began := time.Now()
	fail := func(err error) (*reports.Result, Row, error) {
		return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
	}
	var hooks func(string) stores.Hooks
	if f.Store != nil {
		hooks = func(provider string) stores.Hooks { return f.Store(provider).Hooks }
	}
	providers := f.Providers
	if len(providers) == 0 {
		providers = connectorProviders
	}
	y, closing, err := yard.Hooked(ctx, m.Host, providers, hooks)
	if errors.Is(err, stores.ErrUnavailable) {
		row.NotRun = err.Error()
		return nil, row, nil
	}
	if err != nil {
		return fail(err)
	}
	defer func() { _ = closing() }()
	front := f.Front
	if front == nil {
		front = func(h http.Handler) http.Handler { return h }
	}
	c, err := yard.Behind(ctx, y, f.Build, nil, func(h http.Handler) http.Handler { return declaring(providers, front(h)) })
	if err != nil {
		return fail(err)
	}
	defer func() { _ = c.Close() }()
	o := m.Options
	o.Families = m.Connector
	d, err := run.ConformConnector(ctx, run.ConnectorTarget{URL: c.URL, Token: c.Token, Edition: f.Edition, Yard: y}, o)
	if err != nil {
		return fail(err)
	}
	row.compare(Fault{Breaks: f.Breaks, Blocks: f.Blocks}, sound, d.Result)
	row.Milliseconds = time.Since(began).Milliseconds()
	return d.Result, row, nil
}

// declaring has a connector declare those providers alone whose buckets it is tried with: of others nothing could be seen.
func declaring(providers []string, next http.Handler) http.Handler {
	described := respond(next, func(a *answer) {
		var info map[string]any
		if json.Unmarshal(a.body.Bytes(), &info) != nil || info["providers"] == nil {
			return
		}
		info["providers"] = providers
		if text, err := json.Marshal(info); err == nil {
			a.body = *bytes.NewBuffer(text)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/connector" {
			described.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
