package prescribe_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/prescribe"
)

const key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// needs are all combinations that there are.
func needs() []prescribe.Need {
	var out []prescribe.Need
	for _, provider := range []string{policy.AWS, policy.CoreWeave, policy.GCP, policy.Azure, policy.S3Compatible} {
		for _, deployment := range policy.Deployments {
			for _, edition := range []string{"2024-connector", "2024-byob", "2025-09", "2026-08"} {
				for _, origin := range []string{"", "https://wandb.example.com"} {
					for _, kms := range []string{"", key} {
						n := prescribe.Need{FrontendOrigin: origin}
						n.Provider, n.Deployment, n.Edition, n.Bucket = provider, deployment, edition, "my-bucket"
						switch {
						case kms != "" && provider != policy.AWS:
							continue
						case provider == policy.AWS:
							n.KMSKey, n.Account = kms, "111122223333"
							n.Principal = map[string]string{policy.SelfManaged: "arn:aws:iam::444455556666:role/wandb"}[deployment]
						case provider == policy.CoreWeave:
							n.OrgID = "org1"
						case provider == policy.GCP:
							n.Principal = map[string]string{policy.SelfManaged: "wandb@project.iam.gserviceaccount.com"}[deployment]
						case provider == policy.Azure:
							n.Account, n.Principal = "acct", "11111111-2222-3333-4444-555555555555"
						}
						out = append(out, n)
					}
				}
			}
		}
	}
	return out
}

// judged is what is broken in some documents, by kind; whatever the judges know is asked of them.
func judged(t *testing.T, n prescribe.Need, documents map[string]string) (broken []string) {
	t.Helper()
	var findings []finding.Finding
	if text, ok := documents["cors"]; ok {
		p, err := cors.Parse(n.Provider, []byte(text))
		if err != nil {
			t.Fatalf("cors: %v\n%s", err, text)
		}
		findings = append(findings, cors.Judge(p, cors.Need{Provider: n.Provider, FrontendOrigin: "https://wandb.example.com", Edition: n.Edition})...)
	}
	docs := policy.Documents{}
	var err error
	fail := func() {
		if err != nil {
			t.Fatalf("%v\n%v", err, documents)
		}
	}
	if text, ok := documents["policy"]; ok {
		kind := policy.Bucket
		if n.Provider == policy.S3Compatible {
			kind = policy.Identity
		}
		docs.Bucket, err = policy.Parse(n.Provider, kind, []byte(text))
		fail()
	}
	if text, ok := documents["key-policy"]; ok {
		docs.Key, err = policy.Parse(n.Provider, policy.Key, []byte(text))
		fail()
	}
	if text, ok := documents["roles"]; ok && n.Provider == policy.GCP {
		docs.Bindings, err = policy.ParseBindings([]byte(text))
		fail()
	} else if ok {
		docs.Assignments, err = policy.ParseAssignments([]byte(text))
		fail()
	}
	findings = append(findings, policy.Judge(docs, n.Need)...)
	seen := 0
	for _, f := range findings {
		if f.State == finding.Broken || f.State == finding.Open {
			broken = append(broken, fmt.Sprintf("%s: %s: %s", f.Requirement, f.What, f.Actual))
		}
		if f.State == finding.Holds && !f.Control {
			seen++
		}
	}
	if seen == 0 {
		broken = append(broken, "nothing was seen to hold")
	}
	return broken
}

var heredoc = regexp.MustCompile(`(?s)cat >(\S+) <<'END'\n(.*?)\nEND\n`)

