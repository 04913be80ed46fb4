package signing

import "slices"

// sas are the parameters of a shared access signature, by their names in the query, and what is signed without being
// one: the canonicalized resource, the account, the snapshot or version time, and the canonical headers and parameters
// that srh and srq name.
type sas struct {
	kind                                            Scheme
	account, resource                               string
	sp, st, se, si, sip, spr, sv, sr, snapshot, ses string
	ss, srt                                         string
	skoid, sktid, skt, ske, sks, skv                string
	saoid, suoid, scid, skdutid, sduoid             string
	headers, parameters                             string
	rscc, rscd, rsce, rscl, rsct                    string
}

// Versions of the Storage service at which a string-to-sign changed its lines ("Create a service SAS", "Create a user
// delegation SAS", "Create an account SAS": Construct the signature string).
const (
	versionFirst     = "2015-04-05" // service SAS: 13 lines, the first with /blob/ in the resource
	versionResource  = "2018-11-09" // + sr and snapshot: 15; user delegation begins: 20
	versionAgents    = "2020-02-10" // user delegation + saoid, suoid, scid: 23
	versionScope     = "2020-12-06" // + ses: 16, 24; account SAS + 1
	versionDelegated = "2025-07-05" // user delegation + skdutid, sduoid: 26
	versionRequest   = "2026-04-06" // user delegation + srh, srq: 28
)

// layouts are the versions that begin a new layout, newest first, for a scheme.
func layouts(kind Scheme) []string {
	switch kind {
	case AzureDelegation:
		return []string{versionRequest, versionDelegated, versionScope, versionAgents, versionResource}
	case AzureService:
		return []string{versionScope, versionResource, versionFirst}
	default:
		return []string{versionScope, versionFirst}
	}
}

// appendString writes the string-to-sign in the layout of a version, which is s.sv except where Explain tries another.
func (s *sas) appendString(dst []byte, layout string) []byte {
	var space [28]string
	var lines []string
	switch s.kind {
	case AzureAccount:
		lines = append(space[:0], s.account, s.sp, s.ss, s.srt, s.st, s.se, s.sip, s.spr, s.sv)
		if layout >= versionScope {
			lines = append(lines, s.ses)
		}
		lines = append(lines, "") // "the account SAS requires a terminating newline"
	case AzureService:
		lines = append(space[:0], s.sp, s.st, s.se, s.resource, s.si, s.sip, s.spr, s.sv)
		if layout >= versionResource {
			lines = append(lines, s.sr, s.snapshot)
		}
		lines = s.overrides(lines, layout)
	case AzureDelegation:
		lines = append(space[:0], s.sp, s.st, s.se, s.resource, s.skoid, s.sktid, s.skt, s.ske, s.sks, s.skv)
		if layout >= versionAgents {
			lines = append(lines, s.saoid, s.suoid, s.scid)
		}
		if layout >= versionDelegated {
			lines = append(lines, s.skdutid, s.sduoid)
		}
		lines = append(lines, s.sip, s.spr, s.sv, s.sr, s.snapshot)
		lines = s.overrides(lines, layout)
	}
	for i, l := range lines {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, l...)
	}
	return dst
}

func (s *sas) overrides(lines []string, layout string) []string {
	if layout >= versionScope {
		lines = append(lines, s.ses)
	}
	if s.kind == AzureDelegation && layout >= versionRequest {
		lines = append(lines, s.headers, s.parameters)
	}
	return append(lines, s.rscc, s.rscd, s.rsce, s.rscl, s.rsct)
}

// field finds the place of a parameter, nil for a name that no SAS has or whose value is not a line by itself.
func (s *sas) field(name string) *string {
	switch name {
	case "sp":
		return &s.sp
	case "st":
		return &s.st
	case "se":
		return &s.se
	case "si":
		return &s.si
	case "sip":
		return &s.sip
	case "spr":
		return &s.spr
	case "sv":
		return &s.sv
	case "sr":
		return &s.sr
	case "ses":
		return &s.ses
	case "ss":
		return &s.ss
	case "srt":
		return &s.srt
	case "skoid":
		return &s.skoid
	case "sktid":
		return &s.sktid
	case "skt":
		return &s.skt
	case "ske":
		return &s.ske
	case "sks":
		return &s.sks
	case "skv":
		return &s.skv
	case "saoid":
		return &s.saoid
	case "suoid":
		return &s.suoid
	case "scid":
		return &s.scid
	case "skdutid":
		return &s.skdutid
	case "sduoid":
		return &s.sduoid
	case "rscc":
		return &s.rscc
	case "rscd":
		return &s.rscd
	case "rsce":
		return &s.rsce
	case "rscl":
		return &s.rscl
	case "rsct":
		return &s.rsct
	}
	return nil
}

// letters are the permissions in the order in which Azure wants them written (sp of a blob, container or directory).
const letters = "racwdxyltfmeopi"

// orderPermissions sorts letters into that order; it fails on a letter twice or unknown.
func orderPermissions(sp string) (string, bool) {
	out := make([]byte, 0, len(sp))
	for i := range len(letters) {
		for j := range len(sp) {
			if sp[j] == letters[i] {
				out = append(out, letters[i])
			}
		}
	}
	return string(out), len(out) == len(sp) && len(slices.Compact(slices.Clone(out))) == len(out)
}
