package signing

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DefaultSASVersion is the sv of a SAS that asks for none: 16 lines, or 24 for user delegation, which the service and
// Azurite both read.
const DefaultSASVersion = "2022-11-02"

// UserDelegationKey is what Get User Delegation Key answers.
type UserDelegationKey struct {
	ObjectID, Tenant string
	Start, Expiry    time.Time
	Service, Version string // sks, skv; "b" and DefaultSASVersion if empty
	// DelegatedTenant is skdutid, from 2025-07-05 on.
	DelegatedTenant string
	Value           *AzureKey
}

// AzureRequest is what a SAS is to be minted for.
type AzureRequest struct {
	// Host is the blob endpoint's host[:port]; "" means <account>.blob.core.windows.net.
	Host string
	// HTTP makes an http URL. AccountInPath puts the account before the container, as Azurite has it.
	HTTP, AccountInPath bool
	// Container and Blob are as they are, not encoded. No blob: the SAS opens the container. Directory: the SAS opens
	// everything below that directory, Blob then only completes the URL (sr=d; accounts with a hierarchical namespace).
	Container, Blob, Directory string
	// Snapshot and VersionID narrow the SAS to one snapshot or version (sr=bs, sr=bv), as the service prints them.
	Snapshot, VersionID string
	// Permissions are letters of racwdxyltfmeopi; they are written in that order.
	Permissions string
	// Start may be zero: from now on. Expiry may be zero only with Policy. Whole seconds.
	Start, Expiry time.Time
	// Policy is the stored access policy (si); not for user delegation.
	Policy string
	// Version is sv, a date; "" is DefaultSASVersion. It decides the layout of the string-to-sign.
	Version string
	// Protocol is "https", "https,http" or "" for no restriction; IPRange an address or two joined by "-".
	Protocol, IPRange string
	EncryptionScope   string
	// CorrelationID is scid, W&B's requester (user delegation only); then the other agents of that scheme.
	CorrelationID, AuthorizedObjectID, UnauthorizedObjectID, DelegatedObjectID string
	// Headers and Query must come with the request (srh, srq; user delegation, from 2026-04-06 on).
	Headers, RequestQuery []Pair
	// CacheControl and the others override response headers.
	CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType string
	// Query is added to the URL unsigned: comp, blockid.
	Query url.Values
}

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// AzureSigner mints shared access signatures for one account. It may be used concurrently.
type AzureSigner struct {
	account string
	key     *AzureKey
	udk     *UserDelegationKey
}

// NewAzureSigner signs by the account's key: service SAS.
func NewAzureSigner(account string, key *AzureKey) (*AzureSigner, error) {
	if account == "" || strings.ContainsAny(account, "/?#&\n") || key == nil {
		return nil, errors.New("an Azure signer needs an account and its key")
	}
	return &AzureSigner{account: account, key: key}, nil
}

// NewDelegationSigner signs by a user delegation key.
func NewDelegationSigner(account string, k UserDelegationKey) (*AzureSigner, error) {
	s, err := NewAzureSigner(account, k.Value)
	if err != nil {
		return nil, err
	}
	if k.ObjectID == "" || k.Tenant == "" || k.Start.IsZero() || k.Expiry.IsZero() {
		return nil, errors.New("a user delegation key needs an object ID, a tenant, a start and an expiry")
	}
	if k.Service == "" {
		k.Service = "b"
	}
	if k.Version == "" {
		k.Version = DefaultSASVersion
	}
	s.udk = &k
	return s, nil
}

