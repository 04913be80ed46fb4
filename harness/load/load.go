// Package load puts a budget's load on a store and measures it: whole objects, parts, blocks and ranges by pre-signed URL, as
// W&B's clients move them. All cases run once a round, in an order that changes, so that a disturbance falls on all of them;
// rounds go on from the budget's least to its most until the figures decide. Every request has a row in a Log: when it began,
// its first byte, its end, its bytes, and what came of it. Data are random by a seed and can't be compressed, and what is
// read is compared with them. How much is sent is bounded before it starts (BoundOf), in bytes and requests by the plan and in
// time by the caller's context. Rates are of the time in which every worker is at work: its first transfer, with connection
// and handshake, and the time after the first worker has nothing left to do are cut off. Nothing is repeated when it fails.
package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
)

// Job is one object to move.
type Job struct {
	Case   *budgets.Case
	Kind   Kind // Put, Get, Multipart, Ranges
	Key    string
	Number int // of its content
	ready  any // what the Mover made ready
}

// Mover moves objects. Its methods are called by many goroutines at once.
type Mover interface {
	// Ready makes URLs, and begins uploads, before the clock starts: W&B's server does that for its clients. An error means
	// that nothing can be measured.
	Ready(ctx context.Context, jobs []*Job, s *Sheet) error
	// Move moves one object and returns its row; the rows of its parts it enters itself. What goes wrong is an outcome.
	Move(ctx context.Context, j *Job, s *Sheet) Operation
	// Leave gives up what was made ready and not moved.
	Leave(ctx context.Context, jobs []*Job, s *Sheet)
	// Remove removes objects again.
	Remove(ctx context.Context, keys []string, s *Sheet)
}

// Options say how a load is put on.
type Options struct {
	Prefix string // of all keys, with its slash
	Seed   int64
	// CPU is how long this process has used processors so far; nil means that nobody knows.
	CPU func() time.Duration
	// Enough is asked after each round from the budget's least on; nil means that the least is enough.
	Enough func(*Measurement) bool
	// Slice and Rounds, where not 0, stand for the budget's own.
	Slice  time.Duration
	Rounds int
	// Check reads one object of each slice that wrote back, after the clock was stopped.
	Check bool
}

// Measurement is what was measured.
type Measurement struct {
	Budget *budgets.Budget
	Log    *Log
	Slices [][]Slice // by case, then round
	Cores  int
	CPU    time.Duration // of this process, from begin to end; 0 when nobody knows
	Took   time.Duration
	Seed   int64
}

// Rounds is how many rounds were made.
func (m *Measurement) Rounds() int {
	if len(m.Slices) == 0 {
		return 0
	}
	return len(m.Slices[len(m.Slices)-1])
}

// runner is one measurement under way.
type runner struct {
	Options
	m      Mover
	random *rand.Rand
	out    *Measurement
	seeds  [][]*Job // by case: what is read
	made   int      // objects named so far
}

// Measure puts a budget's load on a store. When ctx ends early the measurement so far comes with the error; what was written
// is removed as far as it can be, and always known to the guard.
func Measure(ctx context.Context, m Mover, b *budgets.Budget, o Options) (*Measurement, error) {
	if o.CPU == nil {
		o.CPU = func() time.Duration { return 0 }
	}
	began, cpu := time.Now(), o.CPU()
	r := &runner{Options: o, m: m, random: rand.New(rand.NewPCG(uint64(o.Seed), 7)), //nolint:gosec // seeded, so that it can be repeated
		seeds: make([][]*Job, len(b.Cases)),
		out:   &Measurement{Budget: b, Log: &Log{epoch: began}, Slices: make([][]Slice, len(b.Cases)), Cores: runtime.GOMAXPROCS(0), Seed: o.Seed}}
	err := r.all(ctx)
	r.remove(ctx)
	r.out.Took, r.out.CPU = time.Since(began), o.CPU()-cpu
	return r.out, err
}

func (r *runner) all(ctx context.Context) error {
	b := r.out.Budget
	for i := range b.Cases {
		if err := r.plant(ctx, i); err != nil {
			return fmt.Errorf("case %s: %w", b.Cases[i].Name, err)
		}
	}
	least, most := b.Rounds.Least, b.Rounds.Most
	if r.Rounds > 0 {
		least, most = r.Rounds, r.Rounds
	}
	for round := range most {
		if round >= least && (r.Enough == nil || r.Enough(r.out)) {
			return nil
		}
		for _, i := range r.random.Perm(len(b.Cases)) {
			s, err := r.slice(ctx, i, round)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("round %d, case %s: %w", round+1, b.Cases[i].Name, err)
			}
			r.out.Slices[i] = append(r.out.Slices[i], s)
		}
	}
	return nil
}

// job names a new object.
func (r *runner) job(c *budgets.Case, kind Kind) *Job {
	r.made++
	return &Job{Case: c, Kind: kind, Number: r.made, Key: fmt.Sprintf("%s%s/%06d", r.Prefix, c.Name, r.made)}
}

// seedsOf is how many objects a case reads in turn: as many as are on their way at once.
func seedsOf(c *budgets.Case) int {
	if !c.Reads() {
		return 0
	}
	return min(c.Concurrency, c.Transfers())
}

