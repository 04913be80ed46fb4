package signing

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Sign mints the URL. Signed.Method is empty: the permissions decide what it is good for.
func (s *AzureSigner) Sign(r AzureRequest) (*Signed, error) {
	if err := r.check(s.udk); err != nil {
		return nil, fmt.Errorf("mint an Azure SAS: %w", err)
	}
	f := sas{kind: AzureService, account: s.account, sp: r.Permissions, si: r.Policy, sip: r.IPRange, spr: r.Protocol, sv: r.Version,
		ses: r.EncryptionScope, scid: r.CorrelationID, saoid: r.AuthorizedObjectID, suoid: r.UnauthorizedObjectID, sduoid: r.DelegatedObjectID,
		rscc: r.CacheControl, rscd: r.ContentDisposition, rsce: r.ContentEncoding, rscl: r.ContentLanguage, rsct: r.ContentType}
	if f.sv == "" {
		f.sv = DefaultSASVersion
	}
	var ok bool
	if f.sp, ok = orderPermissions(f.sp); !ok {
		return nil, fmt.Errorf("mint an Azure SAS: permissions %q: want letters of %s, each once", r.Permissions, letters)
	}
	f.st, f.se = sasTime(r.Start), sasTime(r.Expiry)
	if k := s.udk; k != nil {
		f.kind = AzureDelegation
		f.skoid, f.sktid, f.skt, f.ske, f.sks, f.skv, f.skdutid = k.ObjectID, k.Tenant, sasTime(k.Start), sasTime(k.Expiry), k.Service, k.Version, k.DelegatedTenant
	}
	blob, sdd := r.Blob, ""
	f.resource = "/blob/" + s.account + "/" + r.Container
	switch {
	case r.Directory != "":
		f.sr = "d"
		directory := strings.Trim(r.Directory, "/")
		sdd = depth(directory)
		if directory != "" {
			f.resource += "/" + directory
		}
		if blob == "" {
			blob = directory
		}
	case r.Blob == "":
		f.sr = "c"
	default:
		f.sr = "b"
		f.resource += "/" + strings.ReplaceAll(r.Blob, `\`, "/")
		switch {
		case r.Snapshot != "":
			f.sr, f.snapshot = "bs", r.Snapshot
		case r.VersionID != "":
			f.sr, f.snapshot = "bv", r.VersionID
		}
	}
	var headerNames, queryNames string
	f.headers, headerNames = join(r.Headers, "", "\n")
	f.parameters, queryNames = join(r.RequestQuery, "\n", "")
	var textSpace, urlSpace [1024]byte
	sig := s.key.sign(f.appendString(textSpace[:0], f.sv))

	text := append(urlSpace[:0], "https://"...)
	if r.HTTP {
		text = append(urlSpace[:0], "http://"...)
	}
	if r.Host == "" {
		text = append(append(text, s.account...), ".blob.core.windows.net"...)
	} else {
		text = append(text, r.Host...)
	}
	if r.AccountInPath {
		text = append(append(text, '/'), s.account...)
	}
	text = appendEscaped(append(text, '/'), r.Container, false)
	if blob != "" {
		text = appendEscaped(append(text, '/'), blob, true)
	}
	text = append(append(text, "?sv="...), f.sv...)
	text = appendParam(text, "st", f.st)
	text = appendParam(text, "se", f.se)
	text = appendParam(text, "sr", f.sr)
	text = appendParam(text, "sp", f.sp)
	text = appendParam(text, "si", f.si)
	text = appendParam(text, "sip", f.sip)
	text = appendParam(text, "spr", f.spr)
	text = appendParam(text, "sdd", sdd)
	text = appendParam(text, "ses", f.ses)
	text = appendParam(text, "skoid", f.skoid)
	text = appendParam(text, "sktid", f.sktid)
	text = appendParam(text, "skt", f.skt)
	text = appendParam(text, "ske", f.ske)
	text = appendParam(text, "sks", f.sks)
	text = appendParam(text, "skv", f.skv)
	text = appendParam(text, "saoid", f.saoid)
	text = appendParam(text, "suoid", f.suoid)
	text = appendParam(text, "scid", f.scid)
	text = appendParam(text, "skdutid", f.skdutid)
	text = appendParam(text, "sduoid", f.sduoid)
	text = appendParam(text, "srh", headerNames)
	text = appendParam(text, "srq", queryNames)
	text = appendParam(text, "rscc", f.rscc)
	text = appendParam(text, "rscd", f.rscd)
	text = appendParam(text, "rsce", f.rsce)
	text = appendParam(text, "rscl", f.rscl)
	text = appendParam(text, "rsct", f.rsct)
	text = appendParam(text, "snapshot", r.Snapshot)
	text = appendParam(text, "versionid", r.VersionID)
	for _, p := range r.RequestQuery {
		text = appendParam(text, p.Name, p.Value)
	}
	if len(r.Query) > 0 {
		text = append(append(text, '&'), strings.ReplaceAll(r.Query.Encode(), "+", "%20")...)
	}
	text = appendParam(text, "sig", sig)
	out := &Signed{URL: string(text), Until: r.Expiry}
	for _, p := range r.Headers {
		if out.Header == nil {
			out.Header = map[string][]string{}
		}
		out.Header.Add(p.Name, p.Value)
	}
	return out, nil
}

// appendParam adds a parameter that has a value.
func appendParam(text []byte, name, value string) []byte {
	if value == "" {
		return text
	}
	return appendEscaped(append(append(append(text, '&'), name...), '='), value, false)
}

// join writes what srh and srq name: every pair between before and after, and the names.
func join(pairs []Pair, before, after string) (canonical, names string) {
	for i, p := range pairs {
		canonical += before + p.Name + ":" + p.Value + after
		if i > 0 {
			names += ","
		}
		names += p.Name
	}
	return canonical, names
}

func depth(directory string) string {
	if directory == "" {
		return "0"
	}
	return strconv.Itoa(strings.Count(directory, "/") + 1)
}

func sasTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// sasVersion says whether a version is a date that this package knows the layout of.
func sasVersion(sv string) bool {
	if len(sv) != len(time.DateOnly) || sv[4] != '-' || sv[7] != '-' {
		return false
	}
	_, ok := parseStamp(sv[:4] + sv[5:7] + sv[8:] + "T000000Z")
	return ok && sv >= versionFirst
}
