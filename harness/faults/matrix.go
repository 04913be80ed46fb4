package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// Row is what the suite made of one fault in one profile.
type Row struct {
	Profile string `json:"profile"`
	Fault   string `json:"fault"` // "" is the sound subject
	// Long is the requirement, checked only on request, that alone was run, with what it stands on; "" is a whole run.
	Long string `json:"long,omitempty"`
	// Edition is that of the rules; "" is the default.
	Edition string   `json:"edition,omitempty"`
	Does    string   `json:"does"`
	Breaks  []string `json:"breaks"`
	// Undecides are the requirements that must be errored.
	Undecides []string `json:"undecides,omitempty"`
	// Failed are the requirements that failed, Undecided those that the sound subject decided and this one doesn't.
	Failed    []string `json:"failed"`
	Undecided []string `json:"undecided"`
	// Wrong says what is not as the fault claims; the row is good when there is nothing.
	Wrong        []string `json:"wrong"`
	NotRun       string   `json:"notRun,omitempty"` // why the row could not be tried
	Again        string   `json:"again,omitempty"`  // why it was tried a second time: the first decided nothing
	Milliseconds int64    `json:"milliseconds"`

	stumbles int // of what is wrong, how much is a requirement that could not be decided
}

// Good reports whether the suite did what it had to.
func (r Row) Good() bool { return r.NotRun == "" && len(r.Wrong) == 0 }

// Matrix tries faults. Families are what a bucket goes through, Parser, Connector, Evaluator and Documents what those do.
type Matrix struct {
	Host      *stores.Host
	Options   run.Options
	Families  []run.Family
	Parser    []run.Family
	Connector []run.Family
	Evaluator []run.Family
	Documents []run.Family
	Notify    func(Row)
}

// FrontEnd is the origin of the W&B front end that every run of the matrix is told, and that the buckets' CORS rules name:
// only rules that name origins can be broken by a store that lets strangers in.
const FrontEnd = "https://wandb.example.com"

// decoy is what no run and no fault may touch.
var decoys = map[string][]byte{
	"decoy.txt":                 []byte("this was here before"),
	"bucketproof-run-decoy.txt": []byte("this has a name like ours"),
	"bucketproof-run-20200101t000000z-00000000/x":  []byte("this looks like a run's, and has no marker"),
	"team/decoy with spaces+plus%percent.bin":      {0, 1, 2, 3},
	"bucketproof-run-20200101t000000z-00000000.md": []byte("neither is this"),
}

// Bucket tries the sound subject of a profile, and then every fault that can be built into it, or those that are named. Before
// the first fault at a requirement that is checked only on request, the sound subject is tried at that one too.
func (m *Matrix) Bucket(ctx context.Context, profile string, only []string) ([]Row, error) {
	sound, row, err := m.try(ctx, profile, Fault{}, nil, nil)
	if err != nil {
		return nil, err
	}
	rows := m.add(nil, row)
	if !row.Good() {
		return rows, nil // what the suite says of a fault shows nothing while the sound subject does not pass
	}
	controls, missing := map[against]*reports.Result{{}: sound}, map[against]string{}
	var baseline *reports.Result
	for _, f := range Buckets() {
		if !f.In(profile) || (len(only) > 0 && !slices.Contains(only, f.Name)) {
			continue
		}
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		by := against{f.Long, f.Edition}
		if missing[by] != "" {
			continue // what it needs is not here: the sound subject's row says so
		}
		if f.Long == againstBaseline && baseline == nil {
			before, row, err := m.record(ctx, profile)
			if err != nil {
				return rows, err
			}
			if rows = m.add(rows, row); !row.Good() {
				return rows, nil
			}
			baseline = before
		}
		if controls[by] == nil {
			control, row, err := m.try(ctx, profile, Fault{Long: f.Long, Edition: f.Edition, Setup: soundSetup(f.Long)}, nil, baseline)
			if again := row.undecided(); err == nil && again != "" {
				control, row, err = m.try(ctx, profile, Fault{Long: f.Long, Edition: f.Edition, Setup: soundSetup(f.Long)}, nil, baseline)
				row.Again = again
			}
			if err != nil {
				return rows, err
			}
			if rows = m.add(rows, row); row.NotRun != "" {
				missing[by] = row.NotRun
				continue
			}
			if !row.Good() {
				return rows, nil
			}
			controls[by] = control
		}
		sound := controls[by]
		_, row, err := m.try(ctx, profile, f, sound, baseline)
		if again := row.undecided(); err == nil && again != "" {
			_, row, err = m.try(ctx, profile, f, sound, baseline)
			row.Again = again
		}
		if err != nil {
			return rows, err
		}
		rows = m.add(rows, row)
	}
	return rows, nil
}

