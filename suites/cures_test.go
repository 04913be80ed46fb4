package suites_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bucketproof/bucketproof/fixtures/misprovisioned"
	"github.com/bucketproof/bucketproof/reference/cors"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// mended are the requirements whose cure is the smallest change of CORS rules or a bucket policy: their packages make it.
func mended(c misprovisioned.Case, id string) bool {
	return strings.HasPrefix(id, "BYOB-CORS-") || strings.HasPrefix(id, "BYOB-PERM-") && c.Documents["policy"] != "" && !strings.Contains(c.Documents["policy"], `"Resources"`)
}

// cure does what is printed: the documents are changed as the printed commands and sentences say, and judged anew. Nothing
// fails afterwards, and nothing is open that wasn't.
func cure(t *testing.T, c misprovisioned.Case, before *reports.Result) {
	t.Helper()
	c.Documents = maps.Clone(c.Documents)
	for _, q := range before.Requirements {
		if q.Outcome != reports.Failed {
			continue
		}
		for _, step := range steps(t, q.Remedy) {
			if done, err := follow(c, step); err != nil || !done && !mended(c, q.ID) {
				t.Errorf("%s: what is printed can't be done: %v\n%s", q.ID, err, step.line)
			}
		}
	}
	d := documents(t, c)
	d.CORS, _ = cors.Mend(d.CORS, cors.Need{Provider: d.Provider, FrontendOrigin: d.FrontendOrigin, Edition: d.Edition})
	d.CORSError = nil
	if slices.Contains([]string{policy.AWS, policy.CoreWeave, policy.S3Compatible}, d.Provider) {
		d.Access.Bucket, _ = policy.Mend(d.Access.Bucket, d.Need)
	}
	after := review(t, d)
	for _, q := range after.Requirements {
		if q.Outcome == reports.Failed {
			t.Errorf("%s still fails after the cure: %s\n%s", q.ID, q.Reason, q.Remedy)
		}
	}
	for _, o := range []reports.Outcome{reports.Unverified, reports.NotRun, reports.Errored} {
		for _, id := range with(after, o) {
			if !slices.Contains(with(before, o), id) {
				t.Errorf("%s is %s after the cure, and was not before", id, o)
			}
		}
	}
}

// step is one thing to do: a sentence or a command, and the file that it names, if one was written before it.
type step struct{ line, file string }

// steps are what a remedy asks for, one after the other. A file is what stands between cat and END.
func steps(t *testing.T, remedy string) (out []step) {
	t.Helper()
	file, inFile := "", false
	for line := range strings.SplitSeq(remedy, "\n") {
		switch {
		case strings.HasPrefix(line, "cat >"):
			file, inFile = "", true
		case inFile && line == "END":
			inFile = false
		case inFile:
			file += line + "\n"
		case strings.HasSuffix(line, ":") || strings.TrimSpace(line) == "":
		default:
			out = append(out, step{line, file})
		}
	}
	return out
}

var shellWord = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+`)

// fields splits a command as a shell does.
func fields(line string) (words []string) {
	for _, w := range shellWord.FindAllString(line, -1) {
		words = append(words, strings.Trim(w, `"'`))
	}
	return words
}

// option is the value of a command's option, also where they are joined by =.
func option(line, name string) (value string, ok bool) {
	words := fields(line)
	for i, w := range words {
		if v, joined := strings.CutPrefix(w, name+"="); joined {
			return v, true
		}
		if w == name {
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
				return words[i+1], true
			}
			return "", true
		}
	}
	return "", false
}

var (
	addAction    = regexp.MustCompile(`^in statement "?([^",]+)"?, add "(kms:[^"]+)" to Action$`)
	addStatement = regexp.MustCompile(`^add the statement (\{.*"kms:.*\})$`)
	unknownKey   = regexp.MustCompile(`: (\w+): no key of a statement; write (\w+)$`)
)

// follow does one step to a case's documents, and only with what the step itself says; false means that it is none of those
// that change a document other than CORS rules and bucket policies.
func follow(c misprovisioned.Case, s step) (bool, error) {
	object := func(kind string, change func(map[string]any)) (bool, error) { return edit(c, kind, change, nil) }
	list := func(kind string, change func([]any) []any) (bool, error) { return edit(c, kind, nil, change) }
	has := func(words ...string) bool { return strings.HasPrefix(s.line, strings.Join(words, " ")) }
	switch {
	case has("aws s3api put-bucket-versioning"):
		value, _ := option(s.line, "--versioning-configuration")
		status, ok := strings.CutPrefix(value, "Status=")
		if !ok {
			return false, fmt.Errorf("%q is no versioning configuration", value)
		}
		return object("versioning", func(d map[string]any) { d["Status"] = status })
	case has("aws s3api put-bucket-lifecycle-configuration"), has("gcloud storage buckets update") && strings.Contains(s.line, "--lifecycle-file"), has("az storage account management-policy create"):
		if !json.Valid([]byte(s.file)) {
			return false, fmt.Errorf("the file is no JSON: %s", s.file)
		}
		c.Documents["lifecycle"] = s.file
		return true, nil
	case has("aws s3api delete-bucket-lifecycle"), has("gcloud storage buckets update") && strings.Contains(s.line, "--clear-lifecycle"), has("az storage account management-policy delete"):
		c.Documents["lifecycle"] = "{}"
		return true, nil
	case has("aws kms cancel-key-deletion"):
		return object("describe-key", func(d map[string]any) {
			key := d["KeyMetadata"].(map[string]any)
			delete(key, "DeletionDate")
			key["KeyState"], key["Enabled"] = "Disabled", false
		})
	case has("aws kms enable-key"):
		return object("describe-key", func(d map[string]any) {
			if key := d["KeyMetadata"].(map[string]any); key["KeyState"] == "Disabled" { // any other Amazon refuses
				key["KeyState"], key["Enabled"] = "Enabled", true
			}
		})
	case addAction.MatchString(s.line):
		m := addAction.FindStringSubmatch(s.line)
		return object("key-policy", func(d map[string]any) {
			for _, x := range d["Statement"].([]any) {
				if st := x.(map[string]any); st["Sid"] == m[1] {
					actions, ok := st["Action"].([]any)
					if !ok {
						actions = []any{st["Action"]}
					}
					st["Action"] = append(actions, m[2])
				}
			}
		})
	case addStatement.MatchString(s.line):
		var st any
		if err := json.Unmarshal([]byte(addStatement.FindStringSubmatch(s.line)[1]), &st); err != nil {
			return false, err
		}
		return object("key-policy", func(d map[string]any) { d["Statement"] = append(d["Statement"].([]any), st) })
	case unknownKey.MatchString(s.line):
		m := unknownKey.FindStringSubmatch(s.line)
		c.Documents["policy"] = strings.ReplaceAll(c.Documents["policy"], `"`+m[1]+`":`, `"`+m[2]+`":`)
		return true, nil
	case has("gcloud storage buckets"):
		return google(c, s.line, object)
	case has("az"):
		return microsoft(c, s.line, object, list)
	}
	return false, nil
}

