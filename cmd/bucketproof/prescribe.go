package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/prescribe"
)

// needFlags are the facts about a bucket that prescribe and review share.
type needFlags struct {
	provider, edition, deployment string
	bucket, path, orgID           string
	principal, kmsKey, account    string
	frontendOrigin                string
}

func (n *needFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.provider, "provider", "", "the provider: "+strings.Join(catalogue.Providers, ", "))
	f.StringVar(&n.edition, "edition", catalogue.DefaultEdition, "edition of the rules (bucketproof list --editions)")
	f.StringVar(&n.deployment, "deployment", "", "W&B's deployment: "+strings.Join(policy.Deployments, ", "))
	f.StringVar(&n.bucket, "bucket", "", "the bucket's `name`, or the container's")
	f.StringVar(&n.path, "path", "", "sub-`path` in the bucket that W&B is given")
	f.StringVar(&n.orgID, "org-id", "", "coreweave: W&B's organisation `ID`, or the customer namespace")
	f.StringVar(&n.principal, "principal", "", "who W&B comes as where the deployment doesn't decide it: an ARN,\na service account's e-mail address, a managed identity's client ID")
	f.StringVar(&n.kmsKey, "kms-key", "", "aws: `ARN` of the KMS key that the configuration names")
	f.StringVar(&n.account, "account", "", "aws: the owner's account ID; azure: the storage account")
	f.StringVar(&n.frontendOrigin, "frontend-origin", "", "`origin` of the W&B front end, such as https://wandb.example.com\n(multi-tenant: https://wandb.ai)")
}

// checked are the facts, with what the words mean that were given.
func (n *needFlags) checked() (policy.Need, error) {
	cat, err := catalogue.Load()
	if err != nil {
		return policy.Need{}, &exitError{exitErrored, err}
	}
	if n.provider == "" {
		return policy.Need{}, usage(withHint(errors.New("--provider is missing"), "one of "+strings.Join(catalogue.Providers, ", ")))
	}
	if _, err := cat.Profile(catalogue.Selection{Profile: "documents", Provider: n.provider, Edition: n.edition}); err != nil {
		return policy.Need{}, usage(err)
	}
	return policy.Need{Provider: n.provider, Edition: n.edition, Deployment: n.deployment, Bucket: n.bucket, Path: strings.Trim(n.path, "/"),
		OrgID: n.orgID, Principal: n.principal, KMSKey: n.kmsKey, Account: n.account}, nil
}

const prescribeHelp = `Prescribe prints what a bucket needs for W&B: its CORS rules, its policy, the
key's policy and the roles, complete. As documents, as commands of the
provider's own tools, or as Terraform. Nothing is sent, and nothing is changed.

A policy and CORS rules replace those that are there: add your own to them
before you set them. What is printed passes "bucketproof review".

With an address, --diff reads the bucket and prints what is missing on it (exit
code 1 if anything is), and --apply puts that there: CORS rules on every
provider, the bucket policy on aws and coreweave, the role binding on gcp. It
only adds: what is there stays, also what denies, and what it can't read it
doesn't write. It asks first, unless --yes is given; it reads each document again
before and after it writes it, and puts the former one back where the store made
something else of it. On azure CORS rules are the account's, for all its
containers. Google refuses to overwrite what another has changed in between; on
the others that is looked for before each write, and seen after it.
The address is read as in certify, and must act as the bucket's owner.`

const prescribeExample = `  bucketproof prescribe --provider aws --deployment dedicated --bucket b
  bucketproof prescribe --provider coreweave --deployment multi-tenant \
    --bucket b --org-id ID --as commands
  bucketproof prescribe --provider gcp --deployment dedicated --bucket b \
    --as terraform >wandb.tf
  bucketproof prescribe s3://my-bucket --deployment dedicated --diff
  bucketproof prescribe s3://my-bucket --deployment dedicated --apply`

func newPrescribe(s streams) *cobra.Command {
	var n needFlags
	var apply applyFlags
	var as, group string
	var asJSON bool
	cmd := &cobra.Command{Use: "prescribe [ADDRESS | -]", Short: "Print what a bucket needs: policy, CORS, commands; or apply it", Long: prescribeHelp,
		Example: prescribeExample, Args: cobra.MaximumNArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case apply.asked():
				return apply.run(cmd.Context(), s, n, args)
			case len(args) > 0 || apply.file != "":
				return usage(withHint(errors.New("an address is for --diff and --apply"), "without them --provider and --bucket say what is meant"))
			case apply.yes || len(apply.only) > 0:
				return usage(errors.New("--yes and --only are for --apply"))
			}
			need, err := n.checked()
			if err != nil {
				return err
			}
			p, err := prescribe.Make(prescribe.Need{Need: need, FrontendOrigin: n.frontendOrigin, ResourceGroup: group})
			if err != nil {
				return prescribeError(err)
			}
			if asJSON {
				enc := json.NewEncoder(s.out)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(p)
			}
			return printPrescription(s, p, as)
		}}
	n.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&as, "as", "documents", "what to print: documents, commands, terraform")
	f.StringVar(&group, "resource-group", "", "azure: the account's resource group")
	f.BoolVar(&asJSON, "json", false, "print all three as JSON")
	apply.flags(cmd)
	return cmd
}

// prescribeError is a mistake in what was given, with its hint.
func prescribeError(err error) error {
	if e := (*prescribe.Error)(nil); errors.As(err, &e) {
		return usage(withHint(e, e.Hint))
	}
	return usage(err)
}

// printPrescription prints the one that was asked for; the notes, which are no part of it, go where messages go when a
// program is likely to read the rest.
func printPrescription(s streams, p *prescribe.Prescription, as string) error {
	notes := s.err
	switch as {
	case "documents":
		for _, d := range p.Documents {
			fmt.Fprintf(s.out, "%s (%s)\n\n%s\n", titles[d.Kind], d.File, d.Text)
		}
		notes = s.out
	case "commands":
		fmt.Fprint(s.out, p.Commands)
	case "terraform":
		fmt.Fprint(s.out, p.Terraform)
	default:
		return usage(withHint(fmt.Errorf("--as %q is unknown", cut(as, 40)), "one of documents, commands, terraform"))
	}
	printNotes(notes, p.Notes)
	return nil
}

// titles are what documents are called.
var titles = map[string]string{"cors": "CORS rules", "policy": "Policy", "key-policy": "Key policy", "roles": "Roles"}

func printNotes(w io.Writer, notes []string) {
	for _, note := range notes {
		fmt.Fprintf(w, "note: %s\n", strings.TrimLeft(indent(note, 6), " "))
	}
}
