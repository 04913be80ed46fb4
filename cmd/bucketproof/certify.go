package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/suites"
)

// certifyFlags are what certify is asked for.
type certifyFlags struct {
	source
	target
	delivery
	besides
	storeFlags
	plan       bool
	embedded   bool
	only       []string
	timeout    time.Duration
	seed       int64
	long       bool
	acceptKeep bool

	frontendOrigin string
	browser        bool

	throughput bool
	budget     string
	limited    bool // --timeout was given
}

// target says which bucket is meant and how it is reached; certify and sweep share it.
type target struct {
	provider, profile, edition string
	instanceRegion             string
	endpoints                  []string
	caFile                     string
	awsProfile                 string
}

func (t *target) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.provider, "provider", "", "the provider that is meant: "+strings.Join(catalogue.Providers, ", "))
	f.StringVar(&t.edition, "edition", "", "edition of the rules (default "+catalogue.DefaultEdition+"; bucketproof list --editions)")
	f.StringVar(&t.instanceRegion, "instance-aws-region", "", "AWS_REGION of a W&B instance on AWS: lets an address leave its region out")
	f.StringArrayVar(&t.endpoints, "endpoint", nil, "`URL` of the store's service, in the place of the provider's own; or NAME=HOST:PORT: where NAME, or .NAME and all below it, is reached, without DNS (repeatable)")
	f.StringVar(&t.caFile, "ca-file", "", "PEM `file` with CA certificates to trust besides the system's")
	f.StringVar(&t.awsProfile, "aws-profile", "", "profile of the shared AWS configuration, for an address without credentials")
	complete(cmd, "provider", func() []string { return catalogue.Providers })
	complete(cmd, "edition", editionNames)
}

const certifyHelp = `Certify answers whether a bucket will work with W&B, what is missing, and what
mends it. It writes result.json, junit.xml, ctrf.json, summary.md, report.html
and the evidence of every request to the folder named by --out, and with
--sign-key a certificate when the bucket is certified.

All writes lie below one prefix of the run, bucketproof-run-..., and are removed
at the end, also on Ctrl-C; what a crash or a dead network left behind is
removed by "bucketproof sweep". The bucket's configuration is only read. --plan
says what would be sent.

An address with credentials holds those that W&B itself will use: each right is
tried with them, one harmless request an action. They can't read the bucket's
policy or its lifecycle rules: --owner-profile names a second identity that may,
and only reads; --policy FILE and its kin stand in for what nobody here may
read. The report says which of these each answer is from. An address without
credentials (s3://bucket, gs://bucket, az://account/container) is certified as
the bucket's owner, by the provider's usual chain: what W&B may do is judged by
the policy, for the --deployment or --principal that is named. Proxies are taken
from HTTPS_PROXY and NO_PROXY, a session token from AWS_SESSION_TOKEN when
AWS_ACCESS_KEY_ID is the address's key.

--frontend-origin is where people open W&B: browsers there must be let in by
the bucket's CORS rules. Rules for every origin (*) are judged without it; what
hangs on rules that name origins is "not run". --browser has an installed
Chromium put and read an object from a page on that origin, which is served on
this machine alone.

--only-failed checks again what failed, or could not be decided by an error, in
an earlier result of the same bucket, profile and edition, and what it stands
on. The rest is "not run", so that such a run is never certified.

--throughput puts a load on the bucket, within bounds that are printed before it
starts (--plan counts them in), and holds it to the provider's default budget or
to --budget FILE; with --baseline also to the figures of that run. Figures and
charts are in the report, every request in operations.csv.gz beside it.

--embedded certifies a bucket on stores started here, one a provider; --provider
picks one. It needs Node.js with npm for Azure's emulator alone, which is
installed once into your cache folder (BUCKETPROOF_CACHE names another;
BUCKETPROOF_OFFLINE keeps it from being installed). Without it Azure is "not
run". --stores containers tries MinIO, fake-gcs-server and Azurite in containers
instead, whose images "bucketproof stores build" makes; --stores all tries both.
Without a container engine, or an image, they are "not run".`

