package faults

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/reference/connector"
	"github.com/bucketproof/bucketproof/reference/placement"
	"github.com/bucketproof/bucketproof/reference/signing"
)

func connectorHarmless() []ConnectorFault {
	return []ConnectorFault{{Name: "connector-harmless", Does: "keys have one more segment, and URLs for reading live a second less", Build: func(r *connector.Rules) {
		key, life := r.Key, r.Lifetime
		r.Key = func(s *placement.Storage, team string, k placement.Kind, parent, name string) (string, error) {
			out, err := key(s, team, k, parent, name)
			return strings.Replace(out, "/"+parent+"/", "/"+parent+"/files/", 1), err
		}
		r.Lifetime = func(method string) time.Duration {
			if method == http.MethodGet {
				return life(method) - time.Second
			}
			return life(method)
		}
	}}}
}

// rekey changes the keys that the sound rule makes.
func rekey(change func(s *placement.Storage, k placement.Kind, name, key string) string) connector.Faults {
	return func(r *connector.Rules) {
		sound := r.Key
		r.Key = func(s *placement.Storage, team string, k placement.Kind, parent, name string) (string, error) {
			key, err := sound(s, team, k, parent, name)
			if err != nil {
				return "", err
			}
			return change(s, k, name, key), nil
		}
	}
}

// withoutPath is a key without its storage's sub-path.
func withoutPath(s *placement.Storage, key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, s.Address.Path), "/")
}

