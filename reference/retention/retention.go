// Package retention judges from documents what becomes of what W&B stores: lifecycle rules that expire it, versioning and
// soft deletion, which garbage collection needs, and on Google Cloud Storage the bucket's encryption, which stands in the
// same document (requirements BYOB-KEEP-001 to 003 and BYOB-KMS-003). It is pure.
package retention

import (
	"fmt"
	"strings"

	"github.com/bucketproof/bucketproof/reference/finding"
)

// The providers, in the words used everywhere.
const (
	aws          = "aws"
	coreweave    = "coreweave"
	gcp          = "gcp"
	azure        = "azure"
	s3compatible = "s3-compatible"
)

// Rule is one lifecycle rule that deletes something.
type Rule struct {
	Name string
	// Prefixes are what it is for; none is the whole bucket. On Azure they begin with the container.
	Prefixes []string
	// Current says that it deletes what is current, and After when, in the document's words.
	Current bool
	After   string
	// Noncurrent says that it deletes versions that are no longer current.
	Noncurrent bool
	// Only names a filter, such as a tag, without which nothing is deleted.
	Only string
}

// Lifecycle are a bucket's lifecycle rules.
type Lifecycle struct {
	Rules []Rule

	document []byte // as it was read: what mends it keeps all else of it
}

// State is what a bucket keeps of what is deleted, and how it is encrypted. A nil field was not in the document.
type State struct {
	Versioning *string // Enabled, Suspended, or "" for never
	SoftDelete *bool
	KMSKey     *string // gcp: the default key, "" for Google's own
}

// Documents are what a bucket's owner can show. A nil one was not given.
type Documents struct {
	Lifecycle *Lifecycle
	State     *State
}

// Need is what they are judged by.
type Need struct {
	Provider, Edition string
	Bucket            string
	Path              string // sub-path, without slashes at its ends
}

// how each provider's tool prints the state.
var stateBy = map[string]string{aws: "aws s3api get-bucket-versioning", coreweave: "aws s3api get-bucket-versioning", s3compatible: "mc version info --json",
	gcp: "gcloud storage buckets describe --format=json", azure: "az storage account blob-service-properties show"}

// Judge says what the documents are worth.
func Judge(docs Documents, n Need) []finding.Finding {
	j := &judge{docs: docs, n: n}
	j.lifecycle()
	j.versions()
	if n.Provider == gcp {
		j.google()
	}
	return j.findings
}

type judge struct {
	docs     Documents
	n        Need
	findings []finding.Finding
}

func (j *judge) add(f finding.Finding) { j.findings = append(j.findings, f) }

func (j *judge) stateNotGiven(id string) {
	j.add(finding.Finding{Requirement: id, State: finding.NotGiven, What: "the bucket's state", Missing: "--versioning FILE (" + stateBy[j.n.Provider] + ")"})
}

// lifecycle judges KEEP-001.
func (j *judge) lifecycle() {
	const id = "BYOB-KEEP-001"
	if j.docs.Lifecycle == nil {
		j.add(finding.Finding{Requirement: id, State: finding.NotGiven, What: "lifecycle rules", Missing: "the lifecycle rules: --lifecycle FILE (for a bucket without, {})"})
		return
	}
	expected := "no rule deletes what is current below " + j.where()
	old, deletes := false, 0
	var broken []int
	for _, r := range j.docs.Lifecycle.Rules {
		if !j.reaches(r) {
			continue
		}
		old = old || r.Noncurrent
		if !r.Current {
			continue
		}
		deletes++
		f := finding.Finding{Requirement: id, State: finding.Broken, What: "lifecycle rule " + r.Name, Expected: expected, Actual: "it deletes them " + r.After}
		if r.Only != "" {
			f.State, f.Condition = finding.Open, r.Only
		} else {
			broken = append(broken, len(j.findings))
		}
		j.add(f)
	}
	if deletes == 0 {
		j.add(finding.Finding{Requirement: id, State: finding.Holds, What: "lifecycle rules", Expected: expected, Actual: fmt.Sprintf("none of %d", len(j.docs.Lifecycle.Rules))})
	}
	s := j.docs.State
	forever := j.n.Edition == "2026-08" && !old && s != nil && s.Versioning != nil && *s.Versioning == "Enabled"
	if forever {
		broken = append(broken, len(j.findings))
		j.add(finding.Finding{Requirement: id, State: finding.Broken, What: "versions that are no longer current", Expected: "deleted after a while", Actual: "kept for ever"})
	}
	for _, i := range broken { // the rules are set as a whole: one change mends them all
		j.findings[i].Fix = j.mend(forever)
	}
}

