package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/bucket"
	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
)

// ConnectorTarget is the connector to put under test, and the buckets to try it with.
type ConnectorTarget struct {
	URL     string // of the driver
	Token   string // the operator's: a secret
	Edition string // "" is the default one
	Network wire.Network
	Yard    *Yard
	Secrets []string // more values that must show nowhere
}

// checkLimit is how long a driver may take to say what it is.
const checkLimit = 30 * time.Second

// ConformConnector checks a connector against profile connector, by its driver and on the yard's buckets. A driver that
// can't be trusted to say what it can't do is refused before the first spec, with a *driver.RefusedError; a *UsageError
// says that the run was asked for wrongly.
func ConformConnector(ctx context.Context, target ConnectorTarget, o Options) (*Done, error) {
	c := &certification{o: o, started: time.Now().UTC(), safety: safety{rec: wire.NewRecorder("")}}
	c.runID = NewRunID(c.started)
	if c.o.Limit == 0 {
		c.o.Limit = DefaultLimit
	}
	s := &Subject{Kind: KindConnector, Profile: parserProfile, Edition: target.Edition, Yard: target.Yard, Seed: o.Seed, Now: time.Now}
	if s.Edition == "" {
		s.Edition = catalogue.DefaultEdition
	}
	c.subject = s
	c.target.Secrets = connectorSecrets(target)
	var err error
	if c.entries, err = o.Catalogue.Profile(catalogue.Selection{Profile: s.Profile, Edition: s.Edition}); err != nil {
		return nil, &UsageError{err}
	}
	if target.Yard == nil || len(target.Yard.Lots) == 0 {
		return nil, &UsageError{errors.New("a connector can't be tried without buckets")}
	}
	w, err := c.connectDriver(target)
	if err != nil {
		return nil, &UsageError{err}
	}
	defer w.CloseIdle()
	if c.o.Again == nil {
		if err := c.choose(); err != nil {
			return nil, &UsageError{err}
		}
	}
	if target.Yard.most, err = c.most(len(target.Yard.Providers())); err != nil {
		return nil, err
	}
	if err := target.Yard.open(wire.Options{RunID: c.runID, Program: o.Program, Secrets: c.target.Secrets}); err != nil {
		return nil, &UsageError{err}
	}
	defer target.Yard.close()
	check, stop := context.WithTimeout(c.safety.rec.With(ctx), checkLimit)
	defer stop()
	if s.Info, err = driver.Check(check, s.Connector); err != nil {
		return nil, err
	}
	if c.o.Again != nil { // whose it is shows in what the driver calls itself
		if err := c.choose(); err != nil {
			return nil, &UsageError{err}
		}
	}
	if !s.Info.Knows(s.Edition, "", "") {
		return nil, &UsageError{fmt.Errorf("the connector does not know edition %s: it declares %s", s.Edition, strings.Join(s.Info.Editions, ", "))}
	}
	s.Store = yardStore(s.Info, target.Yard)
	s.Identity = "the connector's operator, and users made for the run"
	c.mark(ctx)
	d, err := c.run(ctx)
	if err == nil {
		d.Result.Safety.Requests = w.Requests() + target.Yard.requests()
	}
	return d, err
}

// connectDriver makes the client of the driver.
func (c *certification) connectDriver(target ConnectorTarget) (*wire.Transport, error) {
	base, err := url.Parse(strings.TrimSpace(target.URL))
	if err != nil {
		return nil, errors.New("the driver's URL can't be read")
	}
	w := wire.New(wire.Options{Network: target.Network, RunID: c.runID, Program: c.o.Program, Secrets: c.target.Secrets,
		Unguarded: func(r *http.Request) bool { return r.URL.Host == base.Host }})
	c.subject.Connector, err = driver.New(target.URL, target.Token, w.Client())
	c.service = base
	return w, err
}