func (r *AzureRequest) check(udk *UserDelegationKey) error {
	version := r.Version
	if version == "" {
		version = DefaultSASVersion
	}
	switch {
	case r.Container == "" || strings.ContainsAny(r.Container, "/?#\n"):
		return fmt.Errorf("container %q: want a container's name", r.Container)
	case !sasVersion(version):
		return fmt.Errorf("version %q: want a date from %s on", version, versionFirst)
	case udk != nil && version < versionResource:
		return fmt.Errorf("version %q: user delegation begins with %s", version, versionResource)
	case r.Policy != "" && udk != nil:
		return errors.New("a user delegation SAS takes no stored access policy")
	case r.Policy == "" && (r.Expiry.IsZero() || r.Permissions == ""):
		return errors.New("a SAS without a stored access policy needs permissions and an expiry")
	case !r.Start.IsZero() && !r.Expiry.IsZero() && !r.Expiry.After(r.Start):
		return errors.New("the SAS expires before it starts")
	case r.Start.Nanosecond() != 0 || r.Expiry.Nanosecond() != 0:
		return errors.New("start and expiry must be whole seconds")
	case r.Host == "" && r.AccountInPath, strings.ContainsAny(r.Host, "/?#@ \r\n\t"):
		return fmt.Errorf("host %q: want host[:port]", r.Host)
	case version < versionScope && r.EncryptionScope != "", udk == nil && len(r.Headers)+len(r.RequestQuery) > 0,
		version < versionRequest && len(r.Headers)+len(r.RequestQuery) > 0,
		version < versionAgents && r.CorrelationID+r.AuthorizedObjectID+r.UnauthorizedObjectID != "",
		udk == nil && r.CorrelationID+r.AuthorizedObjectID+r.UnauthorizedObjectID+r.DelegatedObjectID != "",
		version < versionDelegated && r.DelegatedObjectID != "", version < versionResource && r.Snapshot+r.VersionID+r.Directory != "":
		return fmt.Errorf("version %q does not sign a field that was asked for", version)
	}
	for name := range r.Query {
		if new(sas).field(name) != nil || name == "sig" || name == "sdd" || name == "srh" || name == "srq" {
			return fmt.Errorf("query parameter %q belongs to the signature", name)
		}
	}
	return nil
}

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
	w := query{text: text, sep: '?'}
	w.add("sv", f.sv)
	w.add("st", f.st)
	w.add("se", f.se)
	w.add("sr", f.sr)
	w.add("sp", f.sp)
	w.add("si", f.si)
	w.add("sip", f.sip)
	w.add("spr", f.spr)
	w.add("sdd", sdd)
	w.add("ses", f.ses)
	w.add("skoid", f.skoid)
	w.add("sktid", f.sktid)
	w.add("skt", f.skt)
	w.add("ske", f.ske)
	w.add("sks", f.sks)
	w.add("skv", f.skv)
	w.add("saoid", f.saoid)
	w.add("suoid", f.suoid)
	w.add("scid", f.scid)
	w.add("skdutid", f.skdutid)
	w.add("sduoid", f.sduoid)
	w.add("srh", headerNames)
	w.add("srq", queryNames)
	w.add("rscc", f.rscc)
	w.add("rscd", f.rscd)
	w.add("rsce", f.rsce)
	w.add("rscl", f.rscl)
	w.add("rsct", f.rsct)
	w.add("snapshot", r.Snapshot)
	w.add("versionid", r.VersionID)
	for _, p := range r.RequestQuery {
		w.add(p.Name, p.Value)
	}
	if len(r.Query) > 0 {
		w.text = append(append(w.text, '&'), strings.ReplaceAll(r.Query.Encode(), "+", "%20")...)
	}
	w.add("sig", sig)
	out := &Signed{URL: string(w.text), Until: r.Expiry}
	for _, p := range r.Headers {
		if out.Header == nil {
			out.Header = map[string][]string{}
		}
		out.Header.Add(p.Name, p.Value)
	}
	return out, nil
}

type query struct {
	text []byte
	sep  byte
}

func (q *query) add(name, value string) {
	if value == "" {
		return
	}
	q.text = appendEscaped(append(append(append(q.text, q.sep), name...), '='), value, false)
	q.sep = '&'
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
	_, err := time.Parse(time.DateOnly, sv)
	return err == nil && len(sv) == len(time.DateOnly) && sv >= versionFirst
}
