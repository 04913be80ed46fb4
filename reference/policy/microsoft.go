package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// Assignments are Azure's role assignments that reach a storage account.
type Assignments struct{ List []Assignment }

// Assignment gives a role to a principal in a scope.
type Assignment struct{ Role, PrincipalID, PrincipalName, Scope, Condition string }

// Federated are the federated credentials of a managed identity.
type Federated struct{ List []FederatedCredential }

// FederatedCredential lets a Kubernetes service account act as a managed identity.
type FederatedCredential struct {
	Name, Issuer, Subject string
	Audiences             []string
}

// Account is what of a storage account's properties concerns W&B; nil is Azure's default, which allows the key and, on
// accounts made since 2023, no public access.
type Account struct{ SharedKey, PublicAccess *bool }

// objects reads a list of objects, whose other properties don't matter: Azure's tools print many.
func objects(document []byte, what, by string, needs ...string) ([]*tree.Node, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind != tree.Array {
		return nil, &Error{Problem: fmt.Sprintf("%s are a list, and this is %s", what, n.Kind), Fix: "give what " + by + " prints"}
	}
	for i, item := range n.Items {
		for _, key := range needs {
			if item.Kind != tree.Object || item.Get(key) == nil {
				return nil, &Error{Statement: i + 1, Field: key, Problem: "is missing", Fix: "give what " + by + " prints"}
			}
		}
	}
	return n.Items, nil
}

func textOf(n *tree.Node, key string) string {
	if m := n.Get(key); m != nil && m.Kind == tree.String {
		return m.Text
	}
	return ""
}

// ParseAssignments reads what "az role assignment list --scope ACCOUNT" prints.
func ParseAssignments(document []byte) (*Assignments, error) {
	items, err := objects(document, "role assignments", "az role assignment list --scope <account-id> -o json", "roleDefinitionName", "principalId", "scope")
	if err != nil {
		return nil, err
	}
	out := &Assignments{}
	for _, n := range items {
		out.List = append(out.List, Assignment{textOf(n, "roleDefinitionName"), textOf(n, "principalId"), textOf(n, "principalName"), textOf(n, "scope"), textOf(n, "condition")})
	}
	return out, nil
}

// ParseFederated reads what "az identity federated-credential list" prints.
func ParseFederated(document []byte) (*Federated, error) {
	items, err := objects(document, "federated credentials", "az identity federated-credential list -o json", "issuer", "subject", "audiences")
	if err != nil {
		return nil, err
	}
	out := &Federated{}
	for _, n := range items {
		audiences, err := n.Get("audiences").Strings()
		if err != nil {
			return nil, &Error{Field: "audiences", Problem: err.Error()}
		}
		out.List = append(out.List, FederatedCredential{textOf(n, "name"), textOf(n, "issuer"), textOf(n, "subject"), audiences})
	}
	return out, nil
}

// ParseAccount reads what "az storage account show" prints.
func ParseAccount(document []byte) (*Account, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind != tree.Object || n.Get("allowBlobPublicAccess") == nil {
		return nil, &Error{Field: "allowBlobPublicAccess", Problem: "is missing", Fix: "give what az storage account show -o json prints"}
	}
	boolean := func(key string) *bool {
		if m := n.Get(key); m != nil && m.Kind == tree.Bool {
			b := m.Text == "true"
			return &b
		}
		return nil
	}
	return &Account{SharedKey: boolean("allowSharedKeyAccess"), PublicAccess: boolean("allowBlobPublicAccess")}, nil
}

// azureRoles are the roles that a managed identity needs, one set or another: the Terraform module's, and from 2026-08 on the
// page's ("Provision your bucket, Azure, workload identity").
func azureRoles(edition string) [][]string {
	sets := [][]string{{"Storage Account Contributor", "Storage Blob Data Owner"}}
	if edition == "2026-08" {
		sets = append(sets, []string{"Reader", "Storage Blob Data Contributor"})
	}
	return sets
}

// implied says what roles hold of others (Azure built-in roles for storage).
var implied = map[string][]string{
	"Owner":                   {"Storage Account Contributor", "Reader"},
	"Contributor":             {"Storage Account Contributor", "Reader"},
	"Storage Blob Data Owner": {"Storage Blob Data Contributor"},
}

// assignments judges PERM-015: the account's key where there is no managed identity, else its roles and its federation.
func (j *judge) assignments() {
	const id = "BYOB-PERM-015"
	if j.docs.Assignments == nil && j.docs.Federated == nil && j.docs.Account != nil {
		f := finding.Finding{Requirement: id, State: finding.Holds, What: "access by the account's key", Expected: "allowed", Actual: "allowed"}
		if k := j.docs.Account.SharedKey; k != nil && !*k {
			f.State, f.Actual = finding.Broken, "allowSharedKeyAccess is false"
			f.Fix = fmt.Sprintf("az storage account update --resource-group <resource-group> --name %s --allow-shared-key-access true", placeholder(j.n.Account, "account"))
		}
		j.add(f)
		return
	}
	if j.docs.Assignments == nil {
		j.notGiven("the role assignments: --roles FILE (az role assignment list), or --account-properties FILE for access by key", id)
	} else {
		j.roles(id)
	}
	if j.docs.Federated == nil {
		j.notGiven("the identity's federation: --federated FILE (az identity federated-credential list)", id)
		return
	}
	j.federation(id)
}

