package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/suites"
)

// envDriver names the driver where --driver doesn't.
const envDriver = "BUCKETPROOF_DRIVER"

// conformFlags are what conform is asked for.
type conformFlags struct {
	certifyFlags
	driver    string
	tokenFile string
	buckets   string
	document  bool
	stores    string
	proxy     string
}

const conformHelp = `Conform answers whether a connector keeps W&B's rules: which storage it offers,
where it puts which file, who gets a URL to what, and what that URL is good for.
It moves real bytes: by the connector's driver, an HTTP API (--document prints
it as OpenAPI 3.1), and to the buckets by the URLs that it hands out.

Without --driver it starts the reference connector and stores on this machine,
and proves them. With --driver it proves yours: the operator's token comes from
--token-file, and the buckets that it may use from --buckets, a JSON file:

  {"buckets": ["s3://...", "cw://..."], "caFile": "ca.pem",
   "hosts": {".cwobject.com": "10.0.0.7:443"}}

Three buckets a provider let everything be tried; what is written lies below
bucketproof-run-.../ and is removed at the end; "bucketproof sweep" removes what
a killed run left in a bucket. "bucketproof stores up --buckets 3" makes such a
file. A driver that answers an operation that nobody
knows with anything but 501 unsupported is refused before the first check.
Connectors that make buckets (capability createBucket) need "creators" in that
file: [{"provider": "aws", "id": "...", "secret": "...", "region": "..."}].

--plan says what would be sent. With --sign-key a certified connector gets a
certificate, for its name and its driver's URL; no certificate is made of
buckets on this machine alone, or of hosts that were named for the run.`

func newConform(s streams) *cobra.Command {
	var f conformFlags
	cmd := &cobra.Command{Use: "conform", Short: "Prove a connector", Long: conformHelp, Args: cobra.NoArgs,
		Example: `  bucketproof conform
  bucketproof conform --driver http://127.0.0.1:8080 \
      --token-file operator.token --buckets buckets.json --out report`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.document {
				_, err := s.out.Write(driver.Document)
				return err
			}
			return f.run(cmd.Context(), s)
		}}
	f.delivery.flags(cmd)
	f.signFlags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.driver, "driver", "", "base `URL` of the connector's driver (default "+envDriver+", else the reference)")
	fl.StringVar(&f.tokenFile, "token-file", "", "`file` with the token of the connector's operator")
	fl.StringVar(&f.buckets, "buckets", "", "JSON `file` with the buckets that the connector may use")
	fl.StringVar(&f.stores, "stores", "", "without --buckets, on which stores: "+stores.OnlyEmbedded+" or "+stores.OnlyContainers+"\n(default: BUCKETPROOF_STORES, or embedded)")
	fl.StringVar(&f.proxy, "proxy", "", "be an HTTPS proxy at `HOST:PORT` by which your connector reaches its\nbuckets, so that they can be cut off (BYOB-PLACE-009, BYOB-TEAM-003)")
	fl.BoolVar(&f.document, "document", false, "print the driver's contract, OpenAPI 3.1, and end")
	fl.BoolVar(&f.plan, "plan", false, "print what would be sent, and touch nothing")
	fl.StringVar(&f.edition, "edition", "", "edition of the rules (default "+catalogue.DefaultEdition+"; bucketproof list --editions)")
	fl.StringVar(&f.caFile, "ca-file", "", "PEM `file` with CA certificates to trust for the driver besides the system's")
	fl.StringSliceVar(&f.only, "only", nil, "check these requirements alone, and what they stand on (never certifies)")
	fl.DurationVar(&f.timeout, "timeout", run.DefaultLimit, "limit of the whole run")
	fl.Int64Var(&f.seed, "seed", 0, "seed of everything random (default: a new one, printed)")
	return cmd
}

