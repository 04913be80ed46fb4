package signing

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set replaces a parameter's value in a sorted query; sorted order is by name but for equal names.
func set(params []param, d *dialect, name, value string) []param {
	out := slices.Clone(params)
	for i := range out {
		if out[i].name == name {
			out[i] = newParam(name, value)
		}
	}
	sortQuery(out, d)
	return out
}

// token tries the session tokens that belong to the keys.
func (s *search) token() []Finding {
	q, d := s.r.a.query, s.r.a.d
	now, times, _ := take(q, d.token)
	for _, k := range s.o.secrets {
		if k.token == "" || k.token == AnyToken || k.token == now {
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(q), func(p param) bool { return p.name == d.token })
		rest = append(rest, newParam(d.token, k.token))
		sortQuery(rest, d)
		if !s.with(func(a *attempt) { a.query = rest }) {
			continue
		}
		if times == 0 {
			return certain(StageCanonical, CauseToken, d.token, "the session token was signed, but is gone from the URL")
		}
		return certain(StageCanonical, CauseToken, d.token, "the session token in the URL was changed after signing")
	}
	return nil
}

// parameters tries the query without what may have been added, with what may have been dropped, and with other values.
func (s *search) parameters() []Finding {
	q, d := s.r.a.query, s.r.a.d
	var free []int
	for i := range q {
		if !d.owns(q[i].name) || q[i].name == d.token {
			free = append(free, i)
		}
	}
	for n, i := range free {
		if s.with(func(a *attempt) { a.query = without(q, i) }) {
			return certain(StageCanonical, CauseAdded, q[i].name, "the parameter %s was added after signing", clip(q[i].name))
		}
		for _, j := range free[:n] {
			if s.with(func(a *attempt) { a.query = without(q, i, j) }) {
				return certain(StageCanonical, CauseAdded, q[j].name, "the parameters %s and %s were added after signing", clip(q[j].name), clip(q[i].name))
			}
		}
	}
	if len(free) > 2 && s.with(func(a *attempt) { a.query = without(q, free...) }) {
		return certain(StageCanonical, CauseAdded, q[free[0]].name, "%d parameters were added after signing, among them %s", len(free), clip(q[free[0]].name))
	}
	if found := s.token(); found != nil {
		return found
	}
	for _, p := range [][2]string{{"x-id", "GetObject"}, {"x-id", "PutObject"}, {"x-id", "UploadPart"}, {"x-id", "HeadObject"}, {"x-id", "DeleteObject"}, {"uploads", ""}, {"acl", ""}, {"X-Amz-Content-Sha256", Unsigned}} {
		if s.with(func(a *attempt) {
			a.query = append(slices.Clone(q), newParam(p[0], p[1]))
			sortQuery(a.query, d)
		}) {
			return certain(StageCanonical, CauseDropped, p[0], "the parameter %s=%s was signed, but is gone from the URL", p[0], p[1])
		}
	}
	for _, v := range s.known.Values {
		for _, name := range []string{"X-User", "uploadId", "partNumber", "versionId", "x-id"} {
			if _, times, _ := take(q, name); times == 0 && s.with(func(a *attempt) {
				a.query = append(slices.Clone(q), newParam(name, v))
				sortQuery(a.query, d)
			}) {
				return certain(StageCanonical, CauseDropped, name, "the parameter %s was signed, but is gone from the URL", name)
			}
		}
	}
	for _, i := range free {
		values := append([]string{}, s.known.Values...)
		v := q[i].value
		values = append(values, "", strings.ReplaceAll(v, " ", "+"), strings.ReplaceAll(v, "+", " "), strings.TrimSpace(v), strings.ToLower(v), strings.ToUpper(v), decoded(v), escape(v, false))
		if n, err := strconv.Atoi(v); err == nil && n > 0 && n <= 10000 {
			for n := range 10000 {
				values = append(values, strconv.Itoa(n+1))
			}
		}
		for _, value := range values {
			if value != v && s.with(func(a *attempt) {
				a.query = slices.Clone(q)
				a.query[i] = newParam(q[i].name, value)
				sortQuery(a.query, d)
			}) {
				return certain(StageCanonical, CauseEdited, q[i].name, "the parameter %s was changed after signing", clip(q[i].name))
			}
		}
	}
	return nil
}