const certifyExample = `  echo "$ADDRESS" | bucketproof certify - --out report
  bucketproof certify --address-file bucket.address --ca-file corporate-ca.pem
  bucketproof certify s3://my-bucket/wandb --aws-profile storage-admin
  bucketproof certify - --plan < bucket.address
  bucketproof certify - --frontend-origin https://wandb.example.com --browser
  bucketproof certify - --throughput --baseline yesterday/result.json
  bucketproof certify --embedded
  bucketproof certify --embedded --provider gcp
  bucketproof certify --embedded --stores all`

func newCertify(s streams) *cobra.Command {
	var f certifyFlags
	cmd := &cobra.Command{Use: "certify [ADDRESS | -]", Short: "Certify a bucket", Long: certifyHelp, Example: certifyExample,
		Args: cobra.MaximumNArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			f.limited = cmd.Flags().Changed("timeout")
			return f.run(cmd.Context(), s, args)
		}}
	f.source.flags(cmd)
	f.target.flags(cmd)
	f.delivery.flags(cmd)
	f.storeFlags.flags(cmd, "with --embedded, on which stores")
	f.signFlags(cmd)
	f.besides.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.profile, "profile", "", "profile to meet (default: the provider's)")
	fl.BoolVar(&f.plan, "plan", false, "print what would be sent, and touch nothing")
	fl.BoolVar(&f.embedded, "embedded", false, "certify one well-provisioned bucket of each provider on stores started here")
	fl.StringSliceVar(&f.only, "only", nil, "check these requirements alone, and what they stand on (never certifies)")
	fl.DurationVar(&f.timeout, "timeout", run.DefaultLimit, "limit of all checks together; the clean-up has a minute more")
	fl.Int64Var(&f.seed, "seed", 0, "seed of everything random (default: a new one, printed)")
	fl.BoolVar(&f.long, "long", false, "also what takes long: sizes up to 256 MiB")
	fl.StringVar(&f.frontendOrigin, "frontend-origin", "", "`origin` of the W&B front end, such as https://wandb.example.com\n(multi-tenant: https://wandb.ai)")
	fl.BoolVar(&f.browser, "browser", false, "also by a real browser (Chromium or Chrome, installed)")
	fl.BoolVar(&f.throughput, "throughput", false, "also a load: BYOB-RATE (--plan says how much is sent)")
	fl.StringVar(&f.budget, "budget", "", "YAML `FILE` with what the load must reach")
	complete(cmd, "only", requirementIDs)
	complete(cmd, "profile", func() []string { return catalogue.Providers })
	fl.BoolVar(&f.acceptKeep, "accept-retention", false, "write although the bucket's retention keeps it")
	return cmd
}

func (f *certifyFlags) run(ctx context.Context, s streams, args []string) error {
	cat, err := catalogue.Load()
	if err != nil {
		return &exitError{exitErrored, err}
	}
	if f.seed == 0 {
		f.seed = newSeed()
	}
	if f.timeout <= 0 {
		return usage(errors.New("--timeout must be positive"))
	}
	if err := knownIDs(cat, f.only); err != nil {
		return err
	}
	if err := checkOrigin(f.frontendOrigin); err != nil {
		return err
	}
	asked, err := f.load()
	if err != nil {
		return err
	}
	p := newProgress(f.log(s.err), f.quiet)
	o := run.Options{Catalogue: cat, Families: suites.Bucket(), Only: f.only, Seed: f.seed, Program: program(), Limit: f.timeout, Long: f.long, Browser: f.browser,
		Throughput: asked, Notify: p.event, Announce: func(line string) { p.say("note: %s", line) }}
	if f.embedded {
		if len(args) > 0 || f.file != "" {
			return usage(errors.New("--embedded makes its own buckets: it takes no address"))
		}
		if f.profile != "" {
			hint := "--embedded --provider picks one: " + strings.Join(catalogue.Providers, ", ")
			if known(f.profile) {
				hint = "--embedded --provider " + f.profile
			}
			return usage(withHint(errors.New("--embedded meets each provider's own profile: it takes no --profile"), hint))
		}
		if f.given() {
			return usage(errors.New("--embedded makes its own buckets: it takes no documents, and nothing to judge them by"))
		}
		if err := checkNames(f.provider, f.edition); err != nil {
			return err
		}
		if f.plan {
			return usage(errors.New("--plan is for a bucket of yours: --embedded touches none"))
		}
		f.several, f.figuresOnly = true, f.throughput && f.provider != ""
		if err := f.prepare(cat, p); err != nil {
			return err
		}
		f.against(&o)
		return f.certifyEmbedded(ctx, s, p, o)
	}
	if f.stores != "" || f.minio != "" {
		return usage(errors.New("--stores and --minio say what --embedded starts: they are for no bucket of yours"))
	}
	if err := checkNames(f.provider, f.edition); err != nil {
		return err
	}
	raw, err := f.read(s.in, s.err, args)
	if err != nil {
		return err
	}
	t, err := f.resolve(raw)
	if err != nil {
		return err
	}
	t.AcceptRetention = f.acceptKeep
	if t.Documents, err = f.documents(t); err != nil {
		return err
	}
	if t.Owner, err = f.owner(t); err != nil {
		return err
	}
	if o.Again, err = f.onlyFailed(p); err != nil {
		return err
	}
	if f.plan {
		plan, err := run.NewPlan(ctx, t, o)
		if err != nil {
			return usage(err)
		}
		return printPlan(s.out, plan, f.json)
	}
	if err := run.Check(ctx, t, o); err != nil { // before prepare, which takes an earlier report out of its folder
		return usage(err)
	}
	f.comparable = func(r *reports.Result) error { return ofTarget(r, raw, t) }
	if err := f.prepare(cat, p); err != nil {
		return err
	}
	f.against(&o)
	stop := p.interrupted(ctx)
	defer stop()
	done, err := run.Certify(ctx, t, o)
	if err != nil {
		return usage(err)
	}
	return f.deliver(ctx, s, p, []*run.Done{done})
}

