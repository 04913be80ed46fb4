package signing

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// azureSearch tries changes to a SAS one after the other.
type azureSearch struct {
	r     *azure
	keys  []*AzureKey
	known Known
}

// explainAzure looks for what makes the signature wrong. before is what Verify found already.
func explainAzure(in *Input, known Known, before Cause) []Finding {
	r := azure{in: in, f: sas{kind: Detect(in.RawQuery)}}
	v := &Verdict{}
	r.parse(v)
	if !r.readable || in.Keys == nil {
		return nil
	}
	s := azureSearch{r: &r, known: known}
	for _, k := range in.Keys(&v.Claim) {
		if k, ok := k.(*AzureKey); ok {
			s.keys = append(s.keys, k)
		}
	}
	if len(s.keys) == 0 || s.with(func(*sas) {}) {
		return nil
	}
	for _, step := range []func() []Finding{s.shape, s.account, s.place, s.options, s.permissions, s.versions, s.times} {
		if found := step(); found != nil {
			return found
		}
	}
	if before != CauseSignature {
		return nil
	}
	return []Finding{
		{StageSignature, CauseSecret, "sig", false, "the key that signed is most likely not one the account " + clip(r.f.account) + " has now: no single change to the URL explains the signature", remedy(CauseSecret)},
		{StageString, CauseUnexplained, "", false, "otherwise the SAS was minted for another container or blob, or with another value of a parameter, or several parts were changed at once", "name what it may have been minted for, so that it can be compared, or mint it anew and compare the two"},
	}
}

func (s *azureSearch) with(change func(f *sas)) bool {
	f := s.r.f
	change(&f)
	return s.made(&f, f.sv)
}

func (s *azureSearch) made(f *sas, layout string) bool {
	var space [1024]byte
	text := f.appendString(space[:0], layout)
	for _, k := range s.keys {
		if k.sign(text) == s.r.sig {
			return true
		}
	}
	return false
}

// shape looks at the signature itself.
func (s *azureSearch) shape() []Finding {
	sig := s.r.sig
	for _, k := range s.keys {
		want := k.sign(s.r.f.appendString(nil, s.r.f.sv))
		if strings.ReplaceAll(sig, " ", "+") == want {
			return certain(StageSignature, CauseSignatureEdited, "sig", "the signature is right, but its plus signs came as spaces: sig must be percent-encoded, + as %%2B")
		}
		if once, ok := unescape(sig, true); ok && (once == want || strings.ReplaceAll(once, " ", "+") == want) {
			return certain(StageSignature, CauseSignatureEdited, "sig", "the signature is right, but it was percent-encoded twice")
		}
		if cut(sig, want) {
			return certain(StageSignature, CauseSignatureCut, "sig", "the signature has %d characters instead of %d: the URL was cut", len(sig), len(want))
		}
		if strings.EqualFold(sig, want) {
			return certain(StageSignature, CauseSignatureCase, "sig", "the signature is right but for upper and lower case, which count")
		}
		if n := distance(sig, want); n >= 0 && n <= 6 {
			return certain(StageSignature, CauseSignatureEdited, "sig", "the signature is right but for %d of its characters: it was edited or mistyped", n)
		}
		if len(sig) != len(want) {
			return certain(StageSignature, CauseSignatureCut, "sig", "the signature has %d characters instead of %d: the URL was cut, or something was appended to it", len(sig), len(want))
		}
	}
	return nil
}

// account tries the accounts that other hosts name.
func (s *azureSearch) account() []Finding {
	f := &s.r.f
	for _, h := range append([]string{"devstoreaccount1", s.r.in.Account}, s.known.Hosts...) {
		name, _, _ := strings.Cut(h, ".")
		name, _ = splitPort(name)
		rest, ok := strings.CutPrefix(f.resource, "/blob/"+f.account)
		if ok && name != "" && name != f.account && s.with(func(f *sas) { f.account, f.resource = name, "/blob/"+name+rest }) {
			return certain(StageCanonical, CauseAccount, "host", "the SAS was minted for the account %s, and was used on %s", clip(name), clip(f.account))
		}
	}
	return nil
}

// place tries other resources: the key in other encodings, other blobs and containers, the container instead of the blob.
func (s *azureSearch) place() []Finding {
	f, r := &s.r.f, s.r
	root := "/blob/" + f.account + "/"
	raw := strings.TrimPrefix(r.path, "/")
	twice, _ := unescape(decoded(raw), false)
	blob := r.blob
	paths := []string{raw, twice, escape(decoded(raw), true), strings.ReplaceAll(decoded(raw), "+", " "), strings.ReplaceAll(decoded(raw), " ", "+"),
		strings.TrimSuffix(decoded(raw), "/"), decoded(raw) + "/", strings.ReplaceAll(decoded(raw), "//", "/"), norm.NFC.String(decoded(raw)), norm.NFD.String(decoded(raw)), r.container + "//" + blob, r.container + "/" + strings.ReplaceAll(blob, "/", "%2F")}
	for i := len(r.container) + 1; i < len(decoded(raw)); i++ { // one slash that was none
		if path := decoded(raw); path[i] == '/' {
			paths = append(paths, path[:i]+"%2F"+path[i+1:])
		}
	}
	for _, c := range paths {
		if c != "" && root+c != f.resource && s.with(func(f *sas) { f.resource = root + c }) {
			return certain(StageCanonical, CauseEncoding, "", "the SAS was signed for the path %s, and was used with %s, which reads as %s: the key was encoded or decoded once too often, or something on the way normalised it", clip(c), clip(raw), clip(decoded(raw)))
		}
	}
	for _, c := range append([]string{r.container}, s.known.Buckets...) {
		for _, k := range append([]string{blob}, s.known.Keys...) {
			for _, sr := range []string{f.sr, "b", "c"} {
				resource := root + c
				if sr != "c" {
					resource += "/" + k
				}
				if !s.with(func(f *sas) { f.sr, f.resource = sr, resource }) {
					continue
				}
				switch {
				case sr != f.sr:
					return certain(StageString, CauseEdited, "sr", "the resource sr was changed: the SAS was signed for sr=%s and says sr=%s", sr, f.sr)
				case c != r.container:
					return certain(StageCanonical, CauseBucket, "", "the SAS was minted for the container %s, and was used on %s", clip(c), clip(r.container))
				default:
					return certain(StageCanonical, CauseObject, "", "the SAS was minted for the blob %s, and was used on %s", clip(k), clip(blob))
				}
			}
		}
	}
	return nil
}