// headers tries other values and other lists of signed headers, and other hashes of the payload.
func (s *search) headers() []Finding {
	a := &s.r.a
	empty := sha256.Sum256(nil)
	for _, p := range []string{Unsigned, hex.EncodeToString(empty[:]), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
		if p != a.payload && s.with(func(a *attempt) { a.payload = p }) {
			return certain(StageCanonical, CausePayload, "", "the URL was signed with the payload's hash as %s, and not as %s", clip(p), clip(a.payload))
		}
	}
	types := append([]string{"", "application/octet-stream", "text/plain", "text/plain; charset=utf-8", "application/json", "application/x-www-form-urlencoded", "text/html", "text/csv",
		"image/png", "image/jpeg", "application/x-tar", "application/gzip", "application/zip", "binary/octet-stream", "multipart/form-data", "AES256", "aws:kms", "private", "public-read", "0", "no-cache"}, s.known.Values...)
	for _, name := range a.signed {
		if name == "host" {
			continue
		}
		values, _ := headerValues(a.header, name)
		first, _, _ := strings.Cut(strings.Join(values, ","), ";")
		for _, v := range append([]string{first, strings.Join(values, ", "), strings.ToLower(first)}, types...) {
			if s.with(func(a *attempt) {
				a.header = a.header.Clone()
				a.header[http.CanonicalHeaderKey(name)] = []string{v}
			}) {
				return certain(StageCanonical, CauseHeader, name, "the header %s was sent with another value than was signed", clip(name))
			}
		}
		for i := range values {
			if len(values) > 1 && s.with(func(a *attempt) {
				a.header = a.header.Clone()
				a.header[http.CanonicalHeaderKey(name)] = values[i : i+1]
			}) {
				return certain(StageCanonical, CauseHeader, name, "the header %s was signed with one value and sent with %d", clip(name), len(values))
			}
		}
	}
	var lists [][]string
	for i := range a.signed {
		lists = append(lists, slices.Delete(slices.Clone(a.signed), i, i+1))
	}
	for name := range a.header {
		if lower := strings.ToLower(name); !slices.Contains(a.signed, lower) {
			lists = append(lists, append(slices.Clone(a.signed), lower))
		}
	}
	for _, list := range append(lists, []string{"host"}) {
		slices.Sort(list)
		text := strings.Join(list, ";")
		if s.with(func(a *attempt) {
			a.signed, a.signedText = list, text
			a.query = set(a.query, a.d, a.d.headers, text)
		}) {
			return certain(StageCanonical, CauseEdited, a.d.headers, "the list of signed headers was changed: it was %s", clip(text))
		}
	}
	return nil
}

// regions are those a scope may have named: AWS's, CoreWeave's first, and the words that others use.
const regions = "us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 ap-south-1 ap-south-2 " +
	"ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-east-1 ca-central-1 ca-west-1 sa-east-1 " +
	"me-south-1 me-central-1 il-central-1 af-south-1 mx-central-1 us-gov-east-1 us-gov-west-1 cn-north-1 cn-northwest-1 auto us minio minio-local default garage " +
	"US-EAST-01A US-EAST-02A US-EAST-04A US-EAST-06A US-EAST-08A US-WEST-01A US-WEST-04A EU-SOUTH-03A EU-SOUTH-04A CA-EAST-01A us-central1 us-east1 europe-west1 EU US ASIA"

