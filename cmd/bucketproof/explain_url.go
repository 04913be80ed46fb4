package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// urlFlags say how a pre-signed URL was used.
type urlFlags struct {
	method, at, keyFile, region string
	headers                     []string
	known                       signing.Known
}

// explainURL reads a pre-signed URL and says what it grants, and why it is refused. The URL is a secret: it is never
// printed whole.
func (f *urlFlags) explainURL(s streams) error {
	raw, err := fromInput(s.in, s.err)
	if err != nil {
		return err
	}
	now := time.Now()
	if f.at != "" {
		if now, err = time.Parse(time.RFC3339, f.at); err != nil {
			return usage(withHint(errors.New("--at is no time"), "2026-11-22T10:30:00Z"))
		}
	}
	in, err := signing.FromURL(strings.ToUpper(f.method), strings.TrimSpace(raw), now)
	if err != nil {
		return usage(fmt.Errorf("what was read is no pre-signed URL: %w", err))
	}
	in.Header = http.Header{}
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return usage(withHint(errors.New("--header is no header"), `--header "Content-Type: text/plain"`))
		}
		in.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	scheme := signing.Detect(in.RawQuery)
	var key signing.Key
	if f.keyFile != "" {
		var id string
		if key, id, err = readKey(f.keyFile, scheme, sessionToken(in)); err != nil {
			return usage(err)
		}
		in.Keys = func(c *signing.Claim) []signing.Key {
			if id != "" && !strings.HasPrefix(string(scheme), "Azure") && c.CredentialID != id {
				return nil
			}
			return []signing.Key{key}
		}
	}
	in.Region = f.region
	v := signing.Verify(in)
	printClaim(s.out, strings.TrimSpace(raw), scheme, v.Claim, now)
	if v.OK {
		fmt.Fprintf(s.out, "\naccepted     the signature holds, for %s at %s\n", in.Method, now.UTC().Format(time.RFC3339))
		return nil
	}
	if key == nil && v.Cause == signing.CauseKeyUnknown {
		fmt.Fprintf(s.out, "\nnot decided\n%s\n", indent("nothing is wrong as far as can be told without the key; the signature itself is compared when the key is given (--key-file)", 13))
		return &exitError{code: exitIncomplete}
	}
	printFindings(s.out, v, signing.Explain(in, f.known))
	return &exitError{code: exitNot}
}

// keyFileLimit is the longest key file that is read, in bytes.
const keyFileLimit = 64 << 10

// readKey reads a key: a PEM private key, a secret access key, an Azure account key, or a whole storage address, which says
// whose key it is. Errors hold nothing of the file.
func readKey(file string, scheme signing.Scheme, token string) (key signing.Key, id string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, "", fmt.Errorf("--key-file: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, keyFileLimit))
	if err != nil {
		return nil, "", fmt.Errorf("--key-file: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return nil, "", errors.New("--key-file is empty")
	}
	if strings.Contains(text, "://") {
		a, err := address.Parse(text, address.Options{})
		if err != nil {
			return nil, "", err
		}
		if !a.HasCredentials() {
			return nil, "", errors.New("the address in --key-file holds no credentials")
		}
		text, id = a.Credentials.Secret.Reveal(), a.Credentials.ID
	}
	switch {
	case strings.Contains(text, "-----BEGIN"):
		key, err = signing.ParseRSAKey([]byte(text))
	case strings.HasPrefix(string(scheme), "Azure"):
		key, err = signing.NewAzureKey(text)
	default:
		key = signing.NewSecretKey(text, token)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--key-file: %w", err)
	}
	return key, id, nil
}

// sessionToken is the one that goes with the URL's access key, where the environment has that key; else any will do, since
// it is signed like the rest.
func sessionToken(in signing.Input) string {
	if token := os.Getenv("AWS_SESSION_TOKEN"); token != "" && os.Getenv("AWS_ACCESS_KEY_ID") == signing.Verify(in).Claim.CredentialID {
		return token
	}
	return signing.AnyToken
}

// printClaim says what a URL grants, to whom, until when.
func printClaim(w io.Writer, raw string, scheme signing.Scheme, c signing.Claim, now time.Time) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-12s %s\n", name, value)
		}
	}
	place, _, _ := strings.Cut(signing.Redact(raw), "?")
	row("URL", place)
	if scheme == signing.None {
		row("signature", strings.TrimLeft(indent("none that is known: this is no pre-signed URL of Amazon S3, Google Cloud Storage or Azure", 13), " "))
	}
	row("scheme", string(scheme))
	row("signed by", c.CredentialID)
	row("account", c.Account)
	row("bucket", c.Bucket)
	row("object", c.Key)
	if c.Container {
		row("", "every blob of the container")
	}
	if c.Permissions != "" {
		row("permissions", c.Permissions)
	} else {
		row("method", c.Method)
	}
	row("region", c.Region)
	row("headers", strings.Join(c.SignedHeaders, ", "))
	row("for", c.Requester)
	row("protocol", c.Protocol)
	row("addresses", c.IPRange)
	if !c.From.IsZero() {
		row("from", c.From.UTC().Format(time.RFC3339))
	}
	if !c.Until.IsZero() {
		left := "expired " + now.Sub(c.Until).Round(time.Second).String() + " ago"
		if c.Until.After(now) {
			left = c.Until.Sub(now).Round(time.Second).String() + " left"
		}
		row("until", c.Until.UTC().Format(time.RFC3339)+" ("+left+")")
	}
}

// printFindings says why a URL is refused.
func printFindings(w io.Writer, v *signing.Verdict, findings []signing.Finding) {
	fmt.Fprintf(w, "\nrefused      at stage %q\n", v.Stage)
	if len(findings) == 0 || findings[0].Sentence != v.Sentence {
		fmt.Fprintln(w, indent(v.Sentence, 13))
	}
	for _, f := range findings {
		sure := "likely"
		if f.Certain {
			sure = "certain"
		}
		fmt.Fprintf(w, "\n%-12s %s\n", sure, strings.TrimLeft(indent(f.Sentence, 13), " "))
		if f.Remedy != "" {
			fmt.Fprintf(w, "  remedy     %s\n", strings.TrimLeft(indent(f.Remedy, 13), " "))
		}
	}
}
