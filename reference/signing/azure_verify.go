package signing

import (
	"strings"
	"time"
)

// azure is a request with a SAS taken apart.
type azure struct {
	f               sas
	in              *Input
	params          []param
	sig             string
	path            string // of container and blob, without an account in it
	container, blob string
	permissions     string
	start, expiry   time.Time
	readable        bool
}

// VerifyAzure judges a request by Azure's rules for shared access signatures: service, user delegation and account SAS,
// the string-to-sign by sv. After the signature it asks whether the SAS permits the request (StagePermission).
func VerifyAzure(in Input) *Verdict { return verifyAzure(Detect(in.RawQuery), &in) }

func verifyAzure(kind Scheme, in *Input) *Verdict {
	v := &Verdict{}
	r := azure{in: in, f: sas{kind: kind}}
	if !r.parse(v) || !r.times(v) || !r.covers(v) {
		return v
	}
	if r.check(v); v.OK {
		r.permits(v)
	}
	return v
}

// parse is the stage "parameters".
func (r *azure) parse(v *Verdict) bool {
	in, f, c := r.in, &r.f, &v.Claim
	c.Scheme, c.Method, c.Host = f.kind, in.Method, in.Host
	f.account, r.container, r.blob, r.path = azureNames(in)
	c.Account, c.CredentialID, c.Bucket, c.Key = f.account, f.account, r.container, r.blob
	var bad int
	if r.params, bad = parseQuery(in.RawQuery); bad >= 0 {
		v.refuse(StageParameters, CauseMalformed, "", "the query holds a percent sign that is not followed by two hexadecimal digits; the URL was cut or retyped")
		return false
	}
	var sdd, srh, srq, versionID string
	for i := range r.params {
		p := &r.params[i]
		place := f.field(p.name)
		switch p.name {
		case "sig":
			place = &r.sig
		case "sdd":
			place = &sdd
		case "srh":
			place = &srh
		case "srq":
			place = &srq
		case "snapshot":
			place = &f.snapshot
		case "versionid":
			place = &versionID
		}
		if place == nil {
			continue
		}
		if _, before, _ := take(r.params[:i], p.name); before > 0 {
			_, times, _ := take(r.params, p.name)
			v.refuse(StageParameters, CauseRepeated, p.name, "the query has %s %d times; which of them is meant is ambiguous", p.name, times)
			return false
		}
		*place = p.value
	}
	c.Version, c.Protocol, c.IPRange, c.Policy, c.Resource, c.Permissions, c.Requester = f.sv, f.spr, f.sip, f.si, f.sr, f.sp, f.scid
	switch f.sr {
	case "bs":
	case "bv":
		f.snapshot = versionID
	default:
		f.snapshot = "" // a snapshot that the SAS is not bound to
	}
	if f.kind == AzureDelegation {
		c.CredentialID, c.Tenant = f.skoid, f.sktid
	}
	var space [16]Pair
	required := append(space[:0], Pair{"sv", f.sv}, Pair{"sig", r.sig})
	switch f.kind {
	case AzureAccount:
		required = append(required, Pair{"ss", f.ss}, Pair{"srt", f.srt}, Pair{"sp", f.sp}, Pair{"se", f.se})
	case AzureDelegation:
		required = append(required, Pair{"sr", f.sr}, Pair{"sp", f.sp}, Pair{"se", f.se}, Pair{"sktid", f.sktid}, Pair{"skt", f.skt},
			Pair{"ske", f.ske}, Pair{"sks", f.sks}, Pair{"skv", f.skv})
	default:
		required = append(required, Pair{"sr", f.sr})
		if f.si == "" {
			required = append(required, Pair{"sp", f.sp}, Pair{"se", f.se})
		}
	}
	for _, p := range required {
		if p.Value == "" {
			v.refuse(StageParameters, CauseMissing, p.Name, "the query has no %s (%s): the URL was cut, or a proxy or mail program dropped it", p.Name, meaning(p.Name))
			return false
		}
	}
	if !sasVersion(f.sv) || f.kind == AzureDelegation && f.sv < versionResource {
		v.refuse(StageParameters, CauseVersion, "sv", "the version sv=%s is not one whose string-to-sign is known here (a date from %s on)", clip(f.sv), versionFirst)
		return false
	}
	if !wellFormed(in.RawPath) {
		v.refuse(StageCanonical, CausePath, "", "the path holds a percent sign that is not followed by two hexadecimal digits")
		return false
	}
	r.resource(sdd, v)
	f.headers = r.named(srh, "", "\n", func(n string) (string, bool) {
		values, ok := headerValues(in.Header, strings.ToLower(n))
		return strings.Join(values, ", "), ok
	}, v)
	f.parameters = r.named(srq, "\n", "", func(n string) (string, bool) {
		value, times, _ := take(r.params, n)
		return value, times > 0
	}, v)
	if v.Cause != "" {
		return false
	}
	r.readable = true
	return true
}

