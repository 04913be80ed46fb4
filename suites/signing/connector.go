package signing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/signing"
	"github.com/bucketproof/bucketproof/suites/scene"
)

// connectorSpecs prove that the URLs a connector hands out are good for what they are for, and for nothing else.
func connectorSpecs(s *run.Subject) {
	check := func(id, text string, f func(*run.T, *desk)) {
		run.It(s, id, text, func(ctx context.Context, t *run.T) {
			for _, p := range scene.Providers(t, s, string(availability.SelfManaged)) {
				d := sit(ctx, t, s, p)
				f(t, d)
				d.st.Close()
			}
		}, run.Within(time.Minute), scene.Costs(id))
	}
	check("BYOB-SIGN-001", "the URLs that the connector mints do what they were minted for", mintedWork)
	check("BYOB-SIGN-002", "a URL of the connector's used with another method is refused, and changes nothing", mintedMethod)
	check("BYOB-SIGN-003", "a URL of the connector's used for another object is refused, and changes nothing", mintedObject)
	check("BYOB-SIGN-004", "the connector's URLs sign their host", mintedHost)
	check("BYOB-SIGN-005", "the connector's URLs sign the headers that they are handed out with", mintedHeaders)
	check("BYOB-SIGN-006", "a URL of the connector's with anything changed is refused", mintedChanged)
	check("BYOB-SIGN-007", "the connector's URLs live an hour for reading and 24 hours for writing, and not a second longer", mintedLife)
	check("BYOB-SIGN-008", "the connector's URLs are https, and hold no secret", mintedSecret)
	check("BYOB-SIGN-009", "the connector's URLs name the requester in their signed part", mintedRequester)
	check("BYOB-SIGN-010", "the connector's URLs without their query are refused, to read and to write", mintedAnonymous)
	check("BYOB-SIGN-011", "a plain client needs nothing but the URL and the headers that it came with", mintedPlain)
}

// desk is a team with a file, and URLs for reading and writing, on one provider.
type desk struct {
	st       *scene.Stage
	provider string
	tm       *scene.Team
	file     *scene.File
	get, put *driver.Transfer
	putID    string
}

// sit sets the stage. The body that put is for is control's.
func sit(ctx context.Context, t *run.T, s *run.Subject, p string) *desk {
	lots := s.Yard.Of(p)
	own := scene.Place{Lot: lots[len(lots)-1]}
	d := &desk{provider: p, st: scene.Open(ctx, t, s, scene.Plan{Instance: scene.Place{Lot: lots[0]}, Teams: []scene.Place{own}})}
	d.tm = d.st.Team("omega", &own)
	d.file = d.tm.Store(driver.RunFile, "folder/object one.bin", []byte(planted))
	var err error
	d.get, err = d.tm.Member.Download(ctx, d.st.Instance, d.file.ID)
	t.Need("a URL for reading", err)
	coming := d.tm.Declare(driver.RunFile, "folder/coming.bin", []byte(control))
	d.put, d.putID = coming.Upload, coming.ID
	return d
}

// deny proves that a request is refused by the store, beside reading by the URL as it is.
func (d *desk) deny(t *run.T, what, expected string, refused func(run.Answer) bool, attempt func() run.Answer) {
	t.Denied(run.Denial{What: d.provider + ": " + what, Expected: expected, Attempt: attempt, Refused: refused, Untouched: d.file.Kept,
		Control: func() run.Answer { return d.st.Send(d.get.Method, d.get.URL, d.get.Headers, nil) }})
}

func (d *desk) send(method, rawURL string, headers map[string]string, body []byte) func() run.Answer {
	return func() run.Answer { return d.st.Send(method, rawURL, headers, body) }
}

// verdict is the reference's on one of the URLs, with its headers, at a time.
func (d *desk) verdict(u *driver.Transfer, at time.Time) *signing.Verdict {
	h := http.Header{}
	for name, value := range u.Headers {
		h.Set(name, value)
	}
	return d.st.S.Yard.Verdict(u.Method, u.URL, h, at)
}

// verified is the reference's verdict now; what it doesn't accept is no URL to prove anything by.
func (d *desk) verified(t *run.T, u *driver.Transfer) *signing.Verdict {
	v := d.verdict(u, d.st.S.Now())
	t.True(d.provider+": the URL for "+u.Method+", judged by the reference with the bucket's own key", "accepted", v.OK, v.Sentence)
	return v
}

