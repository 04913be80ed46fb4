package signing

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Expectation is what whoever asked for a URL has a right to: BYOB-SIGN-007 (lifetime), BYOB-SIGN-008 (no secret, https)
// and BYOB-SIGN-009 (requester), and that the URL is good for what was asked for and nothing else.
type Expectation struct {
	// At is when the URL was minted, Lifetime how long it has to live from then on, give or take Slack (0 is 5 seconds).
	At              time.Time
	Lifetime, Slack time.Duration
	// Method, Bucket and Key are what it was asked for. Header is what the minter said must be sent with it.
	Method, Bucket, Key string
	Header              http.Header
	// TLS says that the address has TLS on.
	TLS bool
	// Requester must be named in the signed part; "" asks for nobody.
	Requester string
	// Secrets must not show in the URL, in any encoding: secret keys, not the session token, which belongs there.
	Secrets []string
	// Keys verify the signature; without any, whether it holds is not judged, nor the method of a V4 URL.
	Keys func(*Claim) []Key
	// Domains and Account are as in Input.
	Domains []string
	Account string
}

// Judge says what is wrong with a URL that was minted, nothing if it is as it has to be. A store's own refusal is one of
// the findings; the others are about URLs that a store would accept.
func Judge(rawURL string, e Expectation) []Finding {
	in, err := FromURL(e.Method, rawURL, e.At)
	if err != nil {
		return certain(StageParameters, CauseMalformed, "", "what was minted is no http or https URL with a host")
	}
	in.Keys, in.Domains, in.Account = e.Keys, e.Domains, e.Account
	if e.Header != nil {
		in.Header = e.Header
	}
	var found []Finding
	add := func(s Stage, c Cause, part, format string, args ...any) {
		found = append(found, certain(s, c, part, format, args...)...)
	}
	if showsSecret(rawURL, e.Secrets) {
		add(StageParameters, CauseSecretShown, "", "the URL shows a secret: whoever sees it may do everything that the credentials may, and for ever")
	}
	if e.TLS && !in.TLS {
		add(StageParameters, CausePlain, "", "the URL is http, and TLS is on: what it moves, and the URL itself, can be read on the way")
	}
	v := Verify(in)
	c := &v.Claim
	if !v.OK && (e.Keys != nil || v.Cause != CauseKeyUnknown) {
		found = append(found, Explain(in, Known{Buckets: []string{e.Bucket}, Keys: []string{e.Key}, Values: []string{e.Requester}})...)
	}
	if c.Scheme == None || c.Until.IsZero() {
		return found
	}
	slack := e.Slack
	if slack == 0 {
		slack = 5 * time.Second
	}
	if life := c.Until.Sub(e.At); life > e.Lifetime+slack || life < e.Lifetime-slack {
		add(StageExpiry, CauseOtherLife, "", "the URL lives %s, and has to live %s", life.Round(time.Second), e.Lifetime)
	}
	switch {
	case c.Container || c.Directory:
		add(StagePermission, CauseTooWide, "sr", "the SAS is good for every blob of the container or directory, and was asked for one")
	case c.Bucket != e.Bucket:
		add(StageCanonical, CauseBucket, "", "the URL is for the bucket %s, and was asked for in %s", clip(c.Bucket), clip(e.Bucket))
	case c.Key != e.Key:
		add(StageCanonical, CauseObject, "", "the URL is for the key %s, and was asked for %s", clip(c.Key), clip(e.Key))
	}
	if more := strings.Trim(c.Permissions, needed(e.Method)); more != "" {
		add(StagePermission, CauseTooWide, "sp", "the SAS permits sp=%s, and %s needs no more than %s", clip(c.Permissions), e.Method, needed(e.Method))
	}
	if c.Requester != e.Requester && e.Requester != "" {
		add(StageCanonical, CauseRequester, "", "the URL names the requester %s, and was asked for by %s", clip(c.Requester), clip(e.Requester))
	}
	return found
}

// needed are the permission letters that a method may have in a SAS.
func needed(method string) string {
	switch method {
	case http.MethodPut:
		return "cw"
	case http.MethodDelete:
		return "d"
	}
	return "r"
}

// window is how many characters of a secret, one after the other, show it.
const window = 16

// showsSecret looks for secrets as they are, and as base64 and hex write them, in a URL as it is and decoded up to three
// times. Credentials before the host are secret whatever they are.
func showsSecret(rawURL string, secrets []string) bool {
	_, rest, _ := strings.Cut(rawURL, "://")
	if host, _, _ := strings.Cut(strings.ReplaceAll(rest, "?", "/"), "/"); strings.Contains(host, "@") {
		return true
	}
	texts := []string{rawURL}
	for text := rawURL; len(texts) < 4; {
		next, ok := unescape(text, false)
		if !ok || next == text {
			break
		}
		texts = append(texts, next, strings.ReplaceAll(next, "+", " "))
		text = next
	}
	for _, s := range secrets {
		for _, form := range spellings(s) {
			for _, text := range texts {
				if holdsPart(text, form) {
					return true
				}
			}
		}
	}
	return false
}

// spellings are a secret as it is, in hex, and in base64 at each of the three places of a group of bytes where it may begin.
func spellings(secret string) []string {
	digits := hex.EncodeToString([]byte(secret))
	out := []string{secret, digits, strings.ToUpper(digits)}
	for before := range 3 {
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		if (before+len(secret))%3 != 0 {
			text = text[:len(text)-1] // its bits depend on what follows
		}
		if text = text[(before*8+5)/6:]; len(text) < 6 {
			continue // too short to be told from chance
		}
		out = append(out, text, strings.NewReplacer("+", "-", "/", "_").Replace(text))
	}
	return out
}

// holdsPart reports whether a text holds window characters of a secret; a shorter one must be there whole.
func holdsPart(text, secret string) bool {
	if secret == "" {
		return false
	}
	for i := 0; ; i++ {
		end := min(i+window, len(secret))
		if strings.Contains(text, secret[i:end]) {
			return true
		}
		if end == len(secret) {
			return false
		}
	}
}
