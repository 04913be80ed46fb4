package onboarding

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// form is a form that has to be taken, or refused, with the word that the refusal must name.
type form struct {
	what   string
	change func(*driver.TeamStorage)
	names  string // "" is accepted
}

// forms are what each provider is asked with, on top of its right form.
func forms(p, deployment string) []form {
	list := []form{{"the provider's own fields", func(*driver.TeamStorage) {}, ""}}
	kms := form{"a KMS key", func(f *driver.TeamStorage) { f.KMSKey = "arn:aws:kms:us-east-1:123456789012:key/1234abcd" }, "kmsKey"}
	switch p {
	case "coreweave":
		return append(list, kms,
			form{"an address", func(f *driver.TeamStorage) { f.Address = "cw://" + f.Bucket + ".cwobject.com" }, "address"},
			form{"no bucket", func(f *driver.TeamStorage) { f.Bucket = "" }, "bucket"},
			form{"an account", func(f *driver.TeamStorage) { f.Account = "someaccount" }, "account"})
	case "azure":
		list = append(list, kms,
			form{"no account", func(f *driver.TeamStorage) { f.Account = "" }, "account"},
			form{"no container", func(f *driver.TeamStorage) { f.Container = "" }, "container"},
			form{"a bucket", func(f *driver.TeamStorage) { f.Bucket = "some-bucket" }, "bucket"})
		if deployment != string(availability.MultiTenant) {
			return append(list, form{"no tenant ID", func(f *driver.TeamStorage) { f.TenantID = "" }, "tenantID"},
				form{"no managed identity client ID", func(f *driver.TeamStorage) { f.ManagedIdentityClientID = "" }, "managedIdentityClientID"})
		}
		return append(list, form{"neither tenant ID nor managed identity client ID", func(f *driver.TeamStorage) { f.TenantID, f.ManagedIdentityClientID = "", "" }, ""})
	case "aws":
		kms.names = ""
	}
	return append(list, kms,
		form{"no address", func(f *driver.TeamStorage) { f.Address = "" }, "address"},
		form{"an account", func(f *driver.TeamStorage) { f.Account = "someaccount" }, "account"},
		form{"a tenant ID", func(f *driver.TeamStorage) { f.TenantID = "11111111-2222-3333-4444-555555555555" }, "tenantID"})
}

// honours reports whether a lot's store was seen to refuse a KMS key that it hasn't got.
func honours(l *run.Lot) bool {
	return slices.ContainsFunc(l.Store.Fidelity, func(f reports.Fidelity) bool { return f.What == reports.FidelitySSE && f.Enforced == "yes" })
}

func fields(ctx context.Context, t *run.T, s *run.Subject) {
	tried := 0
	for _, d := range availability.Deployments {
		if !s.Info.Knows(s.Edition, string(d), "") {
			continue
		}
		for _, p := range scene.Providers(t, s, string(d)) {
			tried++
			lots := s.Yard.Of(p)
			own := scene.Place{Lot: lots[len(lots)-1]}
			st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Managed: true, Teams: listedFor(p, own), Deployment: string(d),
				Change: func(i *driver.InstanceSpec) { i.Identities = keys(own.Lot) }})
			defer st.Close()
			for i, f := range forms(p, string(d)) {
				what := fmt.Sprintf("%s, %s: %s", d, p, f.what)
				spec := scene.Spec(string(d), fmt.Sprintf("team-%d", i), &own)
				if d == availability.MultiTenant && f.what == "no address" { // its form takes the name alone, too
					continue
				}
				if p == "aws" && f.what == "a KMS key" && honours(own.Lot) {
					t.Observe("%s: not tried: this store honours what is said of encryption, and has no such key", what)
					continue
				}
				f.change(spec.Storage)
				_, err := st.Admin.CreateTeam(ctx, st.Instance, spec)
				a := run.AnswerOf(err)
				if a.Status == 0 || a.Status >= 500 {
					t.Errorf("%s: %s", what, err)
				}
				if f.names == "" {
					t.True(what, "accepted", err == nil, a.String())
					continue
				}
				named := strings.Contains(words(err), f.names)
				t.True(what, "refused under BYOB-TEAM-002, naming "+f.names, err != nil && a.Code == "BYOB-TEAM-002" && named, fmt.Sprintf("%s, naming it: %t", a, named))
			}
		}
	}
	if tried == 0 {
		t.Errorf("there is no deployment to try it on")
	}
}

