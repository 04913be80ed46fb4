package faults

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/reference/address"
	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
	"github.com/bucketproof/bucketproof/reference/signing"
)

// minting changes what URLs for clients are made for.
func minting(change func(*connector.Mint)) connector.Faults {
	return func(r *connector.Rules) {
		sound := r.Mint
		r.Mint = func(m connector.Mint) (*signing.Signed, error) {
			if m.Purpose != connector.Own {
				change(&m)
			}
			return sound(m)
		}
	}
}

func living(method string, life time.Duration) connector.Faults {
	return func(r *connector.Rules) {
		sound := r.Lifetime
		r.Lifetime = func(m string) time.Duration {
			if m == method {
				return life
			}
			return sound(m)
		}
	}
}

// firstBucket mints every URL of a user for the bucket that they used first.
func firstBucket(r *connector.Rules) {
	var mu sync.Mutex
	first := map[string]*placement.Storage{}
	sound := r.Mint
	r.Mint = func(m connector.Mint) (*signing.Signed, error) {
		mu.Lock()
		if m.User != "" && m.Purpose != connector.Own {
			if first[m.User] == nil {
				first[m.User] = m.Storage
			}
			m.Storage = first[m.User]
		}
		mu.Unlock()
		return sound(m)
	}
}

// plain makes URLs for reading http, and leaves the rest of them as it is.
func plain(r *connector.Rules) {
	sound := r.Mint
	r.Mint = func(m connector.Mint) (*signing.Signed, error) {
		signed, err := sound(m)
		if err == nil && m.Purpose != connector.Own && m.Method == http.MethodGet {
			signed.URL = strings.Replace(signed.URL, "https://", "http://", 1)
		}
		return signed, err
	}
}

// wide makes an Azure SAS for the container, and not for the blob that it is asked for.
func wide(r *connector.Rules) {
	sound := r.Mint
	r.Mint = func(m connector.Mint) (*signing.Signed, error) {
		signed, err := sound(m)
		a := m.Storage.Address
		if err != nil || m.Purpose == connector.Own || a.Provider != address.Azure {
			return signed, err
		}
		narrow, err := url.Parse(signed.URL)
		if err != nil {
			return nil, err
		}
		key, err := signing.NewAzureKey(a.Credentials.Secret.Reveal())
		if err != nil {
			return nil, err
		}
		signer, err := signing.NewAzureSigner(a.Account, key)
		if err != nil {
			return nil, err
		}
		of, err := signer.Sign(signing.AzureRequest{Host: narrow.Host, Container: a.Bucket, Permissions: narrow.Query().Get("sp"),
			Expiry: m.At.Add(m.Lifetime), Protocol: "https", Query: m.Query})
		if err != nil {
			return nil, err
		}
		_, query, _ := strings.Cut(of.URL, "?")
		narrow.RawQuery = query
		signed.URL = narrow.String()
		return signed, nil
	}
}

// connectorURLs concerns the URLs that are handed out.
func connectorURLs() []ConnectorFault {
	return []ConnectorFault{
		{Name: "bucket-of-the-first-team", Does: "a member of two teams gets URLs to the bucket that they used first", Breaks: []string{"BYOB-ISO-007"}, Build: firstBucket},
		{Name: "urls-good-for-any-method", Does: "the service behind the URLs doesn't look at the method they were minted for", Breaks: []string{"BYOB-SIGN-002", "BYOB-ISO-005"}, Store: obeying(otherMethod)},
		{Name: "urls-good-below-their-key", Does: "the service behind the URLs takes a key for a prefix", Breaks: []string{"BYOB-SIGN-003"}, Store: obeying(longerKey)},
		{Name: "reading-for-seven-days", Does: "URLs for reading live seven days", Breaks: []string{"BYOB-SIGN-007"}, Build: living(http.MethodGet, 7*24*time.Hour)},
		{Name: "reading-for-a-minute", Does: "URLs for reading live a minute", Breaks: []string{"BYOB-SIGN-007"}, Build: living(http.MethodGet, time.Minute)},
		{Name: "writing-for-an-hour", Does: "URLs for writing live an hour", Breaks: []string{"BYOB-SIGN-007"}, Build: living(http.MethodPut, time.Hour)},
		{Name: "headers-not-signed", Does: "URLs for writing sign neither MD5 nor type", Breaks: []string{"BYOB-SIGN-005"}, Build: minting(func(m *connector.Mint) { m.Header = nil })},
		{Name: "secret-in-the-url", Does: "the URL has the secret key as a parameter", Breaks: []string{"BYOB-SIGN-008"}, Build: minting(func(m *connector.Mint) {
			q := url.Values{"X-Key": {m.Storage.Address.Credentials.Secret.Reveal()}}
			for name, values := range m.Query {
				q[name] = values
			}
			m.Query = q
		})},
		{Name: "plain-urls", Does: "URLs for reading are http though TLS is on", Build: plain,
			// The stores speak TLS alone, so that who reads by URL reads nothing.
			Breaks: []string{"BYOB-TEAM-005", "BYOB-SIGN-008", "BYOB-SIGN-001", "BYOB-SIGN-011", "BYOB-KEEP-004", "BYOB-PLACE-001", "BYOB-PLACE-002", "BYOB-PLACE-003", "BYOB-PLACE-004",
				"BYOB-PLACE-005", "BYOB-PLACE-006", "BYOB-PLACE-007", "BYOB-PLACE-008", "BYOB-PLACE-009", "BYOB-PLACE-010", "BYOB-ISO-001", "BYOB-ISO-002",
				"BYOB-ISO-003", "BYOB-ISO-004", "BYOB-ISO-006", "BYOB-ISO-007", "BYOB-TEAM-006"},
			Blocks: []string{"BYOB-SIGN-002", "BYOB-SIGN-003", "BYOB-SIGN-005", "BYOB-SIGN-006", "BYOB-SIGN-007", "BYOB-SIGN-010", "BYOB-ISO-005"}},
		{Name: "sas-for-the-container", Does: "the SAS of a URL is for the container instead of the blob", Breaks: []string{"BYOB-SIGN-003", "BYOB-ISO-005"},
			Providers: append([]string{"azure"}, connectorProviders...), Build: wide},
		{Name: "requester-left-out", Does: "URLs don't name the requester", Breaks: []string{"BYOB-SIGN-009"}, Edition: "2026-08", Build: minting(func(m *connector.Mint) { m.Requester = "" })},
		{Name: "requester-of-another", Does: "URLs name somebody else", Breaks: []string{"BYOB-SIGN-009"}, Edition: "2026-08", Build: minting(func(m *connector.Mint) { m.Requester = "somebody" })},
	}
}
