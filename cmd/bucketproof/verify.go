package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/bucketproof/bucketproof/reports/certificate"
)

const verifyHelp = `Verify checks a certificate offline. It believes nothing in it but what was
observed: the verdict is computed anew, against what this program's own
catalogue requires. A certificate is refused, and the word says why, that is

  unreadable     no certificate at all
  foreign        signed by another key, or for another bucket or result
  edited         changed after it was signed, or contradicting itself
  expired        or not valid yet, or older than --max-age
  weaker         of an older edition, or with less required than there is
  not certified  what was observed doesn't come to a certificate

The public key comes from --key or, as PEM, from BUCKETPROOF_VERIFY_KEY. Without
--address and --result it is up to you whether the bucket that is printed is
the one you mean.

Exit codes: 0 valid, 1 refused, 2 usage.`

const verifyExample = `  bucketproof verify certificate.json --key bucketproof.key.pub \
    --address s3://my-bucket --max-age 168h
  echo "$ADDRESS" | bucketproof verify certificate.json \
    --key bucketproof.key.pub --address - --result result.json`

// verifyFlags are what a certificate is held to.
type verifyFlags struct {
	key, result, address, driver, edition, profile string
	maxAge                                         time.Duration
	json                                           bool
}

func newVerify(s streams) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{Use: "verify CERTIFICATE --key FILE", Short: "Verify a certificate, offline", Long: verifyHelp, Example: verifyExample,
		Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), s, args[0])
		}}
	fl := cmd.Flags()
	fl.StringVar(&f.key, "key", "", "`file` with the public key (or "+verifyKeyEnv+")")
	fl.StringVar(&f.result, "result", "", "result.json it must be over")
	fl.StringVar(&f.address, "address", "", "`address` it must be for; - reads it from standard input")
	fl.StringVar(&f.driver, "driver", "", "`URL` of the connector's driver it must be for")
	fl.StringVar(&f.edition, "edition", catalogue.DefaultEdition, "the oldest `edition` of the rules that is accepted")
	fl.StringVar(&f.profile, "profile", "", "profile it must be of")
	fl.DurationVar(&f.maxAge, "max-age", 0, "how long ago its run may have ended (default: as long as it is valid)")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, s streams, file string) error {
	cat, err := catalogue.Load()
	if err != nil {
		return &exitError{exitErrored, err}
	}
	c, err := f.conditions(s, cat)
	if err != nil {
		return err
	}
	text, from, err := keyText(f.key, "--key", verifyKeyEnv)
	if err != nil {
		return err
	}
	if text == nil {
		return usage(withHint(errors.New("no public key to verify with"), "--key FILE, the one that ends in .pub, or "+verifyKeyEnv))
	}
	key, err := certificate.ReadPublicKey(text)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", from, err))
	}
	cert, err := readFile(file, certificateLimit)
	if err != nil {
		return usage(err)
	}
	v, err := certificate.Verify(ctx, cert, key, c)
	refusal := (*certificate.Refusal)(nil)
	if err != nil && !errors.As(err, &refusal) {
		return &exitError{exitErrored, err}
	}
	if err := f.print(s, v, refusal); err != nil {
		return &exitError{exitErrored, err}
	}
	if refusal != nil {
		return &exitError{code: exitNot}
	}
	return nil
}

// conditions are what the flags and the program's own catalogue hold a certificate to.
func (f *verifyFlags) conditions(s streams, cat *catalogue.Catalogue) (certificate.Conditions, error) {
	c := certificate.Conditions{Now: time.Now(), Edition: f.edition, Profile: f.profile, MaxAge: f.maxAge, Catalogue: cat.Digest(),
		Required: func(profile, edition string) ([]reports.Required, error) {
			entries, err := cat.Profile(catalogue.Selection{Profile: profile, Edition: edition})
			return run.Required(entries), err
		}}
	for _, e := range cat.Editions() {
		c.Editions = append(c.Editions, e.ID)
	}
	if err := checkNames("", f.edition); err != nil {
		return c, err
	}
	if f.maxAge < 0 {
		return c, usage(errors.New("--max-age must be positive"))
	}
	if f.address != "" {
		raw, err := new(source).read(s.in, s.err, []string{f.address})
		if err != nil {
			return c, err
		}
		a, err := address.Parse(raw, address.Options{})
		if err != nil {
			return c, usage(err)
		}
		c.Subject = a.Canonical()
	}
	if f.driver != "" {
		if f.address != "" {
			return c, usage(errors.New("--address is for a bucket, and --driver for a connector: a certificate is for one of them"))
		}
		u, err := url.Parse(f.driver)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return c, usage(errors.New("--driver: want a URL such as https://connector.example.com"))
		}
		c.Driver = run.CanonicalConnector("", u)
	}
	if f.result != "" {
		text, err := readFile(f.result, resultLimit)
		if err != nil {
			return c, usage(fmt.Errorf("--result: %w", err))
		}
		c.Result = text
	}
	return c, nil
}

// verified is what verify --json prints.
type verified struct {
	Valid          bool                `json:"valid"`
	Ground         certificate.Ground  `json:"ground,omitempty"`
	Detail         string              `json:"detail,omitempty"`
	Subject        string              `json:"subject,omitempty"`
	Key            string              `json:"key,omitempty"`
	Claims         *certificate.Claims `json:"claims,omitempty"`
	OtherCatalogue bool                `json:"otherCatalogue,omitempty"`
}

func (f *verifyFlags) print(s streams, v *certificate.Verified, refusal *certificate.Refusal) error {
	if f.json {
		out := verified{Valid: refusal == nil}
		if refusal != nil {
			out.Ground, out.Detail = refusal.Ground, refusal.Detail
		} else {
			out.Subject, out.Key, out.Claims, out.OtherCatalogue = v.Subject, v.Key, &v.Claims, v.OtherCatalogue
		}
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
	if refusal != nil {
		_, err := fmt.Fprintln(s.out, hang("REFUSED  ", "         ", reports.Inline(refusal.Error()), columns))
		return err
	}
	var b strings.Builder
	line := func(name, text string) {
		fmt.Fprintln(&b, hang(fmt.Sprintf("%-9s", name), "         ", reports.Inline(text), columns))
	}
	line("VALID", v.Subject)
	if ascii := strconv.QuoteToASCII(v.Subject); ascii != strconv.Quote(v.Subject) || strings.Contains(ascii, `\u`) {
		line("", "which has letters that may look like others: "+ascii)
	}
	line("profile", v.Claims.Profile+", edition "+v.Claims.Edition)
	line("run", fmt.Sprintf("%s, by %s", v.Claims.Run, v.Claims.Program))
	line("ended", v.Claims.Issued.Format(time.RFC3339))
	line("valid", "until "+v.Claims.Expires.Format(time.RFC3339))
	line("key", v.Key)
	for _, why := range v.Why {
		line("", why)
	}
	for _, w := range v.Claims.Waivers {
		line("waiver", fmt.Sprintf("%s, by %s until %s: %s (%s)", w.ID, w.Owner, w.Expires, w.Reason, w.Issue))
	}
	if v.OtherCatalogue {
		line("note", "another version of the catalogue was used; it required all that this program's own does")
	}
	_, err := fmt.Fprint(s.out, b.String())
	return err
}
