package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// fidelityTable is what stores --fidelity --json prints.
type fidelityTable struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Stores     []fidelityStore `json:"stores"`
}

type fidelityStore struct {
	reports.Store
	Plays  []string `json:"plays"`            // providers
	NotRun string   `json:"notRun,omitempty"` // why it could not be asked
}

// probedBy is the provider by whose bucket a store is asked; others that it plays differ in their front alone.
var probedBy = []string{stores.AWS, stores.GCP, stores.Azure}

// storesFidelity starts the stores, asks each what it enforces, and prints the table.
func storesFidelity(ctx context.Context, s streams, f storeFlags, asJSON bool) (err error) {
	places, err := stores.Places(f.stores, catalogue.Providers, f.minio)
	if err != nil {
		return usage(err)
	}
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{MinIO: f.minio, Progress: func(line string) { fmt.Fprintln(s.err, hang("", "  ", line, columns)) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	if err := startAll(ctx, host, places, func(string, ...any) {}); err != nil {
		return err
	}
	t := fidelityTable{APIVersion: reports.APIVersion, Kind: "Fidelity", Stores: []fidelityStore{}}
	asked := 0
	for _, at := range places {
		if !slices.Contains(probedBy, at.Provider) {
			continue
		}
		one := fidelityStore{Plays: played(places, at)}
		b, err := host.Provision(ctx, at.Provider, stores.Setup{On: at.On})
		switch {
		case errors.Is(err, stores.ErrUnavailable):
			one.Store, one.NotRun = reports.Store{Name: at.Name(), Kind: at.On}, err.Error()
		case err != nil:
			return &exitError{exitErrored, err}
		default:
			asked++
			one.Store = b.Store
			if err := b.Close(); err != nil {
				return &exitError{exitErrored, err}
			}
		}
		t.Stores = append(t.Stores, one)
	}
	if asJSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(t)
	} else {
		err = t.print(s.out)
	}
	if err == nil && asked < len(t.Stores) {
		return &exitError{code: exitIncomplete}
	}
	return err
}

// played are the providers that a store plays besides.
func played(places []stores.Place, at stores.Place) (out []string) {
	s3 := func(p string) bool { return p != stores.GCP && p != stores.Azure }
	for _, p := range places {
		if p.On == at.On && (p.Provider == at.Provider || s3(p.Provider) && s3(at.Provider)) {
			out = append(out, p.Provider)
		}
	}
	return out
}

// print draws a column a store, in at most 80 of a terminal's.
func (t fidelityTable) print(w io.Writer) error {
	lines := []string{"What each store was seen to enforce.", ""}
	for i, s := range t.Stores {
		words := fmt.Sprintf("%s, %s (%s)", strings.TrimSpace(s.Name+" "+s.Version), s.Kind, strings.Join(s.Plays, ", "))
		if s.NotRun != "" {
			words = fmt.Sprintf("%s: not run: %s", s.Name, s.NotRun)
		}
		lines = append(lines, hang(fmt.Sprintf("  %d  ", i+1), "     ", words, columns))
	}
	var whats []string
	width := 0
	for _, s := range t.Stores {
		for _, f := range s.Fidelity {
			if !slices.Contains(whats, f.What) {
				whats, width = append(whats, f.What), max(width, len(f.What))
			}
		}
	}
	head := strings.Repeat(" ", width+2)
	for i := range t.Stores {
		head += fmt.Sprintf(" %-4d", i+1)
	}
	lines = append(lines, "", strings.TrimRight(head, " "))
	for _, what := range whats {
		line := fmt.Sprintf("%-*s  ", width, what)
		for _, s := range t.Stores {
			line += fmt.Sprintf(" %-4s", s.says(what))
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	lines = append(lines, "", "yes: enforced, as seen. no: seen not to be; what stands on it is unverified", "there. ?: could not be told. A dot: not asked of this store. --json says",
		"for each what was sent and answered.")
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func (s fidelityStore) says(what string) string {
	for _, f := range s.Fidelity {
		if f.What == what {
			if f.Enforced == "unknown" {
				return "?"
			}
			return f.Enforced
		}
	}
	return "."
}
