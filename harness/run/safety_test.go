package run_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

func isPut(r *http.Request, part string) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, part)
}

// locked answers like a bucket that keeps what is written.
func locked(w http.ResponseWriter, r *http.Request) bool {
	if !r.URL.Query().Has("object-lock") {
		return false
	}
	_, _ = w.Write([]byte(`<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>7</Days></DefaultRetention></Rule></ObjectLockConfiguration>`))
	return true
}

func TestARunLeavesTheBucketAsItWas(t *testing.T) {
	m := newMemory(t)
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, reads, "it reads", func(ctx context.Context, t *run.T) { t.OK("", s.Bucket.Exists(ctx)); t.Observe("there") }, run.Costs(1, 0, 0))
		run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
		run.It(s, again, "it writes more", put(s, "two"), run.Costs(2, 1, 5))
	})
	r := d.Result
	m.left(t, r)
	want(t, r, reads, reports.Passed, "")
	want(t, r, writes, reports.Passed, "")
	s := r.Safety
	if s.CleanUp != reports.Complete || s.ConfigurationUnchanged != "yes" || s.ObjectsWritten != 3 || s.Removed != 3 || len(s.Kept) != 0 {
		t.Errorf("safety: %+v", s)
	}
	if first := m.writes()[0]; !strings.HasSuffix(first, "bucketproof-run.json") {
		t.Errorf("the first write is %s, want the marker", first)
	}
	sum := 0
	for _, rec := range d.Evidence {
		sum += rec.Len()
	}
	if sum != s.Requests || s.Requests == 0 {
		t.Errorf("evidence has %d requests, the result says %d", sum, s.Requests)
	}
	l := of(t, r, writes)
	if rec := d.Evidence[l.Evidence]; rec.Len() != 2 || !slices.Equal(l.Observations[0].Requests, []int{0, 1}) {
		t.Errorf("evidence of %s: %d requests, observed with %v", writes, rec.Len(), l.Observations[0].Requests)
	}
}

func TestWhatIsWrittenIsRemovedHoweverARunEnds(t *testing.T) {
	type hook = func(m *memory, cancel func()) func(http.ResponseWriter, *http.Request) bool
	for name, tt := range map[string]struct {
		hook    hook
		outcome reports.Outcome
		reason  string
	}{
		"Ctrl-C while the marker is written": {func(m *memory, cancel func()) func(http.ResponseWriter, *http.Request) bool {
			return func(_ http.ResponseWriter, r *http.Request) bool {
				if isPut(r, "bucketproof-run.json") {
					cancel()
				}
				return false
			}
		}, reports.Errored, ""},
		"Ctrl-C before the marker is written": {func(m *memory, cancel func()) func(http.ResponseWriter, *http.Request) bool {
			return func(_ http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Has("cors") {
					cancel()
				}
				return false
			}
		}, reports.Errored, ""},
		"Ctrl-C while a check writes": {func(m *memory, cancel func()) func(http.ResponseWriter, *http.Request) bool {
			return func(_ http.ResponseWriter, r *http.Request) bool {
				if isPut(r, "/one") {
					cancel()
				}
				return false
			}
		}, reports.Errored, "the check was broken off: the run was interrupted"},
		"the marker is stored, and reads back differently": {func(m *memory, _ func()) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "bucketproof-run.json") {
					_, _ = w.Write([]byte("{}"))
					return true
				}
				return false
			}
		}, reports.Errored, "the run could not get ready to write: the run's marker was written, and reads back differently"},
		"the marker is stored, and the answer lost": {func(m *memory, _ func()) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if isPut(r, "bucketproof-run.json") {
					m.mu.Lock()
					m.objects[strings.TrimPrefix(r.URL.Path, "/bucket/")] = []byte("{}")
					m.mu.Unlock()
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, reports.Errored, "the run could not get ready to write: the run's marker could not be written"},
		"the bucket's documents can't be read": {func(m *memory, _ func()) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Has("cors") {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, reports.Errored, "the run could not get ready to write: the bucket's configuration could not be read"},
		"an object is stored, and the answer lost": {func(m *memory, _ func()) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if isPut(r, "/one") {
					m.mu.Lock()
					m.objects[strings.TrimPrefix(r.URL.Path, "/bucket/")] = []byte("bytes")
					m.mu.Unlock()
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, reports.Errored, "no answer that decides it"},
		"listing is not permitted": {func(m *memory, _ func()) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Has("list-type") {
					refuse(w, http.StatusForbidden, "AccessDenied")
					return true
				}
				return false
			}
		}, reports.Passed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			m.before = tt.hook(m, cancel)
			d := m.certify(ctx, t, m.target(), run.Options{}, func(s *run.Subject) {
				run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
				run.It(s, again, "it writes more", put(s, "two"), run.Costs(2, 1, 5))
			})
			m.left(t, d.Result)
			want(t, d.Result, writes, tt.outcome, tt.reason)
			if s := d.Result.Safety; s.CleanUp != reports.Complete && s.CleanUp != reports.NothingWritten {
				t.Errorf("clean-up: %s", s.CleanUp)
			}
		})
	}
}