func (j *judge) where() string {
	if j.n.Path == "" {
		return "the bucket"
	}
	return j.n.Path + "/"
}

// reaches reports whether a rule is for something that W&B stores.
func (j *judge) reaches(r Rule) bool {
	if len(r.Prefixes) == 0 {
		return true
	}
	root := ""
	if j.n.Path != "" {
		root = j.n.Path + "/"
	}
	if j.n.Provider == azure {
		root = j.n.Bucket + "/" + root
	}
	for _, p := range r.Prefixes {
		if strings.HasPrefix(root, p) || strings.HasPrefix(p, root) {
			return true
		}
	}
	return false
}

// versions judges KEEP-002.
func (j *judge) versions() {
	const id = "BYOB-KEEP-002"
	s := j.docs.State
	if j.n.Provider == azure {
		if s == nil || s.SoftDelete == nil {
			j.stateNotGiven(id)
			return
		}
		j.say(id, "soft delete of blobs", "on", *s.SoftDelete, onOff(*s.SoftDelete),
			"az storage account blob-service-properties update --resource-group <resource-group> --account-name <account> --enable-delete-retention true --delete-retention-days 7")
		return
	}
	if s == nil || s.Versioning == nil {
		j.stateNotGiven(id)
		return
	}
	actual := *s.Versioning
	if actual == "" {
		actual = "never enabled"
	}
	bucket := j.n.Bucket
	if bucket == "" {
		bucket = "<bucket>"
	}
	fix := map[string]string{
		aws:          "aws s3api put-bucket-versioning --bucket " + bucket + " --versioning-configuration Status=Enabled",
		coreweave:    "aws s3api put-bucket-versioning --bucket " + bucket + " --endpoint-url https://cwobject.com --versioning-configuration Status=Enabled",
		gcp:          "gcloud storage buckets update gs://" + bucket + " --versioning",
		s3compatible: "mc version enable <alias>/" + bucket,
	}[j.n.Provider]
	j.say(id, "versioning", "Enabled", *s.Versioning == "Enabled", actual, fix)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (j *judge) say(id, what, expected string, holds bool, actual, fix string) {
	f := finding.Finding{Requirement: id, State: finding.Holds, What: what, Expected: expected, Actual: actual}
	if !holds {
		f.State, f.Fix = finding.Broken, fix
	}
	j.add(f)
}

// google judges KEEP-003 and KMS-003.
func (j *judge) google() {
	s := j.docs.State
	bucket := j.n.Bucket
	if bucket == "" {
		bucket = "<bucket>"
	}
	if j.n.Edition == "2026-08" {
		if s == nil || s.SoftDelete == nil {
			j.stateNotGiven("BYOB-KEEP-003")
		} else {
			j.say("BYOB-KEEP-003", "soft deletion", "on", *s.SoftDelete, onOff(*s.SoftDelete)+map[bool]string{false: ": W&B says \"Bucket does not have soft deletion enabled\""}[*s.SoftDelete],
				"gcloud storage buckets update gs://"+bucket+" --soft-delete-duration=7d")
		}
	}
	if s == nil || s.KMSKey == nil {
		j.stateNotGiven("BYOB-KMS-003")
		return
	}
	actual := "Google's own keys"
	if *s.KMSKey != "" {
		actual = "a customer's key, " + *s.KMSKey
	}
	j.say("BYOB-KMS-003", "encryption of the bucket", "by Google's own keys", *s.KMSKey == "", actual, "gcloud storage buckets update gs://"+bucket+" --clear-default-encryption-key")
}