// against is the sound run that a fault is held against.
type against struct{ long, edition string }

func (m *Matrix) add(rows []Row, row Row) []Row {
	if m.Notify != nil {
		m.Notify(row)
	}
	return append(rows, row)
}

// try certifies a fresh bucket with a fault in it and compares with the sound one. The baseline is for what is held against one.
func (m *Matrix) try(ctx context.Context, profile string, f Fault, sound, baseline *reports.Result) (*reports.Result, Row, error) {
	row := newRow(profile, f.Name, f.Does, f.within(profile, m.Options.Catalogue, f.Breaks))
	row.Long, row.Edition, row.Undecides = f.Long, f.Edition, f.within(profile, m.Options.Catalogue, f.Undecides)
	started := time.Now()
	setup := stores.Setup{}
	if f.Setup != nil {
		setup = f.Setup(profile)
	}
	o, out, began := m.Options, (*outage)(nil), map[string]time.Time{}
	if f.outages != nil {
		out = f.outages(profile)
		setup = out.setup
		o.Limits, o.Limit, o.Notify = f.limits(), outageLimit, clock(o.Notify, began)
	}
	if setup.CORS == nil {
		setup.CORS = cors.Required(profile, "", FrontEnd)
	}
	b, err := m.Host.Provision(ctx, profile, setup.Sound())
	if errors.Is(err, stores.ErrUnavailable) {
		row.NotRun = err.Error()
		return nil, row, nil
	}
	if err != nil {
		return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
	}
	defer func() { _ = b.Close() }()
	before, err := plant(ctx, b)
	if err != nil {
		return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
	}
	o.Families = m.Families
	if f.Long != "" {
		o.Only = []string{f.Long}
		o.Long, o.Browser = f.asks(o.Catalogue)
		if o.Throughput, err = f.load(o.Catalogue, baseline); err != nil {
			return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
		}
	}
	target := yard.Bucket(b, FrontEnd)
	target.Options.Edition = f.Edition
	if err := m.give(f, profile, target.Documents); err != nil {
		return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
	}
	d, err := run.Certify(ctx, target, o)
	if err != nil {
		return nil, row, fmt.Errorf("fault %q: %w", f.Name, err)
	}
	if why := leftOut(d.Result, f.Long); sound == nil && why != "" {
		row.NotRun = why
		return nil, row, nil
	}
	if out == nil {
		row.compare(f, sound, d.Result)
	} else {
		row.outage(out, began, sound, d.Result)
	}
	row.Wrong = append(row.Wrong, before.differs(ctx, b, f.Leaves)...)
	if out != nil {
		row.Wrong = append(row.Wrong, out.left(ctx, b, before, o, d.Result)...)
	}
	row.Milliseconds = time.Since(started).Milliseconds()
	return d.Result, row, nil
}

// give fills in the documents that no embedded store holds: on Amazon a key of KMS, to which the bucket's own never comes.
func (m *Matrix) give(f Fault, profile string, d *run.Documents) error {
	d.Provider = profile
	if profile == policy.AWS {
		if err := soundKey(d); err != nil {
			return err
		}
	}
	if f.Given == nil {
		return nil
	}
	return f.Given(d)
}

// leftOut says why the requirement at which faults are to be tried was not run, "" when it was.
func leftOut(r *reports.Result, requirement string) string {
	for _, l := range r.Requirements {
		if l.ID == requirement && l.Outcome == reports.NotRun {
			return l.Reason
		}
	}
	return ""
}

// asks is what a run has to be asked for, so that the fault can be tried.
func (f Fault) asks(cat *catalogue.Catalogue) (long, browser bool) {
	q, _ := cat.Get(f.Long)
	return q.OnRequest == catalogue.OnLong, q.OnRequest == catalogue.OnBrowser
}

// within are those of the requirements that a fault names which the profile has.
func (f Fault) within(profile string, cat *catalogue.Catalogue, named []string) []string {
	long, browser := f.asks(cat)
	entries, err := cat.Profile(catalogue.Selection{Profile: profile, Edition: f.Edition, Long: long, Browser: browser, Throughput: f.Long != "" && !long && !browser})
	if err != nil {
		return named
	}
	var out []string
	for _, id := range named {
		if slices.ContainsFunc(entries, func(e catalogue.Entry) bool { return e.ID == id }) {
			out = append(out, id)
		}
	}
	return out
}

func newRow(profile, name, does string, breaks []string) Row {
	return Row{Profile: profile, Fault: name, Does: does, Breaks: append([]string{}, breaks...), Failed: []string{}, Undecided: []string{}, Wrong: []string{}}
}

