package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

// The environment variables that hold keys, as PEM.
const (
	signKeyEnv   = "BUCKETPROOF_SIGN_KEY"
	verifyKeyEnv = "BUCKETPROOF_VERIFY_KEY"
)

// githubSummary is the longest summary of a step that GitHub shows, in bytes; of a longer one it shows nothing.
const githubSummary = 1 << 20

// signFlag names the file with the private key.
const signFlag = "--sign-key"

// delivery is how results are judged and handed over: the flags and the end of every command that makes results. A command
// calls flags, and signFlags if its runs may be certified; then prepare before anything is sent, then deliver.
type delivery struct {
	out     string
	json    bool
	quiet   bool
	github  bool
	several bool // one folder a subject, below out
	// figuresOnly says that a baseline is for the figures of a load alone: an embedded bucket is a new one each time.
	figuresOnly bool
	signs       bool // a certified run may get a certificate

	waiversFile, baselineFile, signKeyFile, onlyFailedFile string
	validDays                                              int

	waivers  []reports.Waiver
	baseline *reports.Result
	// comparable says, before the run, whether a baseline can be of its subject; nil where that shows only afterwards.
	comparable func(baseline *reports.Result) error
	key        *certificate.PrivateKey

	cmd *cobra.Command
}

func (d *delivery) flags(cmd *cobra.Command) {
	d.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&d.out, "out", "bucketproof-report", "`folder` for the reports")
	f.BoolVar(&d.json, "json", false, "print the result as JSON instead of words")
	f.BoolVarP(&d.quiet, "quiet", "q", false, "no progress on standard error")
	f.BoolVar(&d.github, "github", false, "annotate a GitHub job, and write its summary")
	f.StringVar(&d.waiversFile, "waivers", "", "YAML `file` of what may be broken, by whom, and until when")
	f.StringVar(&d.baselineFile, "baseline", "", "result.json of an earlier run: say what changed, and let it count")
	f.StringVar(&d.onlyFailedFile, "only-failed", "", "result.json of an earlier run: check what was red there alone\n(never certifies)")
}

// signFlags are for runs that may be certified.
func (d *delivery) signFlags(cmd *cobra.Command) {
	d.signs = true
	f := cmd.Flags()
	f.StringVar(&d.signKeyFile, "sign-key", "", "`file` with the private key that signs a certificate (or "+signKeyEnv+")")
	f.IntVar(&d.validDays, "valid-days", int(certificate.DefaultValidity.Hours()/24), "how many days a certificate is valid")
}

// log is a stream for text: where GitHub reads it, nothing in it can give orders to the job.
func (d *delivery) log(w io.Writer) io.Writer {
	if d.github {
		return reports.GitHubText{W: w}
	}
	return w
}

// prepare reads what the flags name and makes room for the reports: a mistake in them shows before anything is sent.
func (d *delivery) prepare(cat *catalogue.Catalogue, p *progress) error {
	if d.several && (d.baselineFile != "" && !d.figuresOnly || d.signKeyFile != "" || d.onlyFailedFile != "") {
		return usage(errors.New("--baseline, --only-failed and --sign-key are for one bucket of yours: a run over several stores takes none of them"))
	}
	if most := int(certificate.MaxValidity.Hours() / 24); d.signs && (d.validDays < 1 || d.validDays > most) {
		return usage(fmt.Errorf("--valid-days: from 1 to %d", most))
	}
	if d.waiversFile != "" {
		text, err := readFile(d.waiversFile, resultLimit)
		if err != nil {
			return usage(fmt.Errorf("--waivers: %w", err))
		}
		d.waivers, err = reports.ReadWaivers(bytes.NewReader(text), func(id string) bool { _, ok := cat.Get(id); return ok })
		if err != nil {
			return usage(fmt.Errorf("--waivers %s: %w", d.waiversFile, err))
		}
	}
	if d.baselineFile != "" {
		r, err := readResult(d.baselineFile)
		if err != nil {
			return usage(fmt.Errorf("--baseline: %w", err))
		}
		if d.comparable != nil && !d.figuresOnly {
			if err := d.comparable(r); err != nil {
				return usage(withHint(fmt.Errorf("--baseline: %w", err), "name a result of this very bucket, by the same profile"))
			}
		}
		d.baseline = r
	}
	if d.signs && !d.several {
		text, from, err := keyText(d.signKeyFile, signFlag, signKeyEnv)
		if err != nil {
			return err
		}
		if text != nil {
			key, err := certificate.ReadPrivateKey(text)
			if err != nil {
				return usage(withHint(fmt.Errorf("%s: %w", from, err), "bucketproof keygen --out FILE makes a pair"))
			}
			d.key = &key
			if from == signFlag && readableByOthers(d.signKeyFile) {
				p.say("warning: others on this machine can read the key %s, and sign what they like: chmod 600", d.signKeyFile)
			}
		}
	}
	return claim(d.out, func(line string) { p.say("%s", line) })
}