// A spec that writes more than it says is a mistake of ours: it is errored. Where it says that it only reads, nothing is
// sent, since nobody has looked yet at what the bucket keeps; one key too many is removed.
func TestAnUnannouncedWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		objects         int
		reason, cleaned string
	}{
		"of a spec that only reads": {0, "guard: PUT refused, nothing was sent: the run is not ready", reports.NothingWritten},
		"of one key too many":       {1, "the check wrote to 2 keys, and had announced", reports.Complete},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
				run.It(s, writes, "it writes two", func(ctx context.Context, t *run.T) {
					put(s, "one")(ctx, t)
					put(s, "two")(ctx, t)
				}, run.Costs(4, tt.objects, 10))
			})
			m.left(t, d.Result)
			want(t, d.Result, writes, reports.Errored, tt.reason)
			if d.Result.Verdict == reports.Certified || d.Result.Safety.CleanUp != tt.cleaned {
				t.Errorf("verdict %s, clean-up %q", d.Result.Verdict, d.Result.Safety.CleanUp)
			}
		})
	}
}

func TestTheGuardsRefusalIsErrored(t *testing.T) {
	m := newMemory(t)
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, writes, "it writes elsewhere, and calls it a day", func(ctx context.Context, t *run.T) {
			_, _ = s.Bucket.Put(ctx, "here/before", []byte("overwritten"), "")
			t.Observe("seen")
		}, run.Costs(1, 1, 11))
		run.It(s, again, "it goes on for ever", func(ctx context.Context, t *run.T) {
			for range 200 {
				_, _ = s.Bucket.Head(ctx, s.Key("x"))
			}
			t.Observe("seen")
		}, run.Costs(1, 0, 0))
	})
	m.left(t, d.Result)
	want(t, d.Result, writes, reports.Errored, "guard: PUT refused, nothing was sent")
	want(t, d.Result, again, reports.Errored, "guard: HEAD refused, nothing was sent: more than the")
}

// A check that was given up on sends nothing any more.
func TestALateCheckSendsNothing(t *testing.T) {
	m := newMemory(t)
	late, sent := make(chan bool), make(chan error, 1)
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, writes, "it outlives its limit", func(ctx context.Context, t *run.T) {
			<-late
			_, err := s.Bucket.Put(context.WithoutCancel(ctx), s.Key("late"), []byte("late"), "")
			sent <- err
		}, run.Costs(1, 1, 4), run.Within(10*time.Millisecond))
		run.It(s, again, "the next", func(ctx context.Context, t *run.T) {
			close(late)
			t.True("the late write", "is refused", <-sent != nil, "it was sent")
			put(s, "two")(ctx, t)
		}, run.Costs(2, 1, 5))
	})
	m.left(t, d.Result)
	want(t, d.Result, writes, reports.Errored, "the check did not end within 10ms")
	want(t, d.Result, again, reports.Passed, "")
	if l := of(t, d.Result, again); d.Evidence[l.Evidence].Len() != 2 {
		t.Errorf("the next spec's evidence has %d requests, want 2", d.Evidence[l.Evidence].Len())
	}
	for _, w := range m.writes() {
		if strings.HasSuffix(w, "/late") {
			t.Errorf("%s was sent", w)
		}
	}
}