func (j *judge) roles(id string) {
	who := j.n.Principal
	held := map[string]bool{}
	var names, conditions []string
	principals := map[string]bool{}
	for _, a := range j.docs.Assignments.List {
		principals[a.PrincipalID] = true
		if who != "" && !strings.EqualFold(a.PrincipalID, who) && !strings.EqualFold(a.PrincipalName, who) {
			continue
		}
		if !j.inScope(a.Scope) {
			names = appendNew(names, []string{a.Role + " (elsewhere: " + a.Scope + ")"})
			continue
		}
		names = appendNew(names, []string{a.Role})
		if a.Condition != "" {
			conditions = append(conditions, a.Role+" on "+a.Condition)
			continue
		}
		held[a.Role] = true
		for _, i := range implied[a.Role] {
			held[i] = true
		}
	}
	if who == "" && len(principals) > 1 {
		j.notGiven("whose roles count, since several principals hold some: --principal ID", id)
		return
	}
	sets := azureRoles(j.n.Edition)
	f := finding.Finding{Requirement: id, State: finding.Broken, What: "roles of the managed identity on the account", Expected: either(sets), Actual: "none"}
	if len(names) > 0 {
		f.Actual = strings.Join(names, ", ")
	}
	for _, set := range sets {
		if !slices.ContainsFunc(set, func(r string) bool { return !held[r] }) {
			f.State = finding.Holds
		}
	}
	if f.State == finding.Broken && len(conditions) > 0 {
		f.State, f.Condition = finding.Open, strings.Join(conditions, " and ")
	}
	if f.State == finding.Broken {
		var lines []string
		for _, r := range sets[len(sets)-1] {
			if !held[r] {
				lines = append(lines, fmt.Sprintf("az role assignment create --assignee %s --role %q --scope <account-id>", placeholder(who, "client-id"), r))
			}
		}
		f.Fix = strings.Join(lines, "\n")
	}
	j.add(f)
}

func either(sets [][]string) string {
	var out []string
	for _, s := range sets {
		out = append(out, strings.Join(s, " and "))
	}
	return strings.Join(out, ", or ")
}

// inScope reports whether an assignment reaches the whole account: one on the account, its group, subscription or above.
func (j *judge) inScope(scope string) bool {
	_, account, on := strings.Cut(strings.ToLower(scope), "/storageaccounts/")
	return !on || !strings.Contains(account, "/") && (j.n.Account == "" || account == strings.ToLower(j.n.Account))
}

// audience is whom a federated credential's tokens are for.
const audience = "api://AzureADTokenExchange"

func (j *judge) federation(id string) {
	if len(j.docs.Federated.List) == 0 {
		j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "federated credentials of the identity", Expected: "one at least", Actual: "none",
			Fix: "az identity federated-credential create --resource-group <resource-group> --identity-name <identity> --name wandb-app --issuer <oidc-issuer>/ --subject system:serviceaccount:default:wandb-app --audiences " + audience})
	}
	for _, c := range j.docs.Federated.List {
		update := fmt.Sprintf("az identity federated-credential update --resource-group <resource-group> --identity-name <identity> --name %s", c.Name)
		f := finding.Finding{Requirement: id, State: finding.Holds, What: fmt.Sprintf("issuer of the federated credential %q", c.Name), Expected: "https, with a slash at its end", Actual: c.Issuer}
		if !strings.HasPrefix(c.Issuer, "https://") || !strings.HasSuffix(c.Issuer, "/") {
			f.State, f.Fix = finding.Broken, update+" --issuer "+strings.TrimRight(c.Issuer, "/")+"/"
		}
		j.add(f)
		f = finding.Finding{Requirement: id, State: finding.Holds, What: fmt.Sprintf("audience and subject of %q", c.Name),
			Expected: audience + ", for a Kubernetes service account", Actual: strings.Join(c.Audiences, ", ") + ", for " + c.Subject}
		if !slices.Contains(c.Audiences, audience) || !strings.HasPrefix(c.Subject, "system:serviceaccount:") {
			f.State, f.Fix = finding.Broken, update+" --subject system:serviceaccount:<namespace>:<service-account> --audiences "+audience
		}
		j.add(f)
	}
}

// account judges PERM-020 on Azure. The control is an account that allows public access.
func (j *judge) account() {
	const id = "BYOB-PERM-020"
	if j.docs.Account == nil {
		j.notGiven("the account's properties: --account-properties FILE (az storage account show)", id)
		return
	}
	open := true
	j.add(finding.Finding{Requirement: id, State: stateOf((&Account{PublicAccess: &open}).public()), What: "an account that allows public access, as a control", Expected: "seen to",
		Actual: "seen to", Control: true})
	f := finding.Finding{Requirement: id, State: finding.Holds, What: "allowBlobPublicAccess of the account", Expected: "false", Actual: "false"}
	if j.docs.Account.public() {
		f.State, f.Actual = finding.Broken, "true"
		if j.docs.Account.PublicAccess == nil {
			f.Actual = "not set, which is true on accounts made before 2023"
		}
		f.Fix = fmt.Sprintf("az storage account update --resource-group <resource-group> --name %s --allow-blob-public-access false", placeholder(j.n.Account, "account"))
	}
	j.add(f)
}

func (a *Account) public() bool { return a.PublicAccess == nil || *a.PublicAccess }

// AzureRoles are the roles to give to W&B's managed identity in an edition: the pair that suffices and allows the least.
func AzureRoles(edition string) []string {
	sets := azureRoles(edition)
	return slices.Clone(sets[len(sets)-1])
}