// listedFor leaves Azure's bucket out of the supported file stores: there its form alone must do.
func listedFor(p string, own scene.Place) []scene.Place {
	if p == "azure" {
		return nil
	}
	return []scene.Place{own}
}

// keys are the lot's own credentials as the deployment's identity.
func keys(l *run.Lot) []driver.Identity {
	a := l.Address
	id := a.Credentials.ID
	if id == "" {
		id = a.Account
	}
	return []driver.Identity{{Provider: l.Provider, Account: a.Account, ID: id, Secret: a.Credentials.Secret.Reveal()}}
}

// words is everything that a problem says.
func words(err error) string {
	if e, ok := problemOf(err); ok {
		return e.Problem.Words()
	}
	return ""
}

// trial is a bucket that doesn't work.
type trial struct {
	what   string
	change func(*address.Address)
	cut    bool
}

func broken(ctx context.Context, t *run.T, s *run.Subject) {
	for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
		lots := s.Yard.Of(p)
		own := scene.Place{Lot: lots[len(lots)-1]}
		for _, tr := range trials(ctx, t, own) {
			wrong := own
			lot := *own.Lot
			a := *own.Lot.Address
			if tr.change != nil {
				tr.change(&a)
			}
			lot.Address = &a
			wrong.Lot = &lot
			st := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own, wrong},
				Change: func(i *driver.InstanceSpec) {
					list := scene.Supports([]scene.Place{wrong})
					i.SupportedFileStores, i.Identities = &list, keys(&lot)
				}})
			defer st.Close()
			sound := scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}})
			defer sound.Close()
			before, made := scene.Inventory(ctx, t, own.Lot), 0
			var said string
			t.Denied(run.Denial{What: p + ": a team with " + tr.what, Expected: "refused, naming what is wrong",
				Control: func() run.Answer {
					made++
					_, err := sound.Admin.CreateTeam(ctx, sound.Instance, scene.Spec(sound.Deployment, fmt.Sprintf("omega-%d", made), &own))
					return run.AnswerOf(err)
				},
				Attempt: func() run.Answer {
					if tr.cut {
						own.Lot.Cut(true)
						defer own.Lot.Cut(false)
					}
					_, err := st.Admin.CreateTeam(ctx, st.Instance, scene.Spec(st.Deployment, "omega", &wrong))
					said = words(err)
					return unreachable(err)
				},
				Refused: func(a run.Answer) bool {
					return scene.Refused(a) && (string(a.Kind) == string(driver.StorageUnreachable) || string(a.Kind) == string(driver.InvalidStorage))
				},
				Untouched: func() string { return without(ctx, t, st, "omega", own.Lot, before) }})
			t.True(p+": what is said of "+tr.what, "more than that it failed", len(strings.Fields(said)) > 3, fmt.Sprintf("%d words", len(strings.Fields(said))))
			if tr.cut {
				_, err := st.Admin.CreateTeam(ctx, st.Instance, scene.Spec(st.Deployment, "omega", &own))
				t.Did(p+": the same team once the bucket can be reached again", err)
			}
		}
	}
}

// unreachable turns 503 storage-unreachable, which is definite here, into the 4xx that a refusal is.
func unreachable(err error) run.Answer {
	a := run.AnswerOf(err)
	if a.Status == 503 && driver.IsKind(err, driver.StorageUnreachable) {
		a.Status = 422
	}
	return a
}

// trials are the ways in which a bucket may not work.
func trials(ctx context.Context, t *run.T, own scene.Place) []trial {
	list := []trial{
		{what: "a bucket that isn't there", change: func(a *address.Address) { a.Bucket = "bucketproof-is-not-there" }},
		{what: "a secret that is another's", change: func(a *address.Address) {
			a.Credentials.Secret = address.NewSecret(otherSecret(a))
		}},
	}
	if can, why := own.Lot.CanCut(); !can {
		t.Observe("%s: a bucket that nobody can reach is not tried: %s", own.Lot.Provider, why)
	} else {
		list = append(list, trial{what: "a bucket that nobody can reach", cut: true})
	}
	if own.Lot.Provider == "s3-compatible" {
		if dead := deadPort(ctx); dead != "" {
			list = append(list, trial{what: "an endpoint where nobody listens", change: func(a *address.Address) { a.Endpoint = dead }})
		} else {
			t.Observe("an endpoint where nobody listens is not tried: no port is free")
		}
	}
	return list
}

// deadPort is an address of this machine on which nobody listens any more.
func deadPort(ctx context.Context) string {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
