package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/bucketproof/bucketproof/reference/availability"
	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
)

// skipping leaves steps out when a bucket is made.
func skipping(steps ...connector.Step) connector.Faults {
	return func(r *connector.Rules) {
		sound := r.Make
		r.Make = func(ctx context.Context, s *placement.Storage, step connector.Step) error {
			if slices.Contains(steps, step) {
				return nil
			}
			return sound(ctx, s, step)
		}
	}
}

// connectorMaking concerns buckets that the connector makes itself.
func connectorMaking() []ConnectorFault {
	breaks := []string{"BYOB-TEAM-005"}
	clouds := []string{"aws", "coreweave", "gcp"}
	return []ConnectorFault{
		{Name: "made-without-cors", Does: "a bucket is made without CORS rules", Breaks: breaks, Providers: clouds, Build: skipping(connector.MakeCORS)},
		{Name: "made-without-policy", Does: "a bucket is made without policy or role bindings", Breaks: breaks, Providers: clouds, Build: skipping(connector.MakePolicy)},
		{Name: "made-without-versions", Does: "a bucket is made that keeps no versions", Breaks: breaks, Providers: clouds, Build: skipping(connector.MakeKeep)},
		{Name: "made-and-left-behind", Does: "a bucket that was made stays when its team is refused", Breaks: breaks, Providers: clouds, Build: skipping(connector.MakeUndo)},
		{Name: "never-made", Does: "a team is made, and its bucket is not", Breaks: breaks, Build: func(r *connector.Rules) {
			skipping(connector.MakeNew, connector.MakeCORS, connector.MakePolicy, connector.MakeKeep)(r)
			sound := r.Probe
			r.Probe = func(ctx context.Context, s *placement.Storage, key string) error {
				if err := r.Make(ctx, s, connector.MakeAbsent); err == nil {
					return nil
				}
				return sound(ctx, s, key)
			}
		}},
		{Name: "made-bucket-taken-over", Does: "a bucket that is there already is taken for the one that was to be made", Breaks: breaks, Build: func(r *connector.Rules) {
			sound := r.Make
			r.Make = func(ctx context.Context, s *placement.Storage, step connector.Step) error {
				switch step {
				case connector.MakeAbsent, connector.MakeUndo:
					return nil
				case connector.MakeNew:
					_ = sound(ctx, s, step)
					return nil
				}
				return sound(ctx, s, step)
			}
		}},
		{Name: "made-at-another-provider", Does: "a bucket that was asked for on aws is made on CoreWeave", Breaks: breaks, Build: func(r *connector.Rules) {
			r.MakeAt = func(provider string) string {
				if provider == "aws" {
					return "coreweave"
				}
				return provider
			}
		}},
		{Name: "made-where-not-on-offer", Does: "Dedicated makes buckets, too", Breaks: breaks, Build: func(r *connector.Rules) {
			sound, offer := r.CheckFields, r.Availability
			r.CheckFields = func(d availability.Deployment, edition, provider string, f placement.Fields, listed bool) error {
				if f.CreateBucket && d == availability.Dedicated {
					return nil
				}
				return sound(d, edition, provider, f, listed)
			}
			r.Availability = func(i availability.Instance, q availability.Request) (availability.Answer, error) {
				if i.Deployment == availability.Dedicated && q.Address == nil && q.Scope == availability.TeamScope {
					return availability.Offered, nil
				}
				return offer(i, q)
			}
		}},
		{Name: "made-in-another-edition", Does: "a bucket is made by the newest edition's offer: on Azure not at all", Breaks: breaks, Providers: append([]string{"azure"}, connectorProviders...), Build: func(r *connector.Rules) {
			sound := r.CheckFields
			r.CheckFields = func(d availability.Deployment, edition, provider string, f placement.Fields, listed bool) error {
				if f.CreateBucket {
					edition = "2026-08"
				}
				return sound(d, edition, provider, f, listed)
			}
		}},
		{Name: "made-in-a-later-edition", Does: "a bucket is made on Azure although the edition has that no more", Breaks: breaks, Edition: "2026-08",
			Providers: append([]string{"azure"}, connectorProviders...), Build: func(r *connector.Rules) {
				sound, offer := r.CheckFields, r.Availability
				r.CheckFields = func(d availability.Deployment, edition, provider string, f placement.Fields, listed bool) error {
					if f.CreateBucket && d == availability.MultiTenant {
						edition = "2025-09"
					}
					return sound(d, edition, provider, f, listed)
				}
				r.Availability = func(i availability.Instance, q availability.Request) (availability.Answer, error) {
					if i.Deployment == availability.MultiTenant && q.Address == nil && q.Provider == "azure" {
						i.Edition = "2025-09"
					}
					return offer(i, q)
				}
			}},
		{Name: "absent-and-refused-otherwise", Does: "the capability to make buckets is declared absent, and a bucket to be made is refused as a wrong field", Breaks: breaks, Front: withoutMaking},
	}
}

// withoutMaking declares the capability absent, and answers what belongs to it as if it weren't.
func withoutMaking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/connector" {
			undeclare(w, r, next, "createBucket")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte(`"createBucket":true`)) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"type":"urn:bucketproof:problem:invalid-storage","title":"Invalid storage","status":422}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// undeclare takes a capability out of what the connector says of itself.
func undeclare(w http.ResponseWriter, r *http.Request, next http.Handler, capability string) {
	asked := &answered{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(asked, r)
	body, err := withoutCapability(asked.body.Bytes(), capability)
	if err != nil {
		body = asked.body.Bytes()
	}
	maps.Copy(w.Header(), asked.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(asked.status)
	_, _ = w.Write(body)
}

// answered is an answer held back, to be changed.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answered) Header() http.Header         { return a.header }
func (a *answered) WriteHeader(status int)      { a.status = status }
func (a *answered) Write(b []byte) (int, error) { return a.body.Write(b) }

func withoutCapability(text []byte, capability string) ([]byte, error) {
	var info map[string]any
	if err := json.Unmarshal(text, &info); err != nil {
		return nil, err
	}
	can, ok := info["capabilities"].(map[string]any)
	if !ok {
		return nil, errors.New("no capabilities")
	}
	can[capability] = false
	return json.Marshal(info)
}
