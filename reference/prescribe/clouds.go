package prescribe

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/policy"
)

// gcp writes for Google Cloud Storage.
func (w *writer) gcp() {
	rules := w.document("cors", "cors.json", w.rules.Document())
	member := "serviceAccount:" + w.who
	bindings, err := json.MarshalIndent(map[string]any{"bindings": []any{map[string]any{"role": "roles/storage.admin", "members": []string{member}}}}, "", "  ")
	if err != nil {
		panic(err) // strings alone
	}
	w.document("roles", "roles.json", bindings)
	w.file("cors.json", rules)
	w.say("gsutil cors set cors.json gs://%s", w.Bucket)
	w.say("gcloud storage buckets add-iam-policy-binding gs://%s --member=%s --role=roles/storage.admin", w.Bucket, member)
	w.say("gcloud storage buckets update gs://%s --versioning", w.Bucket)
	w.say("gcloud storage buckets update gs://%s --public-access-prevention", w.Bucket)
	w.say("gcloud storage buckets update gs://%s --clear-default-encryption-key", w.Bucket)
	if w.soft() {
		w.say("gcloud storage buckets update gs://%s --soft-delete-duration=7d", w.Bucket)
	}
	w.note("W&B's page has exposeHeaders in its CORS policy, which is no field of Google Cloud Storage: here ETag stands in responseHeader, with what the browser sends.")
	w.note("The binding is added to those that are there; the document holds it alone.")
	r := w.rules.Rules[0]
	t := &terraform{}
	t.variable("location", "where the bucket lies")
	soft := ""
	if w.soft() {
		soft = "  soft_delete_policy {\n    retention_duration_seconds = 604800\n  }\n"
	}
	t.raw(fmt.Sprintf("resource \"google_storage_bucket\" \"wandb\" {\n  name                        = %q\n  location                    = var.location\n"+
		"  uniform_bucket_level_access = true\n  public_access_prevention    = \"enforced\"\n  versioning {\n    enabled = true\n  }\n%s"+
		"  cors {\n    origin          = %s\n    method          = %s\n    response_header = %s\n    max_age_seconds = %d\n  }\n}\n",
		w.Bucket, soft, list(r.Origins), list(r.Methods), list(r.Expose), *r.MaxAge))
	t.raw(fmt.Sprintf("resource \"google_storage_bucket_iam_member\" \"wandb\" {\n  bucket = google_storage_bucket.wandb.name\n  role   = \"roles/storage.admin\"\n  member = %q\n}\n", member))
	w.out.Terraform = t.String()
}

// azure writes for Azure Blob Storage. Without a principal W&B comes by the account's key, and no role is needed.
func (w *writer) azure() {
	w.document("cors", "cors.json", w.rules.Document())
	r := w.rules.Rules[0]
	group := w.ResourceGroup
	if group == "" {
		group = "'<resource-group>'"
	}
	w.say("az storage cors add --services b --account-name %s --methods GET HEAD PUT --origins '%s' --allowed-headers '*' --exposed-headers '*' --max-age %d", w.Account, r.Origins[0], *r.MaxAge)
	w.say("az storage account blob-service-properties update --resource-group %s --account-name %s --enable-delete-retention true --delete-retention-days 7", group, w.Account)
	w.say("az storage account update --resource-group %s --name %s --allow-blob-public-access false", group, w.Account)
	roles := policy.AzureRoles(w.Edition)
	if w.Principal != "" {
		scope := fmt.Sprintf("/subscriptions/<subscription>/resourceGroups/%s/providers/Microsoft.Storage/storageAccounts/%s", orWord(w.ResourceGroup, "<resource-group>"), w.Account)
		var assignments []any
		for _, role := range roles {
			assignments = append(assignments, map[string]string{"roleDefinitionName": role, "principalId": w.Principal, "scope": scope})
			w.say("az role assignment create --assignee %s --role %q --scope '<account-id>'", w.Principal, role)
		}
		document, err := json.MarshalIndent(assignments, "", "  ")
		if err != nil {
			panic(err) // strings alone
		}
		w.document("roles", "roles.json", document)
		w.say("az identity federated-credential create --resource-group %s --identity-name '<identity>' --name wandb-app --issuer '<oidc-issuer>/' \\\n"+
			"  --subject system:serviceaccount:default:wandb-app --audiences api://AzureADTokenExchange", group)
		w.note("The issuer of a federated credential must end in a slash; every service account of the W&B server needs one of its own.")
	} else {
		w.note("Without --principal W&B comes by the account's access key, and needs no role: az storage account keys list.")
	}
	w.note("CORS is set on the account's blob service, for all its containers: W&B's page speaks of the container.")
	t := &terraform{}
	t.variable("resource_group", "where the account lies")
	t.variable("location", "where the account lies")
	t.raw(fmt.Sprintf("resource \"azurerm_storage_account\" \"wandb\" {\n  name                            = %q\n  resource_group_name             = var.resource_group\n"+
		"  location                        = var.location\n  account_tier                    = \"Standard\"\n  account_replication_type        = \"ZRS\"\n"+
		"  min_tls_version                 = \"TLS1_2\"\n  allow_nested_items_to_be_public = false\n  blob_properties {\n    delete_retention_policy {\n      days = 7\n    }\n"+
		"    cors_rule {\n      allowed_headers    = [\"*\"]\n      allowed_methods    = %s\n      allowed_origins    = %s\n      exposed_headers    = [\"*\"]\n      max_age_in_seconds = %d\n    }\n  }\n}\n",
		w.Account, list(r.Methods), list(r.Origins), *r.MaxAge))
	t.raw(fmt.Sprintf("resource \"azurerm_storage_container\" \"wandb\" {\n  name                  = %q\n  storage_account_id    = azurerm_storage_account.wandb.id\n  container_access_type = \"private\"\n}\n", w.Bucket))
	if w.Principal != "" {
		for _, role := range roles {
			name := strings.ReplaceAll(strings.ToLower(role), " ", "_")
			t.raw(fmt.Sprintf("resource \"azurerm_role_assignment\" %q {\n  scope                = azurerm_storage_account.wandb.id\n  role_definition_name = %q\n  principal_id         = %q\n}\n", name, role, w.Principal))
		}
	}
	w.out.Terraform = t.String()
}