// plant writes what a case reads.
func (r *runner) plant(ctx context.Context, at int) error {
	c := &r.out.Budget.Cases[at]
	var jobs []*Job
	for range seedsOf(c) {
		jobs = append(jobs, r.job(c, seedKind(c)))
	}
	if len(jobs) == 0 {
		return nil
	}
	s := r.out.Log.sheet(at, 0, 0)
	if err := r.m.Ready(ctx, jobs, s); err != nil {
		return err
	}
	ops := make([]Operation, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs { // no more at once than the case itself has
		wg.Go(func() { ops[i] = r.m.Move(ctx, j, s) })
	}
	wg.Wait()
	for i, j := range jobs {
		op := ops[i]
		s.around(op, Seed)
		if op.Outcome != Done {
			continue // it is a failed request of the run, and nothing to read
		}
		j.ready = nil
		if j.Kind = Get; c.Does == budgets.Ranges {
			j.Kind = Ranges
		}
		r.seeds[at] = append(r.seeds[at], j)
	}
	if len(r.seeds[at]) == 0 {
		return fmt.Errorf("no object could be written to be read: %s", s.Why())
	}
	return r.m.Ready(ctx, r.seeds[at], s)
}

// seedKind is how an object that is read later is written: whole, if a PUT may be as long.
func seedKind(c *budgets.Case) Kind {
	if c.Size > 64<<20 {
		return Multipart
	}
	return Put
}

// slice runs one case in one round.
func (r *runner) slice(ctx context.Context, at, round int) (Slice, error) {
	c := &r.out.Budget.Cases[at]
	length := time.Duration(r.out.Budget.Slice)
	if r.Slice > 0 {
		length = r.Slice
	}
	aside := r.out.Log.sheet(at, round, 0)
	jobs, fresh := r.jobs(c, at)
	if err := r.m.Ready(ctx, fresh, aside); err != nil {
		return Slice{}, err
	}
	var begun atomic.Int64
	var wg sync.WaitGroup
	sheets := make([]*Sheet, c.Concurrency)
	s := Slice{Case: at, Round: round}
	cpu, start := r.CPU(), time.Now()
	s.Start = r.out.Log.since(start)
	for w := range c.Concurrency {
		sheet := r.out.Log.sheet(at, round, w+1)
		sheets[w] = sheet
		wg.Go(func() {
			for first := true; ctx.Err() == nil && (first || time.Since(start) < length); first = false {
				n := int(begun.Add(1)) - 1
				if n >= len(jobs) {
					return
				}
				sheet.Add(r.m.Move(ctx, jobs[n], sheet))
			}
		})
	}
	wg.Wait()
	s.End = r.out.Log.since(time.Now())
	s.CPU = r.CPU() - cpu
	s.measure(sheets)
	used := min(int(begun.Load()), len(jobs))
	r.after(ctx, jobs[:used], jobs[used:], aside)
	return s, ctx.Err()
}

// jobs are what a case moves in one round, and those among them that are new.
func (r *runner) jobs(c *budgets.Case, at int) (jobs, fresh []*Job) {
	for n := range c.Transfers() {
		kind := map[string]Kind{budgets.Put: Put, budgets.Get: Get, budgets.Multipart: Multipart, budgets.Ranges: Ranges, budgets.Mixed: Put}[c.Does]
		if c.Does == budgets.Mixed && n/c.Concurrency%2 == 1 {
			kind = Get
		}
		if kind == Get || kind == Ranges {
			jobs = append(jobs, r.seeds[at][n%len(r.seeds[at])])
			continue
		}
		j := r.job(c, kind)
		jobs, fresh = append(jobs, j), append(fresh, j)
	}
	return jobs, fresh
}

// after reads one of the objects that a slice wrote back, and removes them.
func (r *runner) after(ctx context.Context, used, unused []*Job, s *Sheet) {
	written := func(jobs []*Job) (out []*Job) {
		for _, j := range jobs {
			if j.Kind == Put || j.Kind == Multipart {
				out = append(out, j)
			}
		}
		return out
	}
	r.m.Leave(ctx, written(unused), s)
	done := written(used)
	if len(done) == 0 {
		return
	}
	if j := done[r.random.IntN(len(done))]; r.Check && s.log.wrote(j) {
		back := &Job{Case: j.Case, Kind: Get, Key: j.Key, Number: j.Number}
		if j.Case.Size > 64<<20 {
			back.Kind = Ranges
		}
		if r.m.Ready(ctx, []*Job{back}, s) == nil {
			s.around(r.m.Move(ctx, back, s), Check)
		}
	}
	keys := make([]string, len(done))
	for i, j := range done {
		keys[i] = j.Key
	}
	r.m.Remove(ctx, keys, s)
}

// remove removes what was written to be read.
func (r *runner) remove(ctx context.Context) {
	var keys []string
	for _, seeds := range r.seeds {
		for _, j := range seeds {
			keys = append(keys, j.Key)
		}
	}
	if len(keys) > 0 && ctx.Err() == nil {
		r.m.Remove(ctx, keys, r.out.Log.sheet(0, 0, 0))
	}
}
