// Package prescribe writes down what a bucket needs for W&B: its CORS rules, its policy, the key's policy and the roles, as
// documents, as commands of the provider's own tools, and as Terraform. It is pure, and only writes what reference/cors and
// reference/policy ask for, so that what it prints is judged sound by them. What it is given goes into shell commands and
// Terraform, so everything of another form than the provider's names have is refused.
package prescribe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
)

// Need says for whom and for what bucket.
type Need struct {
	policy.Need
	FrontendOrigin string
	ResourceGroup  string // azure; "" leaves a placeholder
}

// Document is one document of a prescription.
type Document struct {
	Kind string `json:"kind"` // cors, policy, key-policy, roles
	File string `json:"file"`
	Text string `json:"text"`
}

// Prescription is what a bucket needs, three times over.
type Prescription struct {
	Provider   string     `json:"provider"`
	Deployment string     `json:"deployment,omitempty"`
	Edition    string     `json:"edition"`
	Bucket     string     `json:"bucket"`
	Principal  string     `json:"principal,omitempty"`
	Documents  []Document `json:"documents"`
	Commands   string     `json:"commands"`
	Terraform  string     `json:"terraform"`
	Notes      []string   `json:"notes,omitempty"` // what no document holds
}

// Error is a fact that is missing or of the wrong form.
type Error struct{ Problem, Hint string }

func (e *Error) Error() string { return e.Problem }

// forms are what the facts of a Need must look like. None lets a quote, a space or a $ through.
var forms = map[string]*regexp.Regexp{
	"bucket":    regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,220}[A-Za-z0-9]$`),
	"org-id":    regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_=.-]{0,127}$`),
	"kms-key":   regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`),
	"arn":       regexp.MustCompile(`^(arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[A-Za-z0-9_+=,.@/-]+|[0-9]{12})$`),
	"email":     regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$`),
	"id":        regexp.MustCompile(`^[A-Za-z0-9-]+$`),
	"account":   regexp.MustCompile(`^[a-z0-9]{3,24}$`),
	"accountid": regexp.MustCompile(`^[0-9]{12}$`),
}

// Make writes a prescription.
func Make(n Need) (*Prescription, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	who, missing := n.Who()
	if missing != "" && n.Provider != policy.Azure {
		what, flag, _ := strings.Cut(missing, ": ")
		return nil, &Error{what + " is not known", "give " + flag}
	}
	w := &writer{Need: n, who: who, rules: cors.Required(n.Provider, n.Edition, n.FrontendOrigin)}
	w.out = &Prescription{Provider: n.Provider, Deployment: n.Deployment, Edition: n.Edition, Bucket: n.Bucket}
	if n.Provider != policy.S3Compatible {
		w.out.Principal = who
	}
	switch n.Provider {
	case policy.AWS, policy.CoreWeave, policy.S3Compatible:
		w.s3()
	case policy.GCP:
		w.gcp()
	case policy.Azure:
		w.azure()
	}
	if n.FrontendOrigin == "" {
		w.note("The CORS rules let every origin in (*), as W&B's page has them; --frontend-origin names the W&B front end's alone.")
	}
	return w.out, nil
}

// check refuses what is missing or of another form.
func (n *Need) check() error {
	providers := []string{policy.AWS, policy.CoreWeave, policy.GCP, policy.Azure, policy.S3Compatible}
	if !slices.Contains(providers, n.Provider) {
		return &Error{fmt.Sprintf("unknown provider %q", n.Provider), "one of " + strings.Join(providers, ", ")}
	}
	if n.Deployment != "" && !slices.Contains(policy.Deployments, n.Deployment) {
		return &Error{fmt.Sprintf("unknown deployment %q", n.Deployment), "one of " + strings.Join(policy.Deployments, ", ")}
	}
	account, principal := "accountid", "arn"
	switch n.Provider {
	case policy.GCP:
		principal = "email"
	case policy.Azure:
		account, principal = "account", "id"
	}
	for _, f := range []struct {
		flag, form, value string
		needed            bool
	}{
		{"bucket", "bucket", n.Bucket, true},
		{"org-id", "org-id", n.OrgID, n.Provider == policy.CoreWeave},
		{"kms-key", "kms-key", n.KMSKey, false},
		{"account", account, n.Account, n.Provider == policy.Azure || n.KMSKey != ""},
		{"principal", principal, n.Principal, false},
	} {
		switch {
		case f.value == "" && f.needed:
			return &Error{"--" + f.flag + " is missing", why(f.flag, n.Provider)}
		case f.value != "" && !forms[f.form].MatchString(f.value):
			return &Error{fmt.Sprintf("--%s %q is of no form that %s has", f.flag, f.value, n.Provider), why(f.flag, n.Provider)}
		}
	}
	if n.KMSKey != "" && n.Provider != policy.AWS {
		return &Error{"a KMS key is for aws alone", "leave --kms-key out"}
	}
	if meant, problem := cors.CheckOrigin(n.FrontendOrigin); n.FrontendOrigin != "" && (problem != "" || strings.ContainsAny(n.FrontendOrigin, `*"'$ \`+"`")) {
		return &Error{fmt.Sprintf("--frontend-origin %q: %s", n.FrontendOrigin, orWord(problem, "it is no origin of one front end")), "such as " + orWord(meant, "https://wandb.example.com")}
	}
	return nil
}

func orWord(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// why says what a flag's value is and where it stands.
func why(flag, provider string) string {
	switch {
	case flag == "bucket" && provider == policy.Azure:
		return "the container's name: --bucket NAME"
	case flag == "bucket":
		return "--bucket NAME, of letters, digits, dots, hyphens and underscores"
	case flag == "org-id":
		return "W&B's organisation ID (Multi-tenant: in the drawer Create a new team), or the customer namespace (System Console, Authentication)"
	case flag == "account" && provider == policy.Azure:
		return "the storage account: --account NAME"
	case flag == "account":
		return "the account that owns the key and keeps it: --account 111122223333"
	case flag == "kms-key":
		return "the key's whole ARN, arn:aws:kms:<region>:<account>:key/<id>; an alias won't do"
	}
	return map[string]string{policy.GCP: "a service account's e-mail address", policy.Azure: "the identity's client ID"}[provider] +
		map[bool]string{true: "an ARN such as arn:aws:iam::111122223333:role/wandb"}[provider != policy.GCP && provider != policy.Azure]
}

type writer struct {
	Need
	who   string
	rules *cors.Policy
	out   *Prescription
}

func (w *writer) note(s string) { w.out.Notes = append(w.out.Notes, s) }

func (w *writer) document(kind, file string, text []byte) string {
	w.out.Documents = append(w.out.Documents, Document{kind, file, strings.TrimRight(string(text), "\n") + "\n"})
	return string(text)
}

// columns is how wide a command may be, but for what can't be broken.
const columns = 80

// say adds a command, broken before its options where it is too wide.
func (w *writer) say(format string, a ...any) {
	options := strings.Split(fmt.Sprintf(format, a...), " --")
	line := options[0]
	for _, o := range options[1:] {
		if len(line)+len(" --")+len(o)+len(` \`) > columns {
			w.out.Commands += line + " \\\n"
			line = " "
		}
		line += " --" + o
	}
	w.out.Commands += line + "\n"
}

// file adds a command that writes a document into a file. Nothing in it is expanded.
func (w *writer) file(name, text string) {
	w.out.Commands += fmt.Sprintf("cat >%s <<'END'\n%s\nEND\n", name, strings.TrimRight(text, "\n"))
}

// soft reports whether the edition asks for soft deletion.
func (w *writer) soft() bool { return w.Edition == "2026-08" }
