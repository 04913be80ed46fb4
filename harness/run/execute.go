package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reports"
)

// Event tells a progress display that a spec has ended, or, with an empty Outcome, that it begins.
type Event struct {
	Requirement string
	Text        string
	Outcome     reports.Outcome
	Elapsed     time.Duration
	Done, Total int
}

// Ginkgo's state is global: one suite at a time in a process, and current is the execution it belongs to.
var (
	oneSuite sync.Mutex
	current  *execution
)

// execution is one run of Ginkgo over one subject.
type execution struct {
	subject  *Subject
	selected map[string]bool // nil means all
	ctx      context.Context // ends the run from outside; nil means never
	limit    time.Duration   // of the whole run; 0 means none
	notify   func(Event)
	prepare  func(context.Context) error // before the first write
	gone     func(context.Context) error // why the store can't be reached any more; nil where nobody looks
	written  func() int                  // how many keys were written to so far; nil means none
	hide     *wire.Hider
	denials  map[string]bool // requirements that are refusals

	began time.Time // monotonic
	wall  time.Time // what the wall clock said then

	building bool     // the families are declaring their specs
	problems []string // why what they declare can't be trusted; nothing is run then
	declared []*Spec
	records  map[*Spec]*record
	prepared bool
	prepErr  error
	done     int
	aborted  string // why the run ended early

	finished bool // Ginkgo has reported
	partial  bool // a filter or a focused spec leaves specs out
	failed   bool // Ginkgo says that something besides the specs failed
	states   map[*Spec]state
}

// state is what Ginkgo says of a spec.
type state struct {
	types.SpecState
	grouped bool // it was skipped because of what it is grouped with
}

func (x *execution) wants(s *Spec) bool { return x.selected == nil || x.selected[s.Requirement] }

// problem says why the families' declarations can't be trusted.
func (x *execution) problem(format string, a ...any) {
	if line := fmt.Sprintf(format, a...); !slices.Contains(x.problems, line) {
		x.problems = append(x.problems, line)
	}
}

// declare collects the specs of some families without running anything: Ginkgo builds its tree as for a run, and its
// dry run executes none of it. The problems say what is wrong with the families, if anything is.
func declare(s *Subject, families []Family) (specs []*Spec, problems []string) {
	copied := *s
	copied.specs = nil
	x := &execution{subject: &copied}
	x.ginkgo(families, true)
	return copied.specs, x.problems
}

// Declared lists what some families declare for the subjects of a profile, in order; nothing is sent. The error says
// that a family can't declare its specs.
func Declared(profile string, families []Family) ([]*Spec, error) {
	s := &Subject{Kind: KindBucket, Profile: profile, Now: time.Now}
	_ = s.load(nil) // a profile without buckets has none
	switch profile {
	case parserProfile:
		s.Kind = KindConnector
	case documentsProfile:
		s.Kind = KindDocuments
	}
	specs, problems := declare(s, families)
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return specs, nil
}

// ginkgo runs the suite.
func (x *execution) ginkgo(families []Family, dry bool) {
	oneSuite.Lock()
	defer oneSuite.Unlock()
	globals.Reset()
	defer globals.Reset()
	current = x
	defer func() { current = nil }()
	gomega.RegisterFailHandler(func(string, ...int) { panic("an assertion failed") }) // never touches Ginkgo's state, see runSpec
	formatter.ColorableStdOut = io.Discard
	forget := func() {}
	ginkgo.ReportAfterSuite("states", func(r ginkgo.Report) { x.read(r) })
	ginkgo.Describe(x.subject.Profile, ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		forget = ginkgo.AddTreeConstructionNodeArgsTransformer(x.watch)
		x.building = true
		defer func() { x.building = false }()
		for _, f := range families {
			ginkgo.Describe(f.Name, func() { f.Specs(x.subject) })
		}
	})
	suite, reporter := x.configuration(dry)
	x.began = x.subject.clock()
	x.wall = x.began.Round(0)
	ok := ginkgo.RunSpecs(&failure{}, "bucketproof", suite, reporter)
	forget()
	x.finished = true
	x.failed = !ok && x.aborted == "" && !x.partial && !slices.ContainsFunc(x.declared, func(s *Spec) bool {
		return x.states[s].Is(types.SpecStateFailureStates)
	})
}

