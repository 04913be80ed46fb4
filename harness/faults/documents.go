package faults

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/misprovisioned"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reports"
)

// DocumentsProfile is the profile in which documents are judged.
const DocumentsProfile = "documents"

var notOfNames = regexp.MustCompile(`[^a-z0-9]+`)

// DocumentName is what a misprovisioned bucket is called as a fault.
func DocumentName(c misprovisioned.Case) string {
	return "documents-" + strings.Trim(notOfNames.ReplaceAllString(strings.ToLower(c.Name), "-"), "-")
}

// ReadCase reads a case's documents as review reads them.
func ReadCase(c misprovisioned.Case) (*run.Documents, error) {
	d := &run.Documents{FrontendOrigin: c.FrontendURL, Need: policy.Need{Provider: c.Provider, Edition: c.Edition, Deployment: c.Deployment, Bucket: c.Bucket, Path: c.Path,
		OrgID: c.OrgID, Principal: c.Principal, KMSKey: c.KMSKey, Account: c.Account, PlainHTTP: c.PlainHTTP}}
	for kind, text := range c.Documents {
		if err := d.Read(kind, []byte(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	return d, nil
}

// Documented tries the sound documents of every provider, and then every bucket of the corpus, or those that are named: each must
// fail exactly what its file says, leave open exactly that, and come to the verdict that stands there.
func (m *Matrix) Documented(ctx context.Context, only []string) ([]Row, error) {
	bases, err := misprovisioned.Bases()
	if err != nil {
		return nil, err
	}
	cases, err := misprovisioned.Load()
	if err != nil {
		return nil, err
	}
	var rows []Row
	sound := map[string]*reports.Result{}
	for _, b := range bases {
		result, row, err := m.review(ctx, b)
		if err != nil {
			return rows, err
		}
		row.Does = "the sound documents of " + b.Base
		row.compare(Fault{}, nil, result)
		if rows = m.add(rows, row); !row.Good() {
			return rows, nil // what is said of a fault shows nothing while the sound subject does not pass
		}
		sound[b.Base] = result
	}
	for _, c := range cases {
		if len(only) > 0 && !slices.Contains(only, DocumentName(c)) {
			continue
		}
		result, row, err := m.review(ctx, c)
		if err != nil {
			return rows, err
		}
		row.Fault, row.Does, row.Breaks = DocumentName(c), c.Name+" ("+c.Base+")", append([]string{}, c.Expected...)
		row.judgeCase(c, sound[c.Base], result)
		rows = m.add(rows, row)
	}
	return rows, nil
}

func (m *Matrix) review(ctx context.Context, c misprovisioned.Case) (*reports.Result, Row, error) {
	row := newRow(DocumentsProfile, "", "", nil)
	began := time.Now()
	d, err := ReadCase(c)
	if err != nil {
		return nil, row, fmt.Errorf("documents %q: %w", c.Name, err)
	}
	o := m.Options
	o.Families = m.Documents
	done, err := run.Review(ctx, d, o)
	if err != nil {
		return nil, row, fmt.Errorf("documents %q: %w", c.Name, err)
	}
	row.Milliseconds = time.Since(began).Milliseconds()
	return done.Result, row, nil
}

// judgeCase holds a result against what a case's file states. The sound documents show that what fails is the case's own doing.
func (r *Row) judgeCase(c misprovisioned.Case, sound, got *reports.Result) {
	wrong := func(format string, a ...any) { r.Wrong = append(r.Wrong, fmt.Sprintf(format, a...)) }
	byOutcome := map[reports.Outcome][]string{}
	for _, q := range got.Requirements {
		byOutcome[q.Outcome] = append(byOutcome[q.Outcome], q.ID)
		if q.Outcome == reports.Errored && !strings.HasPrefix(q.Reason, "it stands on ") {
			wrong("%s is errored: %s", q.ID, q.Reason)
		}
	}
	for _, want := range []struct {
		outcome reports.Outcome
		ids     []string
	}{{reports.Failed, c.Expected}, {reports.Unverified, c.Unverified}, {reports.NotRun, c.NotRun}} {
		is, claimed := sortedIDs(byOutcome[want.outcome]), sortedIDs(want.ids)
		for _, id := range claimed {
			if !slices.Contains(is, id) {
				wrong("%s should be %s, and is not", id, want.outcome)
			}
		}
		for _, id := range is {
			if !slices.Contains(claimed, id) {
				wrong("%s is %s, and should not be", id, want.outcome)
			}
		}
	}
	r.Failed = append(r.Failed, sortedIDs(byOutcome[reports.Failed])...)
	r.Undecided = append(r.Undecided, sortedIDs(append(byOutcome[reports.Errored], byOutcome[reports.Unverified]...))...)
	for _, q := range sound.Requirements {
		if q.Outcome == reports.Failed && slices.Contains(c.Expected, q.ID) {
			wrong("%s fails with the sound documents, too", q.ID)
		}
	}
	if string(got.Verdict) != c.Verdict {
		wrong("the verdict is %q, and should be %q", got.Verdict, c.Verdict)
	}
}

func sortedIDs(ids []string) []string { return slices.Sorted(slices.Values(ids)) }
