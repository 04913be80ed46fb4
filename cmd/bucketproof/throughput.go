package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/harness/load"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// budgetLimit is the largest budget file that is read, in bytes.
const budgetLimit = 256 << 10

// load is the load that is asked for, nil if none is. The run may take as much longer.
func (f *certifyFlags) load() (*run.Throughput, error) {
	if !f.throughput {
		if f.budget != "" {
			return nil, usage(withHint(errors.New("--budget is for a load, and none is asked for"), "add --throughput"))
		}
		return nil, nil
	}
	out := &run.Throughput{}
	if f.budget != "" {
		raw, err := readFile(f.budget, budgetLimit)
		if err == nil {
			out.Budget, err = budgets.Parse(raw)
		}
		if err != nil {
			// one paragraph: each problem names its case, and words are wrapped when they are printed
			return nil, usage(fmt.Errorf("--budget %s: %s", f.budget, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		out.Name = filepath.Base(f.budget)
	}
	if f.limited {
		return out, nil
	}
	longest := out.Budget
	for _, p := range catalogue.Providers {
		if out.Budget != nil {
			break
		}
		b, err := budgets.Default(p)
		if err != nil {
			return nil, &exitError{exitErrored, err}
		}
		if longest == nil || load.BoundOf(b).Time > load.BoundOf(longest).Time {
			longest = b
		}
	}
	f.timeout += load.BoundOf(longest).Time
	return out, nil
}

// against has the load held against the baseline's figures.
func (f *certifyFlags) against(o *run.Options) {
	if o.Throughput != nil {
		o.Throughput.Baseline = f.baseline
	}
}