func connectorSecrets(target ConnectorTarget) []string {
	out := append(slices.Clone(target.Secrets), target.Token)
	if target.Yard != nil {
		for _, l := range target.Yard.Lots {
			out = append(out, l.Secrets...)
			out = append(out, l.Address.Credentials.Secret.Reveal())
		}
		for _, g := range target.Yard.Grounds {
			out = append(out, g.Identity.Secret)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// CanonicalConnector names a connector and nothing else: by the name that it gives itself, and its driver's URL. Its version
// stands beside it in a result, so that two of them compare.
func CanonicalConnector(name string, base *url.URL) string {
	return "connector " + strconv.Quote(name) + " at " + strings.ToLower(base.Scheme+"://"+base.Host) + strings.TrimRight(base.EscapedPath(), "/")
}

// yardStore says what the connector was tried with. What a store is known not to enforce is in its notes.
func yardStore(info *driver.Info, y *Yard) reports.Store {
	s := reports.Store{Name: "connector " + info.Name, Version: info.Version, Kind: "remote"}
	if y.Own {
		s.Kind = "embedded"
	}
	if len(y.Network.Hosts) > 0 && !y.Own {
		s.Via = "hosts that were named for the run"
	}
	for _, p := range y.Providers() {
		l := y.Of(p)[0]
		s.Notes = append(s.Notes, fmt.Sprintf("%s: %d buckets on %s %s (%s).", p, len(y.Of(p)), l.Store.Name, l.Store.Version, l.Store.Kind))
	}
	for _, p := range catalogue.Providers {
		if len(y.Of(p)) > 0 || !info.Knows("", "", p) {
			continue
		}
		why := y.Missing[p]
		if why == "" {
			why = "there is no bucket of it"
		}
		s.Notes = append(s.Notes, fmt.Sprintf("%s: not tried: %s", p, why))
	}
	return s
}

// mark writes the run's marker to each bucket. One without is said to be, and tried all the same: whether anything can be written
// there is the checks' to say.
func (c *certification) mark(ctx context.Context) {
	ctx, cancel := context.WithTimeout(c.safety.rec.With(ctx), checkLimit)
	defer cancel()
	for _, l := range c.subject.Yard.Lots {
		if l.Mark == nil {
			continue
		}
		if err := l.Mark(ctx, c.o.Limit+CleanUpLimit); err != nil {
			c.say(fmt.Sprintf("%s: no marker could be written (%s): what is left there by a run that is killed, no sweep finds", l, bucket.Classify("write the run's marker", err)))
		}
	}
}

// cleanYard removes what connector and clients have written, lot by lot, also when the run was interrupted.
func (c *certification) cleanYard(ctx context.Context) {
	out, y := &c.safety.outcome, c.subject.Yard
	if y == nil {
		return
	}
	out.CleanUp = reports.Complete
	if y.Own { // what was made by the connector goes with the stores, too
		out.Announced = []string{"the buckets were made for this run alone, and are removed with all that is in them"}
		return
	}
	ctx, cancel := context.WithTimeout(c.safety.rec.With(context.WithoutCancel(ctx)), CleanUpLimit)
	defer cancel()
	if err := y.unmake(ctx); err != nil {
		out.CleanUp = "incomplete: " + wire.Clean(err.Error(), c.secrets())
	}
	for _, l := range y.Lots {
		if l.Clean == nil {
			continue
		}
		out.Prefix = l.Address.Path + "/"
		n, err := l.Clean(ctx)
		out.Removed += n
		if err != nil {
			out.CleanUp = fmt.Sprintf("incomplete: %s: %s", l, wire.Clean(bucket.Classify("clean up", err).Error(), c.secrets()))
		}
	}
}

// AnswerOf is what an operation of the driver came to, as an Answer: success without an error, status 0 where there was no
// answer at all. Its code is the requirement that refused, or the problem's kind.
func AnswerOf(err error) Answer {
	if err == nil {
		return Answer{Status: http.StatusOK}
	}
	e := (*driver.Error)(nil)
	if !errors.As(err, &e) {
		return Answer{}
	}
	a := Answer{Status: e.Status, Kind: bucket.Kind(e.Kind), Code: e.Problem.Requirement}
	if a.Code == "" {
		a.Code = string(e.Kind)
	}
	return a
}

// Did records an operation of the driver that has to succeed, and ends the check where it didn't: as failed where the
// connector answered, as errored where it didn't, or only said that it can't now.
func (t *T) Did(what string, err error) {
	if err == nil {
		t.add(reports.Observation{What: what, Expected: "success", Actual: "success"})
		return
	}
	t.needs(what, err, true)
}

// Need is Did for what only sets the stage: where it doesn't succeed, the requirement could not be decided.
func (t *T) Need(what string, err error) {
	if err != nil {
		t.needs(what, err, false)
	}
}

func (t *T) needs(what string, err error, decides bool) {
	e := (*driver.Error)(nil)
	if !errors.As(err, &e) {
		t.Errorf("%s: no answer: %s", what, err)
	}
	said := e.Error()
	if !decides || e.Status == http.StatusTooManyRequests || e.Status >= 500 && e.Kind != driver.Unsupported {
		t.Errorf("%s: %s", what, said)
	}
	t.add(reports.Observation{What: what, Expected: "success", Actual: said})
	t.Fail(what, said)
}

// Without ends the check where the connector declares that it lacks a capability: as unsupported where it is seen to,
// by an operation of it that must be answered 501, as failed where it isn't.
func (t *T) Without(s *Subject, capability string, try func() error) {
	if s.Info.Can(capability) {
		return
	}
	err := try()
	if driver.IsKind(err, driver.Unsupported) && AnswerOf(err).Status == http.StatusNotImplemented {
		t.Unsupported("the connector declares that it has no capability %q, and answers 501 unsupported", capability)
	}
	if err != nil && AnswerOf(err).Status == 0 {
		t.Errorf("no answer: %s", err)
	}
	t.add(reports.Observation{What: "an operation of capability " + capability + ", which is declared absent", Expected: "501 unsupported", Actual: AnswerOf(err).String()})
	t.Fail("501 unsupported, since capability "+capability+" is declared absent", AnswerOf(err).String())
}