// scope tries other IDs, regions and services.
func (s *search) scope() []Finding {
	a, id := &s.r.a, credentialID(s.r)
	for _, other := range s.known.Values {
		if other != id && other != "" && s.with(func(a *attempt) { a.query = set(a.query, a.d, a.d.credential, a.credential(other)) }) {
			return certain(StageString, CauseEdited, a.d.credential, "the ID in the credential was changed: the URL was signed by %s and says %s", clip(other), clip(id))
		}
	}
	list := append(strings.Fields(regions), s.r.in.Region, strings.ToLower(a.region), strings.ToUpper(a.region))
	for _, region := range list {
		if region != a.region && region != "" && s.with(func(a *attempt) {
			a.region = region
			a.query = set(a.query, a.d, a.d.credential, a.credential(id))
		}) {
			return certain(StageString, CauseEdited, a.d.credential, "the region in the credential scope was changed: the URL was signed for %s and says %s", clip(region), clip(a.region))
		}
	}
	for _, service := range []string{a.d.service, "s3", "storage", "s3express", "s3-outposts", "execute-api"} {
		if service != a.service && s.with(func(a *attempt) {
			a.service = service
			a.query = set(a.query, a.d, a.d.credential, a.credential(id))
		}) {
			return certain(StageString, CauseEdited, a.d.credential, "the service in the credential scope was changed: the URL was signed for %s and says %s", clip(service), clip(a.service))
		}
	}
	return nil
}

func credentialID(r *v4) string {
	text, _, _ := take(r.a.query, r.a.d.credential)
	for range 4 {
		text, _, _ = cutLast(text)
	}
	return text
}

// lifetime tries other numbers of seconds: up to two hours each, beyond that whole minutes up to 7 days.
func (s *search) lifetime() []Finding {
	d := s.r.a.d
	q := slices.Clone(s.r.a.query)
	_, _, at := take(q, d.expires)
	was := q[at].value
	for n := 0; n <= 604800; n++ {
		if n > 7200 && n%60 != 0 {
			n += 60 - n%60 - 1
			continue
		}
		text := strconv.Itoa(n)
		q[at].value, q[at].encValue = text, text
		if text != was && s.with(func(a *attempt) { a.query = q }) {
			return certain(StageCanonical, CauseEdited, d.expires, "%s was changed: the URL was signed to live %s and says %s seconds", d.expires, span(time.Duration(n)*time.Second), clip(was))
		}
	}
	return nil
}

// date tries other times: every second of the day in the scope, and the same time of other days.
func (s *search) date() []Finding {
	d, id := s.r.a.d, credentialID(s.r)
	q := slices.Clone(s.r.a.query)
	_, _, at := take(q, d.date)
	_, _, cred := take(q, d.credential)
	try := func(t time.Time) []Finding {
		text := t.Format(v4Time)
		q[at].value, q[at].encValue = text, text
		day := text[:8]
		q[cred] = s.r.a.query[cred]
		if day != s.r.a.day {
			b := s.r.a
			b.day = day
			q[cred] = newParam(d.credential, b.credential(id))
		}
		if text == s.r.a.time && day == s.r.a.day || !s.with(func(a *attempt) { a.query, a.time, a.day = q, text, day }) {
			return nil
		}
		part := d.date
		if text == s.r.a.time {
			part = d.credential
		}
		return certain(StageString, CauseEdited, part, "the date was changed: the URL was signed at %s and says %s, of the day %s", stamp(t), stamp(s.r.at), s.r.a.day)
	}
	day, err := time.Parse("20060102", s.r.a.day)
	if err != nil {
		return nil
	}
	for _, base := range []time.Time{s.r.at, day.Add(s.r.at.Sub(s.r.at.Truncate(24 * time.Hour)))} {
		for n := -400; n <= 400; n++ {
			if found := try(base.AddDate(0, 0, n)); found != nil {
				return found
			}
		}
		for n := -8 * 24; n <= 8*24; n++ {
			if found := try(base.Add(time.Duration(n) * time.Hour)); found != nil {
				return found
			}
		}
	}
	for n := range 86400 {
		if found := try(day.Add(time.Duration(n) * time.Second)); found != nil {
			return found
		}
	}
	return nil
}