func mintedWork(t *run.T, d *desk) {
	put := d.st.Send(d.put.Method, d.put.URL, d.put.Headers, []byte(control))
	t.True(d.provider+": PUT by the connector's URL", "success", ok(put), put.String())
	t.Did(d.provider+": the connector finds what was uploaded", d.tm.Member.Uploaded(d.st.Ctx, d.st.Instance, d.putID))
	lot, key := d.st.S.Yard.Find(d.put.URL)
	t.Equal(d.provider+": what lies in the bucket", scene.Sum([]byte(control)), scene.Inventory(d.st.Ctx, t, lot)[key])
	get := d.st.Send(d.get.Method, d.get.URL, d.get.Headers, nil)
	t.Equal(d.provider+": GET by the connector's URL", "200 OK", get.String())
	t.Equal(d.provider+": what is read by it", []byte(planted), get.Body)
	d.verified(t, d.get)
	d.verified(t, d.put)
}

func mintedMethod(t *run.T, d *desk) {
	abused := []byte(abuse)
	d.deny(t, "a PUT by a URL for reading", "403", forbidden, d.send(http.MethodPut, d.get.URL, d.put.Headers, abused))
	d.deny(t, "a DELETE by a URL for reading", "403", forbidden, d.send(http.MethodDelete, d.get.URL, nil, nil))
	d.st.Send(d.put.Method, d.put.URL, d.put.Headers, []byte(control))
	d.deny(t, "a GET by a URL for writing", "403", forbidden, d.send(http.MethodGet, d.put.URL, d.put.Headers, nil))
	d.deny(t, "a DELETE by a URL for writing", "403", forbidden, d.send(http.MethodDelete, d.put.URL, d.put.Headers, nil))
	lot, key := d.st.S.Yard.Find(d.put.URL)
	t.Equal(d.provider+": what was written, after all that", scene.Sum([]byte(control)), scene.Inventory(d.st.Ctx, t, lot)[key])
}

// turned is a URL with the path of another.
func turned(t *run.T, own, other string) string {
	u, err := url.Parse(own)
	v, otherErr := url.Parse(other)
	if err != nil || otherErr != nil {
		t.Errorf("the connector's URLs can't be read")
	}
	u.Path, u.RawPath = v.Path, v.RawPath
	return u.String()
}

func mintedObject(t *run.T, d *desk) {
	other := d.tm.Store(driver.RunFile, "folder/object one.bin.more", []byte(planted))
	there, err := d.tm.Member.Download(d.st.Ctx, d.st.Instance, other.ID)
	t.Need("a URL for another object", err)
	d.deny(t, "a URL for reading used for another object", "403", forbidden, d.send(http.MethodGet, turned(t, d.get.URL, there.URL), nil, nil))
	d.deny(t, "a URL for writing used for another object", "403", forbidden, d.send(d.put.Method, turned(t, d.put.URL, d.get.URL), d.put.Headers, []byte(abuse)))
	before, query, _ := strings.Cut(d.get.URL, "?")
	d.deny(t, "a URL for reading with its key made longer", "403", forbidden, d.send(http.MethodGet, before+".more?"+query, nil, nil))
	t.Equal(d.provider+": the other object, after all that", "", other.Kept())
}

func mintedHost(t *run.T, d *desk) {
	if d.provider == "azure" {
		t.Observe("azure: a SAS doesn't sign its host")
		return
	}
	for _, u := range []*driver.Transfer{d.get, d.put} {
		here := d.verified(t, u)
		t.DeniedBy(fmt.Sprintf("%s: the URL for %s at another host", d.provider, u.Method), "refused: host is among the signed headers",
			func() (string, bool) { return here.Sentence, here.OK },
			func() (string, bool) {
				moved := *u
				parsed, err := url.Parse(u.URL)
				if err != nil {
					return "no URL", false
				}
				parsed.Host = strings.Replace(parsed.Host, parsed.Hostname(), elsewhere, 1)
				if own := d.tm.Place.Lot.Address.Bucket + "."; strings.HasPrefix(u.URL, "https://"+own) {
					parsed.Host = own + elsewhere
				}
				moved.URL = parsed.String()
				v := d.verdict(&moved, d.st.S.Now())
				return v.Sentence, !v.OK
			})
	}
}