func TestRetention(t *testing.T) {
	specs := func(s *run.Subject) {
		run.It(s, reads, "it reads", func(ctx context.Context, t *run.T) { t.OK("", s.Bucket.Exists(ctx)); t.Observe("there") }, run.Costs(1, 0, 0))
		run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
		run.It(s, again, "it stands on it", passing, run.Needs(writes))
	}
	t.Run("keeps the run from writing", func(t *testing.T) {
		m := newMemory(t)
		m.before = locked
		d := m.certify(t.Context(), t, m.target(), run.Options{}, specs)
		want(t, d.Result, reads, reports.Passed, "")
		want(t, d.Result, writes, reports.NotRun, "left out to protect the bucket: object lock keeps every new version for 7 days")
		want(t, d.Result, again, reports.NotRun, "it stands on "+writes+", which was not run")
		if w := m.writes(); len(w) != 0 || d.Result.Safety.CleanUp != reports.NothingWritten {
			t.Errorf("writes %v, clean-up %q", w, d.Result.Safety.CleanUp)
		}
	})
	t.Run("is accepted, and said before the first write", func(t *testing.T) {
		m := newMemory(t)
		m.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				refuse(w, http.StatusForbidden, "AccessDenied")
				return true
			}
			return locked(w, r)
		}
		target := m.target()
		target.AcceptRetention = true
		var said []string
		d := m.certify(t.Context(), t, target, run.Options{Announce: func(line string) {
			if w := m.writes(); len(w) != 0 {
				t.Errorf("%q was said after %v", line, w)
			}
			said = append(said, line)
		}}, specs)
		want(t, d.Result, writes, reports.Passed, "")
		s := d.Result.Safety
		if len(said) == 0 || !slices.Equal(said, s.Announced) || !strings.HasPrefix(said[0], "object lock keeps every new version for 7 days") {
			t.Errorf("said %q, the result says %q", said, s.Announced)
		}
		if len(s.Kept) == 0 || !s.Kept[0].Announced || s.CleanUp != reports.Complete {
			t.Errorf("safety: %+v", s)
		}
	})
}

// Old versions that W&B's identity may not remove are announced, and no reason not to certify.
func TestOldVersionsMayStayWhereThatWasSaid(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		switch {
		case r.Method == http.MethodDelete && q.Has("versionId"):
			refuse(w, http.StatusForbidden, "AccessDenied")
		case q.Has("versioning"):
			_, _ = w.Write([]byte("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
		case q.Has("versions"):
			_, _ = w.Write([]byte("<ListVersionsResult><Version><Key>" + q.Get("prefix") + "one</Key><VersionId>v1</VersionId></Version></ListVersionsResult>"))
		default:
			return false
		}
		return true
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) { run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5)) })
	want(t, d.Result, writes, reports.Passed, "")
	s := d.Result.Safety
	if s.CleanUp != reports.Complete || len(s.Kept) == 0 || !strings.HasPrefix(s.Announced[0], "versioning is on") {
		t.Errorf("safety: %+v", s)
	}
	for _, k := range s.Kept {
		if !k.Announced {
			t.Errorf("%s was not announced: %s", k.Key, k.Why)
		}
	}
}

