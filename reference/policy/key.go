package policy

import (
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
	"github.com/bucketproof/bucketproof/reference/internal/glob"
	"github.com/bucketproof/bucketproof/reference/internal/tree"
)

// KeyState is what "aws kms describe-key" says of a key.
type KeyState struct {
	ARN          string
	Usage        string // ENCRYPT_DECRYPT, SIGN_VERIFY, ...
	State        string // Enabled, Disabled, PendingDeletion, ...
	Enabled      bool
	DeletionDate string
}

// ParseKeyState reads what "aws kms describe-key" prints: {"KeyMetadata": {...}}, or the inner object alone.
func ParseKeyState(document []byte) (*KeyState, error) {
	n, err := tree.Parse(document)
	if err != nil {
		return nil, &Error{Problem: err.Error()}
	}
	if inner := n.Get("KeyMetadata"); inner != nil {
		n = inner
	}
	if n.Kind != tree.Object || n.Get("KeyUsage") == nil || n.Get("KeyState") == nil {
		return nil, &Error{Problem: "there is no KeyUsage or no KeyState", Fix: "give what aws kms describe-key prints"}
	}
	text := func(key string) string {
		if m := n.Get(key); m != nil {
			return m.Text
		}
		return ""
	}
	return &KeyState{ARN: text("Arn"), Usage: text("KeyUsage"), State: text("KeyState"), Enabled: text("Enabled") == "true" || n.Get("Enabled") == nil,
		DeletionDate: text("DeletionDate")}, nil
}

// keyPolicy judges KMS-001, and the wildcards of the key policy for PERM-018.
func (j *judge) keyPolicy() {
	const id = "BYOB-KMS-001"
	if j.docs.KeyState == nil {
		j.notGiven("what the key is: --describe-key FILE (aws kms describe-key)", id)
	} else {
		j.usage(id)
	}
	if j.docs.Key == nil {
		j.notGiven("the key policy: --key-policy FILE", id)
		if j.n.KMSKey != "" {
			j.notGiven("the key policy: --key-policy FILE", "BYOB-PERM-018")
		}
		return
	}
	var missing string
	if j.who, missing = j.n.Who(); missing != "" {
		j.notGiven(missing, id)
		return
	}
	resource := j.keyARN()
	for _, a := range keyActions {
		for _, call := range a.needs(AWS) {
			j.keyAction(id, a.name, call, resource)
		}
	}
	for _, a := range keyActions {
		if strings.HasSuffix(a.name, "*") {
			j.wildcard(j.docs.Key, a.name, resource)
		}
	}
}

func (j *judge) keyAction(id, name, call, resource string) {
	d := j.docs.Key
	decision := j.ask(d, call, resource)
	f := finding.Finding{Requirement: id, What: call + " with the key", Expected: "allowed to " + j.who}
	switch decision.Answer {
	case Allowed:
		f.State, f.Actual = finding.Holds, "allowed by "+d.label(decision.Statement)
	case Depends:
		f.State, f.Condition = finding.Open, strings.Join(decision.Conditions, " and ")
		f.Actual = "depends on " + f.Condition
	case Denied:
		f.State, f.Actual = finding.Broken, "denied by "+d.label(decision.Statement)
		f.Fix = fmt.Sprintf("take %s out of what %s denies", j.who, d.label(decision.Statement))
	default:
		f.State, f.Actual = finding.Broken, "not granted: "+j.whyNoKey()
		f.Fix = j.keyFix(name)
	}
	j.add(f)
}

// whyNoKey says whether the key policy speaks of W&B at all.
func (j *judge) whyNoKey() string {
	d := j.docs.Key
	var others []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != Allow {
			continue
		}
		if d.whom(s, j.who) != no {
			if !touches(s.Resources, s.NotResource, j.keyARN(), false) {
				return fmt.Sprintf("%s is for %s, which is not this key; write *, which here means this key", d.label(i), strings.Join(s.Resources, ", "))
			}
			return d.label(i) + " does not name it"
		}
		for _, p := range s.Principals {
			others = appendNew(others, []string{p.String() + j.mistaken(p)})
		}
	}
	return "the policy speaks of " + strings.Join(others, ", ") + " only"
}

func (j *judge) keyFix(name string) string {
	d := j.docs.Key
	for i := range d.Statements {
		if s := &d.Statements[i]; s.Effect == Allow && !s.NotAction && d.whom(s, j.who) == yes && touches(s.Resources, s.NotResource, j.keyARN(), false) {
			return fmt.Sprintf("in %s, add %q to Action", d.label(i), name)
		}
	}
	return "add the statement " + RequiredKey(j.n, j.who, j.who).Statements[1].JSON()
}

// keyARN is the key that is meant: the one named, else the one the documents are of.
func (j *judge) keyARN() string {
	switch {
	case j.n.KMSKey != "":
		return j.n.KMSKey
	case j.docs.KeyState != nil && j.docs.KeyState.ARN != "":
		return j.docs.KeyState.ARN
	}
	for _, s := range j.docs.Key.Statements {
		for _, r := range s.Resources {
			if glob.Literal(r) && strings.Contains(r, ":key/") {
				return r // a key policy is attached to one key, and names no other
			}
		}
	}
	return "arn:aws:kms:region:account:key/this"
}

func (j *judge) usage(id string) {
	k := j.docs.KeyState
	f := finding.Finding{Requirement: id, State: finding.Holds, What: "the key's usage", Expected: "ENCRYPT_DECRYPT", Actual: k.Usage}
	if k.Usage != "ENCRYPT_DECRYPT" {
		f.State, f.Fix = finding.Broken, "a key's usage can't be changed: make one by aws kms create-key --key-usage ENCRYPT_DECRYPT"
	}
	j.add(f)
	if j.n.KMSKey != "" && k.ARN != "" && k.ARN != j.n.KMSKey {
		j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "which key it is", Expected: j.n.KMSKey, Actual: k.ARN,
			Fix: "describe the key that is named in the configuration"})
	}
}

// keyState judges KMS-004.
func (j *judge) keyState() {
	const id = "BYOB-KMS-004"
	k := j.docs.KeyState
	if k == nil {
		j.notGiven("what the key is: --describe-key FILE (aws kms describe-key)", id)
		return
	}
	f := finding.Finding{Requirement: id, State: finding.Holds, What: "the key's state", Expected: "Enabled, and not scheduled for deletion", Actual: k.State}
	if k.DeletionDate != "" {
		f.Actual += ", to be deleted at " + k.DeletionDate
	}
	arn := k.ARN
	if arn == "" {
		arn = "<key-arn>"
	}
	switch {
	case k.DeletionDate != "" || strings.HasPrefix(k.State, "Pending"):
		f.State, f.Fix = finding.Broken, "aws kms cancel-key-deletion --key-id "+arn+"\naws kms enable-key --key-id "+arn
	case k.State != "Enabled" || !k.Enabled:
		f.State, f.Fix = finding.Broken, "aws kms enable-key --key-id "+arn
	}
	j.add(f)
}