// configuration is Ginkgo's: flags of a test binary may leave specs out, and decide nothing else. RunSpecs keeps what it
// is given for the next call.
func (x *execution) configuration(dry bool) (types.SuiteConfig, types.ReporterConfig) {
	suite, reporter := ginkgo.GinkgoConfiguration()
	x.partial = len(suite.FocusStrings)+len(suite.SkipStrings)+len(suite.FocusFiles)+len(suite.SkipFiles) > 0 ||
		suite.LabelFilter != "" || suite.SemVerFilter != ""
	suite.DryRun = dry
	suite.RandomSeed, suite.RandomizeAllSpecs = x.subject.Seed, false
	suite.FlakeAttempts, suite.MustPassRepeatedly, suite.FailFast = 0, 0, false
	suite.FailOnPending, suite.FailOnEmpty, suite.SleepOnFailure = false, false, 0
	suite.ParallelTotal, suite.ParallelProcess = 1, 1
	suite.Timeout, suite.GracePeriod = x.limit, prepareLimit+10*time.Second
	reporter.NoColor = true
	return suite, reporter
}

// watch sees every node before Ginkgo does. Ginkgo ends the whole process over a panic in a container, and over a node
// that is made inside a check: the one becomes a problem of the run, the other a panic of the check.
func (x *execution) watch(t types.NodeType, _ ginkgo.Offset, text string, args []any) (string, []any, []error) {
	if !x.building {
		panic("a node of Ginkgo's is made inside a check")
	}
	if t.Is(types.NodeTypesForSuiteLevelNodes) {
		panic("a family has no business with the whole suite")
	}
	args = slices.DeleteFunc(args, func(arg any) bool {
		switch arg.(type) {
		case ginkgo.FlakeAttempts, ginkgo.MustPassRepeatedly:
			x.problem("%q is decorated with %T: nothing is repeated until it passes", text, arg)
			return true
		}
		if arg == any(ginkgo.Serial) || arg == any(ginkgo.ContinueOnFailure) {
			x.problem("%q is decorated with %T, which goes with no ordered container", text, arg)
			return true
		}
		return false
	})
	for i, arg := range args {
		if arg == any(ginkgo.Focus) {
			x.partial = true
		}
		if body, ok := arg.(func()); ok && t.Is(types.NodeTypeContainer) {
			args[i] = func() {
				defer func() {
					if v := recover(); v != nil {
						x.problem("%q can't declare its specs: a mistake in the program, please report it (panic in %s)", text, origin())
					}
				}()
				body()
			}
		}
	}
	return text, args, nil
}

// failure takes Ginkgo's word that something failed; each spec's own state says what.
type failure struct{}

// Fail implements Ginkgo's testing interface.
func (*failure) Fail() {}

// read takes each spec's state from Ginkgo's report.
func (x *execution) read(r ginkgo.Report) {
	x.states = map[*Spec]state{}
	for _, sr := range r.SpecReports {
		for i, s := range x.declared {
			if slices.Contains(sr.LeafNodeLabels, mark(i)) {
				x.states[s] = state{sr.State, sr.Failure.Message != ""}
			}
		}
	}
	if len(r.SpecialSuiteFailureReasons) > 0 && x.aborted == "" {
		switch {
		case x.ctx != nil && x.ctx.Err() != nil:
			x.aborted = interrupted
		default:
			if x.aborted = x.overtime(); x.aborted == "" {
				x.aborted = strings.Join(r.SpecialSuiteFailureReasons, "; ")
			}
		}
	}
	if r.SuiteHasProgrammaticFocus {
		x.partial = true
		ginkgo.Fail("a spec is focused") // Ginkgo ends the process when a suite with a focused spec passes
	}
}

// tell reports a spec's begin, or its end.
func (x *execution) tell(s *Spec, o reports.Outcome, elapsed time.Duration) {
	if x.notify != nil {
		x.notify(Event{Requirement: s.Requirement, Text: s.Text, Outcome: o, Elapsed: elapsed, Done: x.done, Total: len(x.declared)})
	}
}