func TestWhatIsPrescribedIsSoundInAllCombinations(t *testing.T) {
	all := needs()
	if len(all) != 3*4*2*6 {
		t.Fatalf("%d combinations, want %d", len(all), 3*4*2*6)
	}
	for _, n := range all {
		name := fmt.Sprintf("%s %s %s origin %q key %t", n.Provider, n.Deployment, n.Edition, n.FrontendOrigin, n.KMSKey != "")
		p, err := prescribe.Make(n)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kinds := map[string]string{}
		for _, d := range p.Documents {
			kinds[d.Kind] = d.Text
		}
		if got := judged(t, n, kinds); len(got) > 0 {
			t.Errorf("%s: the documents are broken: %v", name, got)
		}
		commands, rest := map[string]string{}, heredoc.ReplaceAllString(p.Commands, "")
		for _, m := range heredoc.FindAllStringSubmatch(p.Commands, -1) {
			kind := strings.TrimSuffix(strings.TrimSuffix(m[1], ".json"), ".xml")
			commands[kind] = m[2]
			if !strings.Contains(rest, m[1]) {
				t.Errorf("%s: the commands write %s and do nothing with it", name, m[1])
			}
		}
		if n.Provider != policy.Azure { // there CORS and roles are arguments
			if got := judged(t, n, commands); len(got) > 0 {
				t.Errorf("%s: the commands are broken: %v", name, got)
			}
		}
		for _, line := range strings.Split(rest, "\n") {
			if len(line) > 80 && strings.Contains(strings.TrimPrefix(line, "  --"), " --") {
				t.Errorf("%s: a command of %d columns could be broken: %s", name, len(line), line)
			}
		}
		if strings.ContainsAny(rest, "$`") {
			t.Errorf("%s: a shell would expand something in\n%s", name, rest)
		}
		if got := judged(t, n, fromTerraform(t, n, p.Terraform)); len(got) > 0 {
			t.Errorf("%s: the Terraform is broken: %v\n%s", name, got, p.Terraform)
		}
	}
}

