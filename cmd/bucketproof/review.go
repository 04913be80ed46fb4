package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/suites"
)

// documentLimit is the longest document that is read, in bytes.
const documentLimit = 4 << 20

// reviewFlags are what review is asked for.
type reviewFlags struct {
	needFlags
	delivery
	files map[string]*string // by flag
	plain bool
	only  []string
}

const reviewHelp = `Review judges a bucket's documents alone, before they are set: for a pull request
that changes Terraform. It holds them to the same requirements as certify does and
writes the same reports, but never a certificate: no bucket is seen, and nothing
is sent.

What is not given leaves what hangs on it "not run", and says which flag gives it.
A condition that no document decides (a source address, an endpoint) leaves it
"unverified", and is named.`

const reviewExample = `  bucketproof review --provider aws --deployment dedicated --bucket my-bucket \
    --policy policy.json --cors cors.json --versioning versioning.json
  bucketproof review --provider gcp --deployment multi-tenant --bucket b-1 \
    --cors cors.json --roles iam.json`

// documentFlags are the documents, and what prints each.
var documentFlags = []struct{ name, about string }{
	{"cors", "the CORS rules, as the provider's tool prints them"},
	{"policy", "aws, coreweave: the bucket policy; s3-compatible: the user's"},
	{"key-policy", "aws: the key's policy (aws kms get-key-policy)"},
	{"describe-key", "aws: the key (aws kms describe-key)"},
	{"roles", "gcp: buckets get-iam-policy; azure: role assignment list"},
	{"federated", "azure: az identity federated-credential list"},
	{"account-properties", "azure: az storage account show"},
	{"lifecycle", "the lifecycle rules; {} for none"},
	{"versioning", "s3api get-bucket-versioning, gcloud storage buckets describe,\naz storage account blob-service-properties show"},
}

func newReview(s streams) *cobra.Command {
	f := reviewFlags{files: map[string]*string{}}
	cmd := &cobra.Command{Use: "review", Short: "Judge a bucket's documents without touching a bucket", Long: reviewHelp, Example: reviewExample,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) }}
	f.needFlags.flags(cmd)
	fl := cmd.Flags()
	for _, d := range documentFlags {
		f.files[d.name] = fl.String(d.name, "", "`FILE` with "+d.about)
	}
	fl.BoolVar(&f.plain, "plain-http", false, "the address turns TLS off")
	f.delivery.flags(cmd)
	fl.StringSliceVar(&f.only, "only", nil, "judge these requirements alone, and what they stand on")
	return cmd
}

func (f *reviewFlags) run(ctx context.Context, s streams) error {
	need, err := f.checked()
	if err != nil {
		return err
	}
	need.PlainHTTP = f.plain
	if f.deployment == policy.MultiTenant && f.frontendOrigin == "" {
		f.frontendOrigin = "https://wandb.ai"
	}
	if err := checkOrigin(f.frontendOrigin); err != nil {
		return err
	}
	d := &run.Documents{Need: need, FrontendOrigin: f.frontendOrigin}
	if err := f.read(d); err != nil {
		return err
	}
	cat, err := catalogue.Load()
	if err != nil {
		return &exitError{exitErrored, err}
	}
	if err := knownIDs(cat, f.only); err != nil {
		return err
	}
	p := newProgress(f.log(s.err), f.quiet)
	again, err := f.onlyFailed(p) // before prepare, which takes an earlier report out of its folder
	if err != nil {
		return err
	}
	if err := f.prepare(cat, p); err != nil {
		return err
	}
	done, err := run.Review(ctx, d, run.Options{Catalogue: cat, Again: again, Families: suites.Documents(), Only: f.only, Seed: newSeed(), Program: program(), Notify: p.event})
	if err != nil {
		return usage(err)
	}
	return f.deliver(ctx, s, p, []*run.Done{done})
}

// checkOrigin refuses what no browser sends as the origin of a front end; "" is none given.
func checkOrigin(origin string) error {
	meant, problem := cors.CheckOrigin(origin)
	if origin == "" {
		return nil
	}
	if origin == "*" || origin == "null" {
		meant, problem = "", "it is no one's front end"
	}
	if problem != "" {
		return usage(withHint(fmt.Errorf("--frontend-origin %q: %s", origin, problem), "such as "+orElse(meant, "https://wandb.example.com")))
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// read reads the documents that were given.
func (f *reviewFlags) read(d *run.Documents) error {
	given := 0
	for _, flag := range documentFlags {
		name := *f.files[flag.name]
		if name == "" {
			continue
		}
		given++
		raw, err := document(name)
		if err == nil {
			err = d.Read(flag.name, raw)
		}
		if err != nil {
			return usage(fmt.Errorf("--%s %s: %w", flag.name, name, err))
		}
	}
	if given == 0 {
		return usage(withHint(errors.New("no document"), "--cors FILE, --policy FILE and their kin: bucketproof review --help"))
	}
	return nil
}

// document reads a file of a sensible size.
func document(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, errors.New("there is no such file, or it can't be read")
	case info.IsDir():
		return nil, errors.New("this is a folder")
	case info.Size() > documentLimit:
		return nil, fmt.Errorf("the file is longer than %d bytes: that is no such document", documentLimit)
	}
	return os.ReadFile(name)
}
