package connector

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/placement"
	"github.com/bucketproof/bucketproof/reference/policy"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// Faults has the last word on the rules of a connector: a deliberate breach replaces one of them, and mostly calls the
// sound one it has replaced. nil is a sound connector.
type Faults func(*Rules)

// Rules are the connector's decisions, each a function that the service asks at exactly one place.
type Rules struct {
	// ParseAddress reads one address of storage, ParseStores the list of supported file stores.
	ParseAddress func(raw string, o address.Options) (*address.Address, error)
	ParseStores  func(list string, o address.Options) (*address.Stores, error)
	// EvaluatePolicy judges a policy for what it means.
	EvaluatePolicy policy.Implementation
	// Availability says whether storage is on offer; anything but availability.Offered refuses.
	Availability func(availability.Instance, availability.Request) (availability.Answer, error)
	// CheckFields judges the form of a team's storage.
	CheckFields func(d availability.Deployment, edition, provider string, f placement.Fields, listed bool) error
	// Where says whether a kind goes to the bucket or to the database.
	Where func(k placement.Kind, edition string) (placement.Home, error)
	// Resolve says which storage a team's files are in.
	Resolve func(t placement.Team, instance *placement.Storage) (*placement.Storage, error)
	// Key is an object's key.
	Key func(s *placement.Storage, team string, k placement.Kind, parent, name string) (string, error)
	// May says who may do what.
	May func(m placement.Member, a placement.Action, t placement.Team, edition string) error
	// TokenHolds says whether a token that expires then still holds now.
	TokenHolds func(expires, now time.Time) bool
	// Lifetime is how long a URL lives, by its method.
	Lifetime func(method string) time.Duration
	// Mint makes a URL: those for clients and those the connector uses itself.
	Mint func(Mint) (*signing.Signed, error)
	// Reach does something of the connector's own with a team's storage. instance is the instance's, or nil.
	Reach func(ctx context.Context, own, instance *placement.Storage, do func(*placement.Storage) error) error
	// Probe tries a bucket before a team gets it: it writes, reads, lists and deletes the object with this key.
	Probe func(ctx context.Context, s *placement.Storage, key string) error
	// Discard removes an object that a failed probe may have left.
	Discard func(ctx context.Context, s *placement.Storage, key string) error
	// MakeAt says at which provider a bucket is made for a team that asked for one of a provider, Make does one step of it.
	MakeAt func(provider string) string
	Make   func(ctx context.Context, s *placement.Storage, step Step) error
	// CreateTeam is the order in which a team with External storage comes into being.
	CreateTeam func(try, insert func() error) error
	// ChangeStorage says whether the storage of a team that exists may be changed.
	ChangeStorage func(t placement.Team) error
	// SeenThere says whether an artifact's file needs no upload, since the team's storage has its content already.
	SeenThere func(Object) bool
	// SizeAgrees says whether an object of that many bytes is the file that was announced.
	SizeAgrees func(announced, found int64) bool
	// Garbage says whether an object may be removed.
	Garbage func(Object) bool
	// Remove deletes the bytes of a file or of garbage.
	Remove func(ctx context.Context, s *placement.Storage, key string) error
}

// Object is the bytes of artifact files with one content, in the storage of one team.
type Object struct {
	ID, Team string
	// Stored says that the object was seen in the bucket. Doomed says that garbage collection has begun to remove it.
	Stored, Doomed bool
	// Files is how many artifacts' files have this content, Live how many of them are of artifacts that were not deleted.
	Files, Live int
}

// Purpose is what a URL is for.
type Purpose string

// The purposes. Own is the connector's own request, whose URL nobody else sees.
const (
	Upload   Purpose = "upload"
	Download Purpose = "download"
	Own      Purpose = "own"
)

// Mint is what a URL is to be made for.
type Mint struct {
	Storage *placement.Storage
	Purpose Purpose
	Method  string
	// Key is the object's; "" is the bucket, for a listing.
	Key string
	// Header must be sent with the request; S3 and GCS sign it. Query is signed too (Azure: not).
	Header http.Header
	Query  url.Values
	// At is the time of signing, whole seconds.
	At       time.Time
	Lifetime time.Duration
	// Requester is the name of the user who asked, "" where the edition doesn't want it (BYOB-SIGN-009).
	Requester string
	// Team is the ID of the team whose file it is; User of who asked, "" for Own.
	Team, User string
}

// Lifetimes of URLs (BYOB-SIGN-007).
const (
	readingLifetime = time.Hour
	writingLifetime = 24 * time.Hour
)

// soundRules are the rules as published.
func (c *Connector) soundRules() Rules {
	return Rules{
		ParseAddress:   address.Parse,
		ParseStores:    address.ParseStores,
		EvaluatePolicy: policy.Reference(),
		Availability:   availability.Decide,
		CheckFields:    placement.CheckFields,
		Where:          placement.Where,
		Resolve:        placement.Resolve,
		Key:            placement.Key,
		May:            placement.May,
		TokenHolds:     func(expires, now time.Time) bool { return now.Before(expires) },
		Lifetime: func(method string) time.Duration {
			if method == http.MethodGet || method == http.MethodHead {
				return readingLifetime
			}
			return writingLifetime
		},
		Mint: c.mint,
		Reach: func(_ context.Context, own, _ *placement.Storage, do func(*placement.Storage) error) error {
			return do(own)
		},
		Probe:   c.probe,
		Discard: c.removeObject,
		MakeAt:  func(provider string) string { return provider },
		Make:    c.makeStep,
		CreateTeam: func(try, insert func() error) error {
			if err := try(); err != nil {
				return err
			}
			return insert()
		},
		ChangeStorage: func(placement.Team) error {
			return &placement.Refusal{Requirement: "BYOB-PLACE-008", Rule: "a team's storage is chosen when the team is created and can't be changed or set later",
				Fix: "create a new team with the storage wanted"}
		},
		SeenThere:  func(o Object) bool { return o.Stored && !o.Doomed },
		SizeAgrees: func(announced, found int64) bool { return announced == found },
		Garbage:    func(o Object) bool { return o.Live == 0 },
		Remove:     c.removeObject,
	}
}
