package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// around is the most that looking at a driver before the first check takes.
const around = 40

// NewConnectorPlan says what ConformConnector would send for the same target and options. Without a yard it is that of stores
// started for the run. Nothing is sent: the connector is not even asked what it declares, so that what it lacks is in the
// plan, too.
func NewConnectorPlan(target ConnectorTarget, o Options) (*Plan, error) {
	c := &certification{o: o, started: time.Now().UTC()}
	c.runID = NewRunID(c.started)
	s := &Subject{Kind: KindConnector, Profile: parserProfile, Edition: target.Edition, Seed: o.Seed, Now: time.Now}
	if s.Edition == "" {
		s.Edition = catalogue.DefaultEdition
	}
	c.subject = s
	var err error
	if c.entries, err = o.Catalogue.Profile(catalogue.Selection{Profile: s.Profile, Edition: s.Edition}); err != nil {
		return nil, err
	}
	if err := c.checkOnly(); err != nil {
		return nil, err
	}
	p := &Plan{Address: target.URL, Profile: s.Profile, Steps: []Step{}, Missing: []string{}}
	providers, lots := len(catalogue.Providers), 0
	if target.Yard != nil {
		providers, lots = len(target.Yard.Providers()), len(target.Yard.Lots)
		var below []string
		for _, l := range target.Yard.Lots {
			below = append(below, l.String()+"/"+l.Address.Path+"/")
		}
		p.Prefix = strings.Join(below, ", ")
	} else {
		p.Address, p.Prefix = "the reference connector", "buckets on stores that are started on this machine and removed"
	}
	specs, problems := declare(s, o.Families)
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	selected := c.selection(specs)
	for _, spec := range specs {
		if selected[spec.Requirement] {
			p.Steps = append(p.Steps, Step{Requirement: spec.Requirement, Text: spec.Text, Cost: spec.on(providers)})
		}
	}
	p.Around = []Step{{Text: "before them: the driver says what it can, and refuses what nobody knows", Cost: Cost{Requests: around}}}
	objects := 0
	for _, step := range p.Steps {
		objects += step.Cost.Objects
	}
	if lots > 0 {
		p.Around = append(p.Around, Step{Text: "after them: what is left below the run's sub-path is listed and removed", Cost: Cost{Requests: 2*objects + 10*lots}})
	}
	for _, step := range slices.Concat(p.Steps, p.Around) {
		p.Total = p.Total.plus(step.Cost)
	}
	bound := Bound(specs)
	for _, e := range c.entries {
		if !selected[e.ID] || !slices.Contains(bound, e.ID) {
			p.Missing = append(p.Missing, e.ID)
		}
	}
	p.Reads = []string{"nothing of the buckets that are named", "of a bucket that the connector makes for the run: its CORS rules, policy or role bindings, versioning, encryption and the rest"}
	p.Effects = []string{
		"the connector gets instances, organisations, users, teams, runs and artifacts; its instances are forgotten at the end",
		"the connector itself writes to the buckets that it is told of: it tries each, and moves what it stores; that comes on top of these numbers",
		"while a bucket is cut off, or a secret is wrong, the connector sees errors, and so will whoever watches it",
		"where it can make buckets and --buckets names creators, it makes some: they are removed at the end",
		"every write and removal is an event: notifications, functions, queues and replicas of the buckets will see it",
		"old versions are removed too, where the buckets' keys may; else they remain and are listed",
		fmt.Sprintf("access logs show it: User-Agent %q", o.Program+" (run "+c.runID+"; BYOB-...)"),
	}
	p.Rights = []string{"the connector's operator, by --token-file", "for each bucket the credentials of its address, W&B's own: to list, read, write and delete below the sub-path",
		"for creators: to make, configure and remove buckets"}
	return p, nil
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Requests + d.Requests, c.Objects + d.Objects, c.Bytes + d.Bytes}
}

// most is what a run's clients may send to one bucket: no more than the plan says for all of them.
func (c *certification) most(providers int) (Cost, error) {
	var all Cost
	specs, problems := declare(c.subject, c.o.Families)
	if len(problems) > 0 {
		return all, errors.New(strings.Join(problems, "; "))
	}
	for _, spec := range specs {
		all = all.plus(spec.on(providers))
	}
	return all, nil
}
