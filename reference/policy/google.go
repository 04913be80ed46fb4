package policy

import (
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// storageAdmin is the role that W&B's account needs (Bring your own bucket, "Provision your bucket, GCP", 2025-09).
const storageAdmin = "roles/storage.admin"

// Bindings are the role bindings of a bucket on Google Cloud Storage.
type Bindings struct{ List []Binding }

// Binding gives a role to members, on a condition if there is one.
type Binding struct {
	Role      string
	Members   []string
	Condition string // its expression
}

// ParseBindings reads what "gcloud storage buckets get-iam-policy --format=json" and "gsutil iam get" print.
func ParseBindings(document []byte) (*Bindings, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if n.Kind != tree.Object {
		return nil, &Error{Problem: fmt.Sprintf("an IAM policy is an object, and this is %s", n.Kind)}
	}
	for _, m := range n.Members {
		switch m.Key {
		case "bindings", "etag", "version", "kind", "resourceId", "auditConfigs":
		default:
			return nil, unknown(m.Key, "an IAM policy", []string{"bindings", "etag", "version"})
		}
	}
	out := &Bindings{}
	list := n.Get("bindings")
	if list == nil {
		return out, nil
	}
	if list.Kind != tree.Array {
		return nil, &Error{Field: "bindings", Problem: fmt.Sprintf("is %s, and must be a list", list.Kind)}
	}
	for i, item := range list.Items {
		b, err := binding(item)
		if err != nil {
			err.Statement = i + 1
			return nil, err
		}
		out.List = append(out.List, b)
	}
	return out, nil
}

func binding(n *tree.Node) (Binding, *Error) {
	var b Binding
	if n.Kind != tree.Object {
		return b, &Error{Problem: fmt.Sprintf("a binding is an object, and this is %s", n.Kind)}
	}
	for _, m := range n.Members {
		switch m.Key {
		case "role":
			b.Role = m.Value.Text
		case "members":
			var err *Error
			if b.Members, err = someWords(m); err != nil {
				return b, err
			}
		case "condition":
			b.Condition = "a condition"
			if e := m.Value.Get("expression"); e != nil {
				b.Condition = e.Text
			}
		default:
			return b, unknown(m.Key, "a binding", []string{"role", "members", "condition"})
		}
	}
	if b.Role == "" {
		return b, &Error{Field: "role", Problem: "is missing"}
	}
	return b, nil
}

// bindings judges PERM-014 and PERM-020 of a bucket on Google Cloud Storage.
func (j *judge) bindings() {
	const id = "BYOB-PERM-014"
	if j.docs.Bindings == nil {
		j.notGiven("the role bindings: --roles FILE (gcloud storage buckets get-iam-policy --format=json)", id, "BYOB-PERM-020")
		return
	}
	j.everyone()
	who, missing := j.n.Who()
	if missing != "" {
		j.notGiven(missing, id)
		return
	}
	member := "serviceAccount:" + strings.TrimPrefix(who, "serviceAccount:")
	f := finding.Finding{Requirement: id, State: finding.Broken, What: "roles of " + member, Expected: storageAdmin}
	var held []string
	for _, b := range j.docs.Bindings.List {
		for _, m := range b.Members {
			switch {
			case strings.HasPrefix(m, "deleted:") && strings.Contains(strings.ToLower(m), strings.ToLower(member)):
				held = append(held, b.Role+" (of an account of that name that was deleted, which counts for nothing)")
			case !strings.EqualFold(m, member):
			case b.Role == storageAdmin && b.Condition == "":
				f.State = finding.Holds
				held = append(held, b.Role)
			case b.Role == storageAdmin:
				if f.State == finding.Broken {
					f.State, f.Condition = finding.Open, b.Condition
				}
				held = append(held, b.Role+" on the condition "+b.Condition)
			case strings.Contains(b.Role, "/roles/"): // projects/p/roles/name: what it holds no binding says
				if f.State == finding.Broken {
					f.State, f.Condition = finding.Open, "what the custom role "+b.Role+" holds"
				}
				held = append(held, b.Role)
			default:
				held = append(held, b.Role)
			}
		}
	}
	f.Actual = "none"
	if len(held) > 0 {
		f.Actual = strings.Join(held, ", ")
	}
	if f.State == finding.Broken {
		f.Actual += "; without " + storageAdmin + " W&B's checks of CORS and versioning get 403"
		f.Fix = fmt.Sprintf("gcloud storage buckets add-iam-policy-binding gs://%s --member=%s --role=%s", placeholder(j.n.Bucket, "bucket"), member, storageAdmin)
	}
	j.add(f)
}

func placeholder(value, name string) string {
	if value == "" {
		return "<" + name + ">"
	}
	return value
}

// everyone judges whether a binding lets the public in. The control is a binding that does.
func (j *judge) everyone() {
	const id = "BYOB-PERM-020"
	j.add(finding.Finding{Requirement: id, State: stateOf(isPublic("allUsers") != ""), What: "a binding for allUsers, as a control", Expected: "seen to",
		Actual: isPublic("allUsers"), Control: true})
	open := 0
	for _, b := range j.docs.Bindings.List {
		for _, m := range b.Members {
			if public := isPublic(m); public != "" {
				open++
				j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "who holds " + b.Role, Expected: "nobody without credentials of the owner's", Actual: public,
					Fix: fmt.Sprintf("gcloud storage buckets remove-iam-policy-binding gs://%s --member=%s --role=%s", placeholder(j.n.Bucket, "bucket"), m, b.Role)})
			}
		}
	}
	if open == 0 {
		j.add(finding.Finding{Requirement: id, State: finding.Holds, What: "members of the bucket's bindings", Expected: "neither allUsers nor allAuthenticatedUsers",
			Actual: fmt.Sprintf("neither, in %d bindings", len(j.docs.Bindings.List))})
	}
}

// isPublic says whom a member stands for that nobody named, "" if it is somebody.
func isPublic(member string) string {
	switch strings.ToLower(member) {
	case "allusers":
		return "allUsers: everyone"
	case "allauthenticatedusers":
		return "allAuthenticatedUsers: everyone with a Google account"
	}
	return ""
}