// fromTerraform takes the documents out of a Terraform file, as far as they are in it.
func fromTerraform(t *testing.T, n prescribe.Need, text string) map[string]string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "main.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	out := map[string]string{}
	ctx := &hcl.EvalContext{Functions: map[string]function.Function{"jsonencode": stdlib.JSONEncodeFunc}}
	value := func(b *hclsyntax.Body, name string) cty.Value {
		v, diags := b.Attributes[name].Expr.Value(ctx)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", name, diags)
		}
		return v
	}
	words := func(b *hclsyntax.Body, name string) string {
		var items []string
		for _, v := range value(b, name).AsValueSlice() {
			items = append(items, `"`+v.AsString()+`"`)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var bindings []string
	var blocks func(b *hclsyntax.Body)
	blocks = func(b *hclsyntax.Body) {
		for _, block := range b.Blocks {
			kind := block.Type
			if len(block.Labels) > 0 {
				kind = block.Labels[0]
			}
			switch kind {
			case "aws_s3_bucket_policy", "minio_iam_policy":
				out["policy"] = value(block.Body, "policy").AsString()
			case "aws_kms_key_policy":
				out["key-policy"] = value(block.Body, "policy").AsString()
			case "cors_rule":
				age := map[bool]string{true: "max_age_in_seconds", false: "max_age_seconds"}[n.Provider == policy.Azure]
				seconds := value(block.Body, age).AsBigFloat().String()
				if n.Provider == policy.Azure {
					out["cors"] = fmt.Sprintf(`[{"AllowedHeaders": %s, "AllowedMethods": %s, "AllowedOrigins": %s, "ExposedHeaders": %s, "MaxAgeInSeconds": %s}]`, words(block.Body, "allowed_headers"),
						words(block.Body, "allowed_methods"), words(block.Body, "allowed_origins"), words(block.Body, "exposed_headers"), seconds)
				} else {
					out["cors"] = fmt.Sprintf(`[{"AllowedHeaders": %s, "AllowedMethods": %s, "AllowedOrigins": %s, "ExposeHeaders": %s, "MaxAgeSeconds": %s}]`, words(block.Body, "allowed_headers"),
						words(block.Body, "allowed_methods"), words(block.Body, "allowed_origins"), words(block.Body, "expose_headers"), seconds)
				}
			case "cors":
				out["cors"] = fmt.Sprintf(`[{"origin": %s, "method": %s, "responseHeader": %s, "maxAgeSeconds": %s}]`, words(block.Body, "origin"), words(block.Body, "method"),
					words(block.Body, "response_header"), value(block.Body, "max_age_seconds").AsBigFloat().String())
			case "google_storage_bucket_iam_member":
				out["roles"] = fmt.Sprintf(`{"bindings": [{"role": %q, "members": [%q]}]}`, value(block.Body, "role").AsString(), value(block.Body, "member").AsString())
			case "azurerm_role_assignment":
				bindings = append(bindings, fmt.Sprintf(`{"roleDefinitionName": %q, "principalId": %q, "scope": "/subscriptions/s"}`, value(block.Body, "role_definition_name").AsString(),
					value(block.Body, "principal_id").AsString()))
				out["roles"] = "[" + strings.Join(bindings, ",") + "]"
			}
			blocks(block.Body)
		}
	}
	blocks(file.Body.(*hclsyntax.Body))
	if out["cors"] == "" || n.Provider != policy.GCP && n.Provider != policy.Azure && out["policy"] == "" || n.KMSKey != "" && out["key-policy"] == "" {
		t.Fatalf("documents are missing from\n%s", text)
	}
	return out
}

func TestWhatIsMissingOrCouldBreakOutIsRefused(t *testing.T) {
	good := prescribe.Need{}
	good.Provider, good.Deployment, good.Edition, good.Bucket = policy.AWS, policy.Dedicated, "2025-09", "b-1"
	for _, c := range []struct {
		name   string
		change func(*prescribe.Need)
		want   string
	}{
		{"no bucket", func(n *prescribe.Need) { n.Bucket = "" }, "--bucket is missing"},
		{"a bucket with a quote", func(n *prescribe.Need) { n.Bucket = `b"; rm` }, "is of no form"},
		{"a bucket with an expansion", func(n *prescribe.Need) { n.Bucket = "b${x}" }, "is of no form"},
		{"another provider", func(n *prescribe.Need) { n.Provider = "minio" }, "unknown provider"},
		{"another deployment", func(n *prescribe.Need) { n.Deployment = "saas" }, "unknown deployment"},
		{"no deployment", func(n *prescribe.Need) { n.Deployment = "" }, "W&B's deployment is not known"},
		{"Self-managed without principal", func(n *prescribe.Need) { n.Deployment = policy.SelfManaged }, "principal"},
		{"a key by alias", func(n *prescribe.Need) {
			n.Account = "111122223333"
			n.KMSKey = "arn:aws:kms:us-east-1:111122223333:alias/x"
		}, "is of no form"},
		{"a key without its owner", func(n *prescribe.Need) { n.KMSKey = key }, "--account is missing"},
		{"a key elsewhere", func(n *prescribe.Need) {
			n.Provider, n.OrgID, n.KMSKey, n.Account = policy.CoreWeave, "o", key, "111122223333"
		}, "for aws alone"},
		{"CoreWeave without organisation", func(n *prescribe.Need) { n.Provider = policy.CoreWeave }, "--org-id is missing"},
		{"Azure without account", func(n *prescribe.Need) { n.Provider = policy.Azure }, "--account is missing"},
		{"an origin with a slash", func(n *prescribe.Need) { n.FrontendOrigin = "https://wandb.example.com/" }, "it ends in a slash"},
		{"an origin with a quote", func(n *prescribe.Need) { n.FrontendOrigin = "https://wandb.example.com'" }, "--frontend-origin"},
		{"an origin with a *", func(n *prescribe.Need) { n.FrontendOrigin = "https://*.example.com" }, "no origin of one front end"},
	} {
		n := good
		c.change(&n)
		_, err := prescribe.Make(n)
		if e := (*prescribe.Error)(nil); !errors.As(err, &e) || !strings.Contains(e.Problem, c.want) || e.Hint == "" {
			t.Errorf("%s: got %v, want an error with %q and a hint", c.name, err, c.want)
		}
	}
	if _, err := prescribe.Make(good); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}