// resource is the canonicalized resource: /blob/account/container[/blob], decoded.
func (r *azure) resource(sdd string, v *Verdict) {
	f, c := &r.f, &v.Claim
	root := "/blob/" + f.account + "/" + r.container
	switch f.sr {
	case "c":
		c.Container = true
		f.resource = root
	case "d":
		c.Directory = true
		f.resource = root
		for n := min(len(sdd), 3); n > 0 && sdd[0] >= '1' && sdd[0] <= '9'; n = 0 {
			rest := r.blob
			f.resource = root
			for range atoi(sdd) {
				var part string
				part, rest, _ = strings.Cut(rest, "/")
				f.resource += "/" + part
			}
		}
		c.Key = strings.TrimPrefix(strings.TrimPrefix(f.resource, root), "/")
	case "b", "bs", "bv":
		f.resource = "/blob/" + f.account + r.decodedPath()
	default:
		if f.kind != AzureAccount {
			v.refuse(StageParameters, CauseMalformed, "sr", "sr=%s is none of b, bs, bv, c and d", clip(f.sr))
		}
	}
	if strings.IndexByte(f.resource, '\\') >= 0 {
		f.resource = strings.ReplaceAll(f.resource, `\`, "/")
	}
}

// decodedPath is the path decoded: a slash that was encoded separates nothing, but is signed like one that does.
func (r *azure) decodedPath() string {
	if rest, ok := strings.CutPrefix(r.path, "/"); !ok || strings.IndexByte(rest, '/') < 0 {
		return decoded(r.path)
	}
	return "/" + r.container + "/" + r.blob
}

func atoi(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 999 {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// named writes what srh or srq names, read from the request.
func (r *azure) named(list, before, after string, read func(string) (string, bool), v *Verdict) string {
	if list == "" || v.Cause != "" {
		return ""
	}
	var b strings.Builder
	for name := range strings.SplitSeq(list, ",") {
		value, ok := read(name)
		if !ok {
			v.refuse(StageCanonical, CauseHeaderMissing, name, "the SAS requires %s, but the request came without it; the client must send it exactly as it was signed", clip(name))
			return ""
		}
		b.WriteString(before)
		b.WriteString(name)
		b.WriteString(":")
		b.WriteString(value)
		b.WriteString(after)
	}
	return b.String()
}

// check is the stages "string-to-sign" and "signature".
func (r *azure) check(v *Verdict) {
	var space [1024]byte
	text := r.f.appendString(space[:0], r.f.sv)
	v.StringToSign, v.CanonicalRequest = string(text), r.f.resource
	keys := 0
	if r.in.Keys != nil {
		for _, k := range r.in.Keys(&v.Claim) {
			key, ok := k.(*AzureKey)
			if !ok {
				continue
			}
			keys++
			if key.made(text, r.sig) {
				v.accept()
				return
			}
		}
	}
	if keys == 0 {
		v.refuse(StageSignature, CauseKeyUnknown, "", "no key is known for %s, so the signature can't be checked", clip(v.Claim.CredentialID))
		return
	}
	v.refuse(StageSignature, CauseSignature, "sig", "the signature is not the one this SAS would have: a part of the URL was changed after signing, or another key signed it (keys that were rotated sign no more)")
}

// meaning words a SAS parameter.
func meaning(name string) string {
	switch name {
	case "sv":
		return "version"
	case "sig":
		return "signature"
	case "sr":
		return "resource"
	case "sp":
		return "permissions"
	case "st":
		return "start"
	case "se":
		return "expiry"
	case "si":
		return "stored access policy"
	case "sip":
		return "IP range"
	case "spr":
		return "protocol"
	case "ss":
		return "services"
	case "srt":
		return "resource types"
	case "ses":
		return "encryption scope"
	case "scid":
		return "requester"
	case "sktid", "skt", "ske", "sks", "skv", "skoid":
		return "part of the user delegation key"
	case "rscc", "rscd", "rsce", "rscl", "rsct":
		return "response header"
	}
	return "parameter"
}
