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
	"github.com/bucketproof/bucketproof/reference/retention"
	"github.com/bucketproof/bucketproof/suites"
)

// documentLimit is the longest document that is read, in bytes.
const documentLimit = 4 << 20

// reviewFlags are what review is asked for.
type reviewFlags struct {
	needFlags
	files map[string]*string // by flag
	plain bool
	out   string
	json  bool
	quiet bool
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
	fl.StringVar(&f.out, "out", "bucketproof-report", "`folder` for the reports")
	fl.BoolVar(&f.json, "json", false, "print the result as JSON instead of words")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on standard error")
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
	if meant, problem := cors.CheckOrigin(f.frontendOrigin); f.frontendOrigin != "" && problem != "" {
		return usage(withHint(fmt.Errorf("--frontend-origin %q: %s", f.frontendOrigin, problem), "such as "+orElse(meant, "https://wandb.example.com")))
	}
	d := &run.Documents{Need: need, FrontendOrigin: f.frontendOrigin}
	if err := f.read(d); err != nil {
		return err
	}
	cat, err := catalogue.Load()
	if err != nil {
		return &exitError{exitErrored, err}
	}
	if err := claim(f.out); err != nil {
		return err
	}
	p := newProgress(s.err, f.quiet)
	done, err := run.Review(ctx, d, run.Options{Catalogue: cat, Families: suites.Documents(), Only: f.only, Seed: newSeed(), Program: program(), Notify: p.event})
	if err != nil {
		return usage(err)
	}
	c := certifyFlags{out: f.out, json: f.json, seed: done.Result.Run.Seed}
	return c.finish(s, p, []*run.Done{done})
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// read reads the documents that were given. A CORS or policy document that its provider doesn't take is a finding; the
// others are the provider's own descriptions of what there is, and one that can't be read is a mistake of the call.
func (f *reviewFlags) read(d *run.Documents) error {
	given := 0
	var failed error
	with := func(flag string, providers []string, parse func([]byte) error) {
		name := *f.files[flag]
		if name == "" || failed != nil {
			return
		}
		given++
		if !contains(providers, d.Provider) {
			failed = usage(withHint(fmt.Errorf("--%s is not for %s", flag, d.Provider), "bucketproof review --help says which documents each provider has"))
			return
		}
		raw, err := document(name)
		if err == nil {
			err = parse(raw)
		}
		if err != nil {
			failed = usage(fmt.Errorf("--%s %s: %w", flag, name, err))
		}
	}
	all := catalogue.Providers
	s3 := []string{policy.AWS, policy.CoreWeave, policy.S3Compatible}
	with("cors", all, func(raw []byte) error {
		d.CORS, d.CORSError = cors.Read(d.Provider, raw)
		return nil
	})
	with("policy", s3, func(raw []byte) error {
		d.Access.Bucket, d.PolicyError = policy.Parse(d.Provider, policy.Bucket, raw)
		return nil
	})
	with("key-policy", []string{policy.AWS}, func(raw []byte) error {
		d.Access.Key, d.KeyError = policy.Parse(d.Provider, policy.Key, raw)
		return nil
	})
	with("describe-key", []string{policy.AWS}, func(raw []byte) (err error) {
		d.Access.KeyState, err = policy.ParseKeyState(raw)
		return err
	})
	with("roles", []string{policy.GCP, policy.Azure}, func(raw []byte) (err error) {
		if d.Provider == policy.GCP {
			d.Access.Bindings, err = policy.ParseBindings(raw)
			return err
		}
		d.Access.Assignments, err = policy.ParseAssignments(raw)
		return err
	})
	with("federated", []string{policy.Azure}, func(raw []byte) (err error) {
		d.Access.Federated, err = policy.ParseFederated(raw)
		return err
	})
	with("account-properties", []string{policy.Azure}, func(raw []byte) (err error) {
		d.Access.Account, err = policy.ParseAccount(raw)
		return err
	})
	with("lifecycle", all, func(raw []byte) (err error) {
		d.Retention.Lifecycle, err = retention.ParseLifecycle(d.Provider, raw)
		return err
	})
	with("versioning", all, func(raw []byte) (err error) {
		d.Retention.State, err = retention.ParseState(d.Provider, raw)
		return err
	})
	if failed == nil && given == 0 {
		return usage(withHint(errors.New("no document"), "--cors FILE, --policy FILE and their kin: bucketproof review --help"))
	}
	return failed
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
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
