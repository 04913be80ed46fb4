package signing

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/suites/urls"
)

// schemeNames are what a provider's scheme calls its parameters.
func schemeNames(provider string) names {
	switch provider {
	case "gcp":
		return names{"X-Goog-Signature", "X-Goog-Expires", "X-Goog-"}
	case "azure":
		return names{"sig", "se", ""}
	}
	return names{"X-Amz-Signature", "X-Amz-Expires", "X-Amz-"}
}

// mint makes a minted of a URL, for the abuses that buckets are tried with, too.
func mint(t *run.T, u *driver.Transfer) minted {
	parsed, err := url.Parse(u.URL)
	if err != nil {
		t.Fail("a URL", "something that can't be read")
	}
	return minted{method: u.Method, url: *parsed}
}

func mintedChanged(t *run.T, d *desk) {
	get, n := mint(t, d.get), schemeNames(d.provider)
	sig := get.url.Query().Get(n.signature)
	if len(sig) < 8 {
		t.Fail("a URL with "+n.signature, "without, or with a short one")
	}
	with := func(s string) minted { return edited(get, n.signature, s, true) }
	changes := []change{
		{"a URL with one character of its signature changed", with(flipped(sig))},
		{"a URL with its signature cut short", with(sig[:len(sig)-4])},
		{"a URL with an empty signature", with("")},
		{"a URL without its signature", edited(get, n.signature, "", false)},
	}
	if d.provider == "azure" {
		changes = append(changes,
			change{"a URL with a later expiry written in", edited(get, "se", d.st.S.Now().UTC().AddDate(1, 0, 0).Format("2006-01-02T15:04:05Z"), true)},
			change{"a URL with more permissions written in", edited(get, "sp", "rcwd", true)},
			change{"a URL with a response header added", added(get, "rsct=text%2Fhtml")})
	} else {
		changes = append(changes,
			change{"a URL with its signature in upper case", with(strings.ToUpper(sig))},
			change{"a URL with a longer lifetime written in", edited(get, n.expires, "86400", true)},
			change{"a URL with another date written in", edited(get, n.prefix+"Date", before(get.url.Query().Get(n.prefix+"Date")), true)},
			change{"a URL with a parameter added", added(get, "response-content-type=text%2Fhtml")},
			change{"a URL without its lifetime", edited(get, n.expires, "", false)})
	}
	for _, c := range changes {
		d.deny(t, c.what, anyRefusal, refusedAny, d.send(http.MethodGet, shown(c.url), d.get.Headers, nil))
	}
}

func mintedLife(t *run.T, d *desk) {
	for _, u := range []*driver.Transfer{d.get, d.put} {
		life := urls.Lifetime(u.Method)
		called := life.String()
		v := d.verified(t, u)
		from := v.Claim.From
		if from.IsZero() { // a SAS without a beginning: it begins when it is minted
			from = d.st.S.Now().Truncate(time.Second)
		}
		lives := v.Claim.Until.Sub(from)
		t.True(d.provider+": the life of the URL for "+u.Method, called, lives <= life && lives > life-time.Minute, lives.String())
		t.True(d.provider+": the end of its life, as the connector says it", "the URL's own", u.Expires.Sub(v.Claim.Until).Abs() < 2*time.Second,
			fmt.Sprintf("%s apart", u.Expires.Sub(v.Claim.Until)))
		t.DeniedBy(fmt.Sprintf("%s: the URL for %s after its life", d.provider, u.Method), "expired a second later",
			func() (string, bool) {
				last := d.verdict(u, v.Claim.Until.Add(-2*time.Second))
				return last.Sentence, last.OK
			},
			func() (string, bool) {
				late := d.verdict(u, v.Claim.Until.Add(time.Second))
				return late.Sentence, !late.OK
			})
	}
	n := schemeNames(d.provider)
	if d.provider == "azure" {
		past := d.st.S.Now().UTC().Add(-time.Minute).Format("2006-01-02T15:04:05Z")
		d.deny(t, "a URL whose end is written back to the past", anyRefusal, refusedAny, d.send(http.MethodGet, shown(edited(mint(t, d.get), "se", past, true)), d.get.Headers, nil))
		return
	}
	d.deny(t, "a URL whose life is written longer", anyRefusal, refusedAny, d.send(http.MethodGet, shown(edited(mint(t, d.get), n.expires, "604800", true)), d.get.Headers, nil))
}

func mintedRequester(t *run.T, d *desk) {
	if !d.st.S.Info.Can(driver.CapRequester) {
		claim := d.verified(t, d.get).Claim
		t.Equal(d.provider+": the requester in a URL of a connector that declares none", "", claim.Requester)
		t.Unsupported("the connector declares that its URLs don't name the requester, and they don't")
	}
	for _, u := range []*driver.Transfer{d.get, d.put} {
		claim := d.verified(t, u).Claim
		if d.provider == "azure" && claim.Requester == "" {
			t.Observe("azure: only a user delegation SAS has a signed part for the requester (scid), and this one is by the account's key")
			continue
		}
		t.Equal(d.provider+": the requester in the URL for "+u.Method, d.tm.Member.Name, claim.Requester)
		get := mint(t, u)
		for _, c := range []change{
			{"a URL with another requester written in", edited(get, "X-User", "mallory", true)},
			{"a URL without its requester", edited(get, "X-User", "", false)},
		} {
			if u.Method == http.MethodGet {
				d.deny(t, c.what, anyRefusal, refusedAny, d.send(u.Method, shown(c.url), u.Headers, nil))
			}
		}
	}
}

// shown is a URL as it is sent.
func shown(m minted) string { return m.url.String() }