// connectorPlacement concerns where files go.
func connectorPlacement() []ConnectorFault {
	return []ConnectorFault{
		{Name: "instance-bucket-for-omega", Does: "a team's own bucket is forgotten, and the instance's used", Breaks: []string{"BYOB-PLACE-001", "BYOB-PLACE-004", "BYOB-PLACE-006", "BYOB-PLACE-007", "BYOB-PLACE-009", "BYOB-PLACE-010", "BYOB-ISO-004", "BYOB-ISO-007", "BYOB-TEAM-004", "BYOB-TEAM-005"}, Build: func(r *connector.Rules) {
			sound := r.Resolve
			r.Resolve = func(t placement.Team, instance *placement.Storage) (*placement.Storage, error) {
				if t.External && instance != nil {
					return instance, nil
				}
				return sound(t, instance)
			}
		}},
		{Name: "fall-back-to-the-instance", Does: "files whose team's bucket doesn't answer go to the instance's", Breaks: []string{"BYOB-PLACE-009"}, Build: func(r *connector.Rules) {
			sound, probe := r.Resolve, r.Probe
			r.Resolve = func(t placement.Team, instance *placement.Storage) (*placement.Storage, error) {
				s, err := sound(t, instance)
				if err != nil || !t.External || instance == nil {
					return s, err
				}
				if probe(context.Background(), s, strings.TrimPrefix(s.Address.Path+"/is-it-there", "/")) != nil {
					return instance, nil
				}
				return s, nil
			}
		}},
		{Name: "exports-to-the-instance", Does: "exported history is written to the instance's bucket, whoever's it is",
			Breaks: []string{"BYOB-PLACE-001", "BYOB-PLACE-004", "BYOB-PLACE-006", "BYOB-PLACE-009", "BYOB-PLACE-010"}, Build: func(r *connector.Rules) {
				resolve, mint := r.Resolve, r.Mint
				var mu sync.Mutex
				instances := map[string]*placement.Storage{} // by the storage of a team
				r.Resolve = func(t placement.Team, instance *placement.Storage) (*placement.Storage, error) {
					s, err := resolve(t, instance)
					if err == nil && instance != nil {
						mu.Lock()
						defer mu.Unlock()
						instances[s.Name] = instance
					}
					return s, err
				}
				r.Mint = func(m connector.Mint) (*signing.Signed, error) {
					mu.Lock()
					defer mu.Unlock()
					if to := instances[m.Storage.Name]; to != nil && m.Purpose == connector.Own && m.Method == http.MethodPut && strings.Contains(m.Key, string(placement.HistoryExport)) {
						m.Storage = to
					}
					return mint(m)
				}
			}},
		{Name: "sub-path-dropped-for-media", Does: "media files lie at the bucket's root", Breaks: []string{"BYOB-PLACE-006"}, Build: rekey(func(s *placement.Storage, k placement.Kind, _, key string) string {
			if k == placement.MediaFile {
				return withoutPath(s, key)
			}
			return key
		})},
		{Name: "sub-path-dropped-for-exports", Does: "exported history lies at the bucket's root", Breaks: []string{"BYOB-PLACE-006"}, Build: rekey(func(s *placement.Storage, k placement.Kind, _, key string) string {
			if k == placement.HistoryExport {
				return withoutPath(s, key)
			}
			return key
		})},
		{Name: "sub-path-without-its-slash", Does: "the sub-path stands before the key without a slash", Breaks: []string{"BYOB-PLACE-006", "BYOB-ISO-004", "BYOB-TEAM-005"}, Build: rekey(func(s *placement.Storage, _ placement.Kind, _, key string) string {
			if s.Address.Path == "" {
				return key
			}
			return s.Address.Path + withoutPath(s, key)
		})},
		{Name: "sub-path-in-lower-case", Does: "sub-paths are folded to lower case", Breaks: []string{"BYOB-ISO-004"}, Build: rekey(func(s *placement.Storage, _ placement.Kind, _, key string) string {
			if s.Address.Path == "" {
				return key
			}
			return strings.ToLower(s.Address.Path) + "/" + withoutPath(s, key)
		})},
		{Name: "names-alone-for-keys", Does: "a file's key is its name below the sub-path, whoever's it is", Breaks: []string{"BYOB-KEEP-004", "BYOB-PLACE-005", "BYOB-TEAM-006"}, Blocks: []string{"BYOB-ISO-001", "BYOB-ISO-006"}, Build: rekey(func(s *placement.Storage, _ placement.Kind, name, _ string) string {
			return strings.TrimPrefix(s.Address.Path+"/"+name, "/")
		})},
		{Name: "names-decoded-once-too-often", Does: "percent-encoded slashes in names become slashes, and dots are followed", Breaks: []string{"BYOB-ISO-004"}, Build: func(r *connector.Rules) {
			sound := r.Key
			r.Key = func(s *placement.Storage, team string, k placement.Kind, parent, name string) (string, error) {
				key, err := sound(s, team, k, parent, "name")
				if err != nil {
					return "", err
				}
				plain, decoded := url.PathUnescape(name)
				if decoded != nil {
					plain = name
				}
				for strings.HasPrefix(plain, "../") { // as a client that cleans paths would send it
					key, plain = key[:strings.LastIndexByte(strings.TrimSuffix(key, "/name"), '/')]+"/name", strings.TrimPrefix(plain, "../")
				}
				return strings.TrimSuffix(key, "name") + plain, nil
			}
		}},
		{Name: "console-logs-to-the-bucket", Does: "console logs are written into the team's bucket", Breaks: []string{"BYOB-PLACE-002"}, Build: func(r *connector.Rules) {
			sound := r.Where
			r.Where = func(k placement.Kind, edition string) (placement.Home, error) {
				if k == placement.ConsoleLog {
					return placement.Bucket, nil
				}
				return sound(k, edition)
			}
		}},
		{Name: "storage-changed-after-creation", Does: "a team's storage may be changed", Breaks: []string{"BYOB-PLACE-008"}, Build: func(r *connector.Rules) {
			r.ChangeStorage = func(placement.Team) error { return nil }
		}},
		{Name: "garbage-while-referenced", Does: "garbage collection removes what another artifact still uses", Breaks: []string{"BYOB-KEEP-004"}, Build: func(r *connector.Rules) {
			r.Garbage = func(o connector.Object) bool { return o.Live < o.Files }
		}},
		{Name: "garbage-never", Does: "garbage collection finds nothing to remove", Breaks: []string{"BYOB-KEEP-004"}, Build: func(r *connector.Rules) {
			r.Garbage = func(connector.Object) bool { return false }
		}},
		{Name: "garbage-leaves-bytes", Does: "what is collected is forgotten, and its bytes stay", Breaks: []string{"BYOB-KEEP-004"}, Build: func(r *connector.Rules) {
			r.Remove = func(context.Context, *placement.Storage, string) error { return nil }
		}},
	}
}