// options are parameters that may be there or not.
func (s *azureSearch) options() []Finding {
	for _, name := range []string{"spr", "sip", "si", "ses", "scid", "saoid", "suoid", "sduoid", "skdutid", "rscc", "rscd", "rsce", "rscl", "rsct", "st", "sp", "se"} {
		now := *s.r.f.field(name)
		if now != "" && s.with(func(f *sas) { *f.field(name) = "" }) {
			return certain(StageString, CauseAdded, name, "%s (%s) was added after signing", name, meaning(name))
		}
		values := append([]string{}, s.known.Values...)
		if name == "spr" {
			values = append(values, "https", "https,http")
		}
		for _, v := range values {
			if v == now || !s.with(func(f *sas) { *f.field(name) = v }) {
				continue
			}
			if now == "" {
				return certain(StageString, CauseDropped, name, "%s (%s) was signed, but is gone from the URL", name, meaning(name))
			}
			return certain(StageString, CauseEdited, name, "%s (%s) was changed after signing", name, meaning(name))
		}
	}
	return nil
}

// permissions tries every set of letters.
func (s *azureSearch) permissions() []Finding {
	now := s.r.f.sp
	text := make([]byte, 0, len(letters))
	for set := 1; set < 1<<len(letters); set++ {
		text = text[:0]
		for i := range len(letters) {
			if set&(1<<i) != 0 {
				text = append(text, letters[i])
			}
		}
		if sp := string(text); sp != now && s.with(func(f *sas) { f.sp = sp }) {
			return certain(StageString, CauseEdited, "sp", "the permissions were changed: the SAS was signed for sp=%s and says sp=%s", sp, clip(now))
		}
	}
	return nil
}

// versions tries the layouts of other versions, and other versions.
func (s *azureSearch) versions() []Finding {
	f := s.r.f
	for _, l := range layouts(f.kind) {
		if s.made(&f, l) {
			return certain(StageString, CauseLayout, "sv", "the SAS says sv=%s, but was signed with the lines of %s: the library that minted it doesn't follow the version it was asked for", f.sv, l)
		}
	}
	for _, sv := range strings.Fields("2015-04-05 2015-07-08 2015-12-11 2016-05-31 2017-04-17 2017-07-29 2017-11-09 2018-03-28 2018-11-09 2019-02-02 2019-07-07 2019-12-12 2020-02-10 2020-04-08 2020-06-12 " +
		"2020-08-04 2020-10-02 2020-12-06 2021-02-12 2021-04-10 2021-06-08 2021-08-06 2021-10-04 2021-12-02 2022-11-02 2023-01-03 2023-05-03 2023-08-03 2023-11-03 2024-02-04 2024-05-04 2024-08-04 " +
		"2024-11-04 2025-01-05 2025-05-05 2025-07-05 2025-11-05 2026-02-06 2026-04-06 2026-06-06 2026-10-06 2026-12-06") {
		if sv != f.sv && s.with(func(f *sas) { f.sv = sv }) {
			return certain(StageString, CauseEdited, "sv", "the version was changed: the SAS was signed with sv=%s and says sv=%s", sv, f.sv)
		}
	}
	return nil
}

// times tries other times for each of the four: other days, hours, minutes and seconds about the one given, and the
// usual lifetimes from the start.
func (s *azureSearch) times() []Finding {
	for _, name := range []string{"se", "st", "ske", "skt"} {
		now := *s.r.f.field(name)
		at, ok := parseSASTime(now)
		if now == "" || !ok {
			continue
		}
		try := func(t time.Time) []Finding {
			text := sasTime(t)
			if text == now || !s.with(func(f *sas) { *f.field(name) = text }) {
				return nil
			}
			return certain(StageString, CauseEdited, name, "%s was changed: the SAS was signed with %s=%s and says %s", name, name, text, clip(now))
		}
		for n := -8 * 24 * 60; n <= 8*24*60; n++ {
			if found := try(at.Add(time.Duration(n) * time.Minute)); found != nil {
				return found
			}
		}
		for n := -4000; n <= 4000; n++ {
			if found := try(at.AddDate(0, 0, n)); found != nil {
				return found
			}
		}
		for n := -3600; n <= 3600; n++ {
			if found := try(at.Add(time.Duration(n) * time.Second)); found != nil {
				return found
			}
		}
		start, ok := parseSASTime(s.r.f.st)
		if name != "se" || !ok {
			continue
		}
		for n := 1; n <= 8*24*60; n++ {
			if found := try(start.Add(time.Duration(n) * time.Minute)); found != nil {
				return found
			}
		}
	}
	return nil
}