func google(_ misprovisioned.Case, line string, object func(string, func(map[string]any)) (bool, error)) (bool, error) {
	member, _ := option(line, "--member")
	role, _ := option(line, "--role")
	bindings := func(change func([]any) []any) (bool, error) {
		return object("roles", func(d map[string]any) { d["bindings"] = change(d["bindings"].([]any)) })
	}
	switch {
	case strings.Contains(line, " add-iam-policy-binding "):
		return bindings(func(b []any) []any {
			return append(b, map[string]any{"role": role, "members": []any{member}})
		})
	case strings.Contains(line, " remove-iam-policy-binding "):
		return bindings(func(b []any) (kept []any) {
			for _, x := range b {
				one := x.(map[string]any)
				if one["role"] == role {
					one["members"] = slices.DeleteFunc(one["members"].([]any), func(m any) bool { return m == member })
				}
				if len(one["members"].([]any)) > 0 {
					kept = append(kept, one)
				}
			}
			return kept
		})
	}
	if _, ok := option(line, "--versioning"); ok {
		return object("versioning", func(d map[string]any) { d["versioning_enabled"] = true })
	}
	if _, ok := option(line, "--clear-default-encryption-key"); ok {
		return object("versioning", func(d map[string]any) { delete(d, "default_kms_key") })
	}
	if days, ok := option(line, "--soft-delete-duration"); ok && days == "7d" {
		return object("versioning", func(d map[string]any) {
			d["soft_delete_policy"] = map[string]any{"retentionDurationSeconds": fmt.Sprint(7 * 24 * 3600)}
		})
	}
	return false, nil
}

func microsoft(c misprovisioned.Case, line string, object func(string, func(map[string]any)) (bool, error), list func(string, func([]any) []any) (bool, error)) (bool, error) {
	if value, ok := option(line, "--enable-delete-retention"); ok {
		days, _ := option(line, "--delete-retention-days")
		return object("versioning", func(d map[string]any) {
			d["deleteRetentionPolicy"] = map[string]any{"enabled": value == "true", "days": json.Number(days)}
		})
	}
	for name, key := range map[string]string{"--allow-blob-public-access": "allowBlobPublicAccess", "--allow-shared-key-access": "allowSharedKeyAccess"} {
		if value, ok := option(line, name); ok {
			return object("account-properties", func(d map[string]any) { d[key] = value == "true" })
		}
	}
	switch {
	case strings.HasPrefix(line, "az role assignment create"):
		who, _ := option(line, "--assignee")
		role, _ := option(line, "--role")
		if scope, _ := option(line, "--scope"); scope != "<account-id>" {
			return false, fmt.Errorf("the scope is %q, and not the account", scope)
		}
		return list("roles", func(l []any) []any {
			id := who
			for _, x := range l { // --assignee takes the name of an identity, and the assignment has its ID
				if a := x.(map[string]any); a["principalName"] == who {
					id = a["principalId"].(string)
				}
			}
			return append(l, map[string]any{"roleDefinitionName": role, "principalId": id, "principalName": who,
				"scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/" + c.Account})
		})
	case strings.HasPrefix(line, "az identity federated-credential update"):
		name, _ := option(line, "--name")
		issuer, _ := option(line, "--issuer")
		return list("federated", func(l []any) []any {
			for _, x := range l {
				if f := x.(map[string]any); f["name"] == name && issuer != "" {
					f["issuer"] = issuer
				}
			}
			return l
		})
	}
	return false, nil
}

// edit changes one document, an object or a list.
func edit(c misprovisioned.Case, kind string, object func(map[string]any), list func([]any) []any) (bool, error) {
	var d any
	dec := json.NewDecoder(strings.NewReader(c.Documents[kind]))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return false, fmt.Errorf("the document %q: %w", kind, err)
	}
	switch x := d.(type) {
	case map[string]any:
		object(x)
	case []any:
		d = list(x)
	}
	out, err := json.Marshal(d)
	c.Documents[kind] = string(out)
	return true, err
}