func mintedHeaders(t *run.T, d *desk) {
	if d.provider == "azure" {
		t.Observe("azure: a SAS signs no headers")
		return
	}
	signed := 0
	for _, name := range d.verified(t, d.put).Claim.SignedHeaders {
		if name == "host" {
			continue
		}
		given := ""
		for n, v := range d.put.Headers {
			if strings.EqualFold(n, name) {
				given = v
			}
		}
		t.True(d.provider+": the signed header "+name, "handed out with the URL", given != "", "missing")
		signed++
		for _, c := range []struct{ what, value string }{{"changed", map[bool]string{true: md5Of(abuse), false: "text/html"}[name == "content-md5"]}, {"missing", ""}} {
			changed := map[string]string{}
			for n, v := range d.put.Headers {
				if !strings.EqualFold(n, name) {
					changed[n] = v
				}
			}
			if c.value != "" {
				changed[name] = c.value
			}
			d.deny(t, "a URL for writing with its signed "+name+" "+c.what, "403, or 400 with an error about the signed headers",
				func(a run.Answer) bool { return forbidden(a) || a.Status == http.StatusBadRequest && aboutHeaders(a) },
				d.send(d.put.Method, d.put.URL, changed, []byte(control)))
		}
	}
	t.True(d.provider+": headers signed besides the host, for a file announced with MD5 and type", "content-md5 and content-type", signed >= 2, fmt.Sprint(signed))
}

func mintedSecret(t *run.T, d *desk) {
	a := d.tm.Place.Lot.Address
	secret := a.Credentials.Secret.Reveal()
	for _, u := range []*driver.Transfer{d.get, d.put} {
		parsed, err := url.Parse(u.URL)
		if err != nil {
			t.Fail("a URL", "something that can't be read")
		}
		want := "http"
		if a.TLS {
			want = "https"
		}
		t.Equal(d.provider+": the scheme of the URL for "+u.Method, want, parsed.Scheme)
		all := u.URL + " " + parsed.Path + " " + strings.ReplaceAll(fmt.Sprint(parsed.Query()), "+", " ") + fmt.Sprint(u.Headers)
		t.True(d.provider+": the URL for "+u.Method+" and its headers", "without any line of the secret", !holds(all, secret), "it is in there")
		t.True(d.provider+": the URL for "+u.Method, "without userinfo", parsed.User == nil, "with userinfo")
	}
}

// holds looks for a secret, or a line of one, in any spelling.
func holds(text, secret string) bool {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		plain = text
	}
	for line := range strings.Lines(secret) {
		line = strings.TrimSpace(line)
		if len(line) < 8 || strings.HasPrefix(line, "-----") {
			continue
		}
		for _, form := range []string{line, url.QueryEscape(line), url.PathEscape(line), strings.ReplaceAll(line, "+", " ")} {
			if strings.Contains(text, form) || strings.Contains(plain, form) {
				return true
			}
		}
	}
	return false
}

func mintedAnonymous(t *run.T, d *desk) {
	refused := func(a run.Answer) bool {
		return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || d.provider == "azure" && (a.Status == http.StatusNotFound || a.Status == http.StatusConflict)
	}
	bare := func(u string) string { before, _, _ := strings.Cut(u, "?"); return before }
	d.deny(t, "GET without the URL's query", "401 or 403 (azure: 404 or 409, too)", refused, d.send(http.MethodGet, bare(d.get.URL), nil, nil))
	d.deny(t, "PUT without the URL's query", "401 or 403 (azure: 404 or 409, too)", refused, d.send(http.MethodPut, bare(d.put.URL), d.put.Headers, []byte(abuse)))
	d.deny(t, "PUT over the file without a query", "401 or 403 (azure: 404 or 409, too)", refused, d.send(http.MethodPut, bare(d.get.URL), d.put.Headers, []byte(abuse)))
	d.deny(t, "DELETE without the URL's query", "401 or 403 (azure: 404 or 409, too)", refused, d.send(http.MethodDelete, bare(d.get.URL), nil, nil))
}

func mintedPlain(t *run.T, d *desk) {
	for _, u := range []*driver.Transfer{d.get, d.put} {
		for name := range u.Headers {
			lower := strings.ToLower(name)
			t.True(d.provider+": a header handed out with the URL for "+u.Method, "none that a browser can't send, and no Authorization",
				lower != "authorization" && lower != "cookie" && !strings.HasPrefix(lower, "x-amz-trailer") && lower != "x-amz-sdk-checksum-algorithm", name)
		}
	}
	put := d.st.Send(d.put.Method, d.put.URL, d.put.Headers, []byte(control))
	t.True(d.provider+": PUT by a plain client", "success", ok(put), put.String())
	get := d.st.Send(http.MethodGet, d.get.URL, d.get.Headers, nil)
	t.True(d.provider+": GET by a plain client", "success", ok(get), get.String())
}