// ofTarget says whether an earlier result can be of the bucket that is about to be certified. An address that can't be read has
// findings of its own; one with a part that is hidden names no bucket by itself.
func ofTarget(r *reports.Result, raw string, t run.Target) error {
	a, err := address.Parse(raw, t.Options)
	if err != nil {
		return nil
	}
	profile := t.Profile
	if profile == "" {
		profile = string(a.Provider)
	}
	switch {
	case r.Subject.Kind != run.KindBucket || r.Profile != profile:
		return fmt.Errorf("it is of a %s by profile %q, and this run is of a bucket by profile %q", r.Subject.Kind, r.Profile, profile)
	case r.Subject.Canonical != "" && r.Subject.Canonical != a.Canonical():
		return fmt.Errorf("it is of %q, and this run is of another bucket", r.Subject.Canonical)
	}
	return nil
}

// resolve makes the target of a run from the flags.
func (t *target) resolve(raw string) (run.Target, error) {
	out := run.Target{Address: raw, Profile: t.profile, AWSProfile: t.awsProfile,
		Options: address.Options{Edition: t.edition, Provider: address.Provider(t.provider)}}
	if t.instanceRegion != "" {
		out.Options.Instance = &address.Instance{OnAWS: true, AWSRegion: t.instanceRegion}
	}
	for _, e := range t.endpoints {
		name, to, mapped := strings.Cut(e, "=")
		if !mapped {
			if u, err := url.Parse(e); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || out.Endpoint != "" {
				return out, usage(withHint(errors.New("--endpoint: one URL without credentials, or NAME=HOST:PORT"), "--endpoint https://minio.example.com:9000"))
			}
			out.Endpoint = e
			continue
		}
		if _, _, err := net.SplitHostPort(to); err != nil || name == "" {
			return out, usage(withHint(fmt.Errorf("--endpoint %q: not NAME=HOST:PORT", e), "--endpoint .cwobject.com=10.0.0.7:443"))
		}
		if out.Network.Hosts == nil {
			out.Network.Hosts = map[string]string{}
		}
		out.Network.Hosts[name] = to
	}
	if t.caFile != "" {
		pool, err := trust(t.caFile)
		if err != nil {
			return out, err
		}
		out.Network.RootCAs = pool
	}
	return out, nil
}

// trust adds a file's certificates to the system's.
func trust(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usage(fmt.Errorf("--ca-file: %w", err))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage(withHint(fmt.Errorf("--ca-file %q holds no certificate", file), `it must be PEM: -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der -in FILE`))
	}
	return pool, nil
}

func newSeed() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return int64(binary.LittleEndian.Uint64(b[:]) >> 1)
}
