package faults

import (
	"net/url"
	"strings"
	"time"

	"github.com/bucketproof/bucketproof/reference/signing"
)

// MintFault is one breach of whoever mints URLs, a connector. It changes what is asked of the signer, or the URL that comes
// of it; what has no function is left as it is. A fault without a function for a scheme has no meaning there, but for URL.
type MintFault struct {
	Name, Does string
	Breaks     []string
	V4         func(*signing.Request)
	Azure      func(*signing.AzureRequest)
	// URL is given the URL, the secret it was signed with, and the key it was asked for.
	URL func(raw, secret, key string) string
	// Cause is what signing.Judge must find, and nothing else.
	Cause signing.Cause
}

// Minting are the faults of minting. URLs that a store refuses are no part of them: those the store's own answer shows.
func Minting() []MintFault {
	const week = 7 * 24 * time.Hour
	return []MintFault{
		{Name: "secret-in-url", Does: "the secret key stands in the URL beside the signature", Breaks: []string{"BYOB-SIGN-008"}, Cause: signing.CauseSecretShown,
			URL: func(raw, secret, _ string) string {
				return raw + "#" + url.QueryEscape(secret) // behind the mark: the signature holds
			}},
		{Name: "http-url", Does: "the URL is http though TLS is on", Breaks: []string{"BYOB-SIGN-008"}, Cause: signing.CausePlain,
			V4: func(r *signing.Request) { r.HTTP = true }, Azure: func(r *signing.AzureRequest) { r.HTTP, r.Protocol = true, "" }},
		{Name: "url-lives-7-days", Does: "the URL lives as long as the scheme allows", Breaks: []string{"BYOB-SIGN-007"}, Cause: signing.CauseOtherLife,
			V4: func(r *signing.Request) { r.Lifetime = week }, Azure: func(r *signing.AzureRequest) { r.Expiry = r.Start.Add(week) }},
		{Name: "lifetime-in-the-wrong-unit", Does: "the lifetime is in the wrong unit: an hour becomes a minute", Breaks: []string{"BYOB-SIGN-007"},
			Cause: signing.CauseOtherLife,
			V4:    func(r *signing.Request) { r.Lifetime /= 60 },
			Azure: func(r *signing.AzureRequest) { r.Expiry = r.Start.Add(r.Expiry.Sub(r.Start) / 60) }},
		{Name: "sas-on-the-container", Does: "the SAS is for the container instead of the blob", Breaks: []string{"BYOB-SIGN-003"}, Cause: signing.CauseTooWide,
			Azure: func(r *signing.AzureRequest) { r.Blob = "" },
			URL: func(raw, _, key string) string {
				return strings.Replace(raw, "?", (&url.URL{Path: "/" + key}).EscapedPath()+"?", 1)
			}},
		{Name: "sas-permits-all", Does: "the SAS permits reading, writing and removing", Breaks: []string{"BYOB-SIGN-002"}, Cause: signing.CauseTooWide,
			Azure: func(r *signing.AzureRequest) { r.Permissions = "rcwd" }},
		{Name: "requester-left-out", Does: "the requester's name is not in the URL", Breaks: []string{"BYOB-SIGN-009"}, Cause: signing.CauseRequester,
			V4: func(r *signing.Request) { r.Query = nil }, Azure: func(r *signing.AzureRequest) { r.CorrelationID = "" }},
	}
}
