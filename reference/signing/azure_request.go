package signing

import (
	"errors"
	"fmt"
	"net/url"
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