// onlyFailed is the result of which --only-failed runs what was red; nil without the flag.
func (d *delivery) onlyFailed(p *progress) (*reports.Result, error) {
	if d.onlyFailedFile == "" {
		return nil, nil
	}
	r, err := readResult(d.onlyFailedFile)
	if err != nil {
		return nil, usage(fmt.Errorf("--only-failed: %w", err))
	}
	if cat, err := catalogue.Load(); err == nil && r.Catalogue != cat.Digest() {
		p.say("note: run %s went by another version of the catalogue than this program's", r.Run.ID)
	}
	p.say("note: what was red in run %s is checked again, and what it stands on. The rest is \"not run\": such a run is never certified", r.Run.ID)
	return r, nil
}

// knownIDs refuses a requirement that no profile has, before anything is made or taken away.
func knownIDs(cat *catalogue.Catalogue, only []string) error {
	for _, id := range only {
		if _, known := cat.Get(id); !known {
			return usage(withHint(fmt.Errorf("--only: %q is no requirement", cut(id, 40)), "bucketproof list shows all"))
		}
	}
	return nil
}

// judge takes waivers into the results.
func (d *delivery) judge(done []*run.Done) {
	for _, x := range done {
		if len(d.waivers) > 0 {
			x.Result.Waive(d.waivers)
		}
	}
}

// compare says what changed since the baseline; nil without one.
func (d *delivery) compare(r *reports.Result) (*reports.Comparison, error) {
	if d.baseline == nil || d.figuresOnly {
		return nil, nil
	}
	return reports.Compare(d.baseline, r, false)
}

// certify signs a certificate for a certified result into the report folder, and says what became of it.
func (d *delivery) certify(ctx context.Context, r *reports.Result, p *progress) error {
	if d.key == nil {
		return nil
	}
	if r.Verdict != reports.Certified {
		p.say("no certificate: the run is %s", r.Verdict)
		return nil
	}
	issued, err := certificate.Issue(ctx, *d.key, r, time.Duration(d.validDays)*24*time.Hour)
	if err != nil {
		return fmt.Errorf("no certificate, although the run is certified: %w", err)
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{certificate.SummaryFile, issued.Summary}, {certificate.File, issued.Certificate}} {
		if err := reports.WriteFile(d.out, f.name, f.text); err != nil {
			return err
		}
	}
	p.say("certificate: %s, valid until %s", filepath.Join(d.out, certificate.File), issued.Expires.Format(time.RFC3339))
	return nil
}

// annotate tells a GitHub job what was found, and writes its summary where GitHub says.
func (d *delivery) annotate(s streams, results []*reports.Result, c *reports.Comparison) error {
	if !d.github {
		return nil
	}
	if err := reports.WriteGitHub(s.err, results...); err != nil {
		return err
	}
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	var b bytes.Buffer
	if err := reports.WriteMarkdown(&b, results...); err != nil {
		return err
	}
	if c != nil {
		var changes bytes.Buffer
		if err := c.WriteMarkdown(&changes); err != nil {
			return err
		}
		b.WriteString("\n")
		if b.Len()+changes.Len() > githubSummary {
			changes.Reset()
			fmt.Fprintf(&changes, "What changed since the baseline finds no room here: %s beside the report has it.\n", comparisonMarkdown)
		}
		b.Write(changes.Bytes())
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("GITHUB_STEP_SUMMARY: %w", err)
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}
