package connector

import (
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// link is a URL as a client gets it. The URL is a secret.
type link struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Expires string            `json:"expires"`
}

// mint makes a URL for the caller.
func (cl *call) mint(purpose Purpose, method string, t *team, s *placement.Storage, key string, header http.Header) (*link, error) {
	m := Mint{Storage: s, Purpose: purpose, Method: method, Key: key, Header: header, At: cl.c.signingTime(), Lifetime: cl.c.rules.Lifetime(method),
		Team: t.id, User: cl.who.id}
	if namesRequester(cl.in.spec.Edition) {
		m.Requester = cl.who.name
	}
	signed, err := cl.c.rules.Mint(m)
	if err != nil {
		return nil, err
	}
	l := &link{Method: method, URL: signed.URL, Headers: make(map[string]string, len(header)), Expires: signed.Until.UTC().Format(time.RFC3339)}
	for name, values := range signed.Header {
		l.Headers[name] = values[0]
	}
	return l, nil
}

// namesRequester says whether URLs name who asked: from edition 2026-08 on (BYOB-SIGN-009).
func namesRequester(edition string) bool { return edition >= "2026-08" }

// upload makes the URL by which a client stores a file.
func (cl *call) upload(t *team, s *placement.Storage, key, md5, contentType string) (*link, error) {
	b := cl.c.buckets.get(s.Name)
	if b == nil {
		return nil, unreachable(http.StatusServiceUnavailable, errors.New("the team's storage is not open"))
	}
	return cl.mint(Upload, http.MethodPut, t, s, key, b.uploadHeader(md5, contentType))
}

// run is a run and its team, as the caller meets them.
type run struct {
	id   string
	team team
}

// run finds the run of the path.
func (cl *call) run() (*run, error) {
	id := cl.pathID("r")
	key := cl.who.id + "/" + id // the caller's instance is the path's, or the call had ended before
	r, known, generation := cl.c.runs.get(key)
	if known {
		return &r, nil
	}
	err := cl.c.db.one(cl.ctx, `SELECT `+teamColumns+`, r.id FROM runs r JOIN teams t ON t.id = r.team LEFT JOIN members m ON m.team = t.id AND m.person = ? WHERE r.id = ? AND t.instance = ?`,
		[]any{cl.who.id, id, cl.in.id}, r.team.into(&r.id)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound("run")
	}
	if err != nil {
		return nil, err
	}
	cl.c.runs.put(key, r, generation)
	return &r, nil
}

// POST …/teams/{t}/runs
func (cl *call) createRun() (int, any, error) {
	var in struct {
		Project string `json:"project"`
		Name    string `json:"name"`
	}
	t, err := cl.writes(&in)
	if err != nil {
		return 0, nil, err
	}
	if err := errors.Join(checkName("project", in.Project), checkName("name", in.Name)); err != nil {
		return 0, nil, err
	}
	id := cl.c.newID()
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		return tx.exec(`INSERT INTO runs (id, team, project, name, created) VALUES (?, ?, ?, ?, ?)`, id, t.id, in.Project, in.Name, cl.c.now().Unix())
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("team")
	}
	return http.StatusCreated, map[string]string{"id": id}, err
}