func TestWhatStaysBehindKeepsARunFromBeingCertified(t *testing.T) {
	for name, hook := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"removing is refused": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				refuse(w, http.StatusForbidden, "AccessDenied")
			}
			return r.Method == http.MethodDelete
		},
		"removing is acknowledged, and not done": func(_ http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodDelete },
		"removing is refused, on a bucket of which nobody knows whether it keeps versions": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete || r.URL.Query().Has("versioning") {
				refuse(w, http.StatusForbidden, "AccessDenied")
				return true
			}
			return false
		},
		"removing is refused, on a bucket that keeps versions": func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.Method == http.MethodDelete:
				refuse(w, http.StatusForbidden, "AccessDenied")
			case r.URL.Query().Has("versioning"):
				_, _ = w.Write([]byte("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"))
			case r.URL.Query().Has("versions"):
				prefix := r.URL.Query().Get("prefix")
				_, _ = w.Write([]byte("<ListVersionsResult><Version><Key>" + prefix + "one</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest></Version></ListVersionsResult>"))
			default:
				return false
			}
			return true
		},
		"nothing answers any more": func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Has("list-type") {
				panic(http.ErrAbortHandler)
			}
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			m.before = hook
			d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) { run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5)) })
			want(t, d.Result, writes, reports.Passed, "")
			if s := d.Result.Safety; !strings.HasPrefix(s.CleanUp, "incomplete: ") {
				t.Errorf("clean-up: %q, kept %+v", s.CleanUp, s.Kept)
			}
			if !slices.ContainsFunc(d.Result.Why, func(w string) bool { return strings.Contains(w, "did not remove everything") }) {
				t.Errorf("the verdict's reasons don't tell: %q", d.Result.Why)
			}
		})
	}
}

func TestTheBucketsConfiguration(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after func(http.ResponseWriter) bool
		want          string
	}{
		"is as it was": {nil, nil, "yes"},
		"changes":      {nil, func(w http.ResponseWriter) bool { _, _ = w.Write([]byte("<CORSConfiguration/>")); return true }, "no"},
		"is gone afterwards": {nil, func(w http.ResponseWriter) bool {
			refuse(w, http.StatusNotFound, "NoSuchCORSConfiguration")
			return true
		}, "no"},
		"can be read no longer": {nil, func(w http.ResponseWriter) bool { refuse(w, http.StatusForbidden, "AccessDenied"); return true },
			"unknown: cors could be read before the run, and not after"},
		"is answered no longer": {nil, func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, "unknown: it could be read before the run, and not after"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t)
			m.before = func(w http.ResponseWriter, r *http.Request) bool {
				if now := tt.after; r.URL.Query().Has("cors") && now != nil && len(m.writes()) > 0 {
					return now(w)
				}
				return false
			}
			d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) { run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5)) })
			if got := d.Result.Safety.ConfigurationUnchanged; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if told := slices.ContainsFunc(d.Result.Why, func(w string) bool { return strings.Contains(w, "configuration") }); told != (tt.want != "yes") {
				t.Errorf("the verdict's reasons: %q", d.Result.Why)
			}
		})
	}
}

// A progress display or an announcement that breaks takes the run down to undecided, not the bucket.
func TestABrokenListener(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("versioning") {
			_, _ = w.Write([]byte("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"))
			return true
		}
		return false
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{Announce: func(string) { panic("no") }}, func(s *run.Subject) {
		run.It(s, writes, "it writes", put(s, "one"), run.Costs(2, 1, 5))
		run.It(s, again, "it writes more", put(s, "two"), run.Costs(2, 1, 5))
	})
	m.left(t, d.Result)
	want(t, d.Result, writes, reports.Errored, "")
	want(t, d.Result, again, reports.Errored, "the run could not get ready to write: it was broken off")
}

func TestNoSecretInAResult(t *testing.T) {
	m := newMemory(t)
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			refuse(w, http.StatusForbidden, secret)
			return true
		}
		return false
	}
	d := m.certify(t.Context(), t, m.target(), run.Options{}, func(s *run.Subject) {
		run.It(s, reads, "it chatters", func(_ context.Context, t *run.T) {
			t.Observe("the secret is %s", secret)
			t.Advise("write %s", secret)
			t.Fail(secret, "not "+secret)
		})
		run.It(s, writes, "it errs", func(ctx context.Context, t *run.T) {
			put(s, "one")(ctx, t)
			t.Errorf("no answer from %s", m.target().Address)
		}, run.Costs(2, 1, 5))
		run.It(s, again, "it panics", func(context.Context, *run.T) { panic(secret) })
	})
	out, err := json.Marshal(d.Result)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), secret) {
		t.Errorf("the result shows the secret: %s", out)
	}
}