// compare holds a result against what the fault claims. Without a sound result it is the sound one itself: nothing may
// have failed or errored.
func (r *Row) compare(f Fault, sound, got *reports.Result) {
	breaks, blocks := f.Breaks, f.Blocks
	was := map[string]reports.Outcome{}
	if sound != nil {
		for _, l := range sound.Requirements {
			was[l.ID] = l.Outcome
		}
	}
	wrong := func(format string, a ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, a...)) }
	for id, outcome := range was {
		if !slices.ContainsFunc(got.Requirements, func(l reports.Requirement) bool { return l.ID == id }) {
			wrong("%s was %s, and is gone", id, outcome)
		}
	}
	slices.Sort(r.Wrong)
	for _, l := range got.Requirements {
		switch {
		case sound == nil:
			if l.Outcome == reports.Failed || l.Outcome == reports.Errored {
				r.stumbled(l)
				wrong("the sound subject: %s %s: %s", l.ID, l.Outcome, strings.TrimSpace(l.Reason+" "+l.Actual))
			}
		case slices.Contains(breaks, l.ID) && was[l.ID] == reports.NotRun:
		case slices.Contains(breaks, l.ID) && was[l.ID] == reports.Unverified && l.Outcome == reports.Unverified:
		case slices.Contains(breaks, l.ID):
			if l.Outcome != reports.Failed {
				r.stumbled(l)
				wrong("%s should fail, and is %s: %s", l.ID, l.Outcome, l.Reason)
				continue
			}
			r.Failed = append(r.Failed, l.ID)
		case l.Outcome == was[l.ID]:
		case slices.Contains(f.Shows, l.ID) && was[l.ID] == reports.Unverified && l.Outcome == reports.Passed:
		case slices.Contains(blocks, l.ID) && l.Outcome != reports.Failed && l.Outcome != reports.Passed:
			r.Undecided = append(r.Undecided, l.ID)
		default:
			r.stumbled(l)
			wrong("%s was %s, and is %s: %s", l.ID, was[l.ID], l.Outcome, strings.TrimSpace(l.Reason+" "+l.Actual))
		}
	}
	if sound == nil {
		passed := 0
		for _, l := range got.Requirements {
			if l.Outcome == reports.Passed && (r.Long == "" || r.Long == l.ID) {
				passed++
			}
		}
		switch {
		case passed == 0 && r.stumbles > 0 && r.stumbles == len(r.Wrong): // said already: it could not be decided
		case passed == 0 && r.Long != "":
			wrong("the sound subject: %s did not pass", r.Long)
		case passed == 0:
			wrong("the sound subject: nothing passed")
		}
		return
	}
	if len(r.Breaks) > 0 && len(r.Failed) == 0 {
		wrong("not caught: nothing that it breaks failed")
	}
}

// undecided is the first thing that is wrong where nothing is but that something could not be decided, "" otherwise. A store that
// did not answer, or a load that was too noisy, has caught nothing and missed nothing: the whole row is tried once more, and says so.
func (r *Row) undecided() string {
	if r.stumbles == 0 || r.stumbles != len(r.Wrong) {
		return ""
	}
	return r.Wrong[0]
}

// stumbled counts a requirement that could not be decided for want of an answer.
func (r *Row) stumbled(l reports.Requirement) {
	if l.Outcome == reports.Errored && !standsOn(l) {
		r.stumbles++
	}
}

// state is a bucket before a run: content and documents, past every fault.
type state struct{ content, configuration map[string]string }

func plant(ctx context.Context, b *stores.Bucket) (state, error) {
	for _, key := range slices.Sorted(maps.Keys(decoys)) {
		if err := b.Put(ctx, key, decoys[key]); err != nil {
			return state{}, fmt.Errorf("plant a decoy: %w", err)
		}
	}
	return look(ctx, b)
}

func look(ctx context.Context, b *stores.Bucket) (s state, err error) {
	if s.content, err = b.Inventory(ctx); err != nil {
		return s, err
	}
	s.configuration, err = b.Configuration(ctx)
	return s, err
}

// differs says what is not as it was. A fault that keeps a run from removing its own may leave more, but change nothing.
func (s state) differs(ctx context.Context, b *stores.Bucket, leaves bool) []string {
	after, err := look(ctx, b)
	if err != nil {
		return []string{"the bucket can't be compared: " + err.Error()}
	}
	var out []string
	for key, sum := range s.content {
		if after.content[key] != sum {
			out = append(out, fmt.Sprintf("%q, which was there before, was changed or removed", key))
		}
	}
	for key := range after.content {
		if _, ok := s.content[key]; !ok && !leaves {
			out = append(out, fmt.Sprintf("%q was left behind", key))
		}
	}
	if !maps.Equal(s.configuration, after.configuration) {
		out = append(out, "the bucket's configuration was changed")
	}
	slices.Sort(out)
	return out
}