func (f *conformFlags) run(ctx context.Context, s streams) (err error) {
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
	if f.driver == "" {
		f.driver = os.Getenv(envDriver)
	}
	if f.plan {
		return f.printPlan(ctx, s, cat)
	}
	token, err := f.token()
	if err != nil {
		return err
	}
	p := newProgress(f.log(s.err), f.quiet)
	again, err := f.onlyFailed(p) // before prepare, which takes an earlier report out of its folder
	if err != nil {
		return err
	}
	o := run.Options{Catalogue: cat, Families: suites.Connector(), Only: f.only, Seed: f.seed, Program: program(), Limit: f.timeout, Notify: p.event}
	if f.onlyFailedFile != "" && f.driver == "" {
		return usage(withHint(errors.New("--only-failed is for a connector of yours: the reference is another one in each run"), "name it by --driver URL, or the requirements by --only"))
	}
	if err := f.prepare(cat, p); err != nil {
		return err
	}
	o.Again = again
	y, closing, err := f.yard(ctx, p)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := closing(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	target := run.ConnectorTarget{URL: f.driver, Token: token, Edition: f.edition, Yard: y}
	if f.caFile != "" {
		if target.Network.RootCAs, err = trust(f.caFile); err != nil {
			return err
		}
	}
	if f.driver == "" {
		reference, err := yard.Reference(ctx, y, nil, nil)
		if err != nil {
			return &exitError{exitErrored, err}
		}
		defer func() { _ = reference.Close() }()
		target.URL, target.Token, target.Network = reference.URL, reference.Token, wire.Network{Closed: true}
	}
	stop := p.interrupted(ctx)
	defer stop()
	d, err := run.ConformConnector(ctx, target, o)
	if err != nil {
		return refused(err)
	}
	return f.deliver(ctx, s, p, []*run.Done{d})
}

// printPlan says what the run would send. It starts no store, and asks neither the connector nor a bucket.
func (f *conformFlags) printPlan(ctx context.Context, s streams, cat *catalogue.Catalogue) error {
	target := run.ConnectorTarget{URL: f.driver, Edition: f.edition}
	if f.buckets != "" {
		y, err := yard.Open(ctx, f.buckets)
		if err != nil {
			return usage(fmt.Errorf("--buckets: %w", err))
		}
		target.Yard = y
	} else if f.driver != "" {
		return usage(withHint(errors.New("no buckets to plan for"), "give --buckets FILE: how much is sent depends on them"))
	}
	plan, err := run.NewConnectorPlan(target, run.Options{Catalogue: cat, Families: suites.Connector(), Only: f.only, Program: program()})
	if err != nil {
		return usage(err)
	}
	return printPlan(s.out, plan, f.json)
}

// token reads the operator's token.
func (f *conformFlags) token() (string, error) {
	if f.driver == "" {
		if f.tokenFile != "" || f.buckets != "" || f.proxy != "" {
			return "", usage(withHint(errors.New("--token-file, --buckets and --proxy are for a connector of yours"), "name it by --driver URL"))
		}
		return "", nil
	}
	if f.tokenFile == "" {
		return "", usage(withHint(errors.New("no token for the driver"), "write the operator's token into a file, and give --token-file FILE"))
	}
	text, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return "", usage(fmt.Errorf("--token-file: %w", err))
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", usage(fmt.Errorf("--token-file %s is empty", f.tokenFile))
	}
	if f.buckets == "" {
		return "", usage(withHint(errors.New("no buckets for the connector"), "give --buckets FILE; \"bucketproof stores up --buckets 3\" makes one to play with"))
	}
	return token, nil
}

// yard gets the buckets.
func (f *conformFlags) yard(ctx context.Context, p *progress) (*run.Yard, func() error, error) {
	if f.buckets != "" && f.stores != "" {
		return nil, nil, usage(errors.New("--stores says what is started here: with --buckets nothing is"))
	}
	if f.buckets != "" {
		y, err := yard.Open(ctx, f.buckets)
		if err != nil {
			return nil, nil, usage(fmt.Errorf("--buckets: %w", err))
		}
		if f.proxy == "" {
			return y, func() error { return nil }, nil
		}
		proxy, err := stores.NewProxy(f.proxy, y.Network)
		if err != nil {
			return nil, nil, usage(fmt.Errorf("--proxy: %w", err))
		}
		for _, l := range y.Lots {
			cutBy(l, proxy)
		}
		p.say("proxy: HTTPS_PROXY=%s", proxy.URL)
		return y, proxy.Close, nil
	}
	on, err := onlyKind(storeFlags{stores: f.stores})
	if err != nil {
		return nil, nil, usage(err)
	}
	p.say("starting stores, and buckets on each")
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{On: on, Progress: func(line string) { p.say("%s", line) }})
	if err != nil {
		return nil, nil, &exitError{exitErrored, err}
	}
	y, closing, err := yard.Embedded(ctx, host, catalogue.Providers)
	if err != nil {
		return nil, nil, &exitError{exitErrored, errors.Join(err, host.Close())}
	}
	for provider, why := range y.Missing {
		p.say("%s: not tried: %s", provider, why)
	}
	return y, func() error { return errors.Join(closing(), host.Close()) }, nil
}

// cutBy lets a bucket be cut off where a proxy leads to its host. What goes to an address of this machine goes past most
// proxies, and plain http past this one: then the connector is not seen to come by it.
func cutBy(l *run.Lot, proxy *stores.Tunnel) {
	u, err := url.Parse(l.Address.ServiceURL())
	if err != nil || u.Scheme != "https" {
		return
	}
	host := u.Host
	if !l.Address.PathStyle && l.Provider != "azure" && l.Provider != "gcp" {
		host = l.Address.Bucket + "." + host
	}
	if u.Port() == "" {
		host += ":443"
	}
	l.Host = host
	l.Cut = func(off bool) { proxy.Cut(host, off) }
	l.Through = func() bool { return proxy.Used(host) }
}

// refused says why a connector could not be put under test, and what to do.
func refused(err error) error {
	r := (*driver.RefusedError)(nil)
	if !errors.As(err, &r) {
		return usage(err)
	}
	switch r.Cause {
	case driver.CauseUnreachable:
		return &exitError{exitErrored, withHint(err, "is the connector running, and is --driver its address? A certificate of your own CA needs --ca-file")}
	case driver.CauseToken:
		return usage(withHint(err, "--token-file must hold the operator's token of this very connector, in one line"))
	}
	return usage(withHint(err, "is --driver the driver's URL, and not W&B's own API? \"bucketproof conform --document\" prints the contract"))
}

// bucketsFile is the file by which conform finds embedded buckets.
const bucketsFile = "buckets.json"

// proxyWords says how another process reaches embedded stores under the providers' names.
func proxyWords(proxy, dir string) string {
	return fmt.Sprintf("# the connector's environment, so that it finds the stores under the providers' names\nexport HTTPS_PROXY=%s SSL_CERT_FILE=%s\n\n# then\nbucketproof conform --driver URL --token-file FILE --buckets %s\n",
		proxy, filepath.Join(dir, "ca.pem"), filepath.Join(dir, bucketsFile))
}
