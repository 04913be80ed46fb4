package connector

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/bucketproof/bucketproof/reference/placement"
)

// Kinds of records that become files only when they are exported; the others never leave the database (BYOB-PLACE-002).
const (
	recordHistory      = "history"
	recordSystemEvents = "system-events"
)

var recordKinds = []string{recordHistory, recordSystemEvents, string(placement.ConsoleLog), string(placement.ExperimentLog), string(placement.SystemMetrics)}

// POST …/runs/{r}/records
func (cl *call) addRecords() (int, any, error) {
	r, err := cl.run()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.may(placement.Write, &r.team, "run"); err != nil {
		return 0, nil, err
	}
	var in struct {
		Kind string            `json:"kind"`
		Rows []json.RawMessage `json:"rows"`
	}
	if err := cl.read(&in); err != nil {
		return 0, nil, err
	}
	if err := checkWord("kind", in.Kind, recordKinds); err != nil {
		return 0, nil, err
	}
	lines := make([]string, len(in.Rows))
	for i, row := range in.Rows {
		if len(row) == 0 || row[0] != '{' {
			return 0, nil, badRequest("rows: row %d is no object", i)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, row); err != nil {
			return 0, nil, badRequest("rows: row %d is not JSON", i)
		}
		lines[i] = compact.String()
	}
	if home, err := cl.homeOf(in.Kind); err != nil {
		return 0, nil, err
	} else if home == placement.Bucket {
		return cl.storeRecords(r, in.Kind, lines)
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		for _, line := range lines {
			if err := tx.exec(`INSERT INTO records (run, kind, line) VALUES (?, ?, ?)`, r.id, in.Kind, line); err != nil {
				return err
			}
		}
		return nil
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("run")
	}
	return http.StatusNoContent, nil, err
}

// homeOf says where records of a kind are kept. History and system events wait in the database until they are exported.
func (cl *call) homeOf(kind string) (placement.Home, error) {
	if kind == recordHistory || kind == recordSystemEvents {
		return placement.Database, nil
	}
	return cl.c.rules.Where(placement.Kind(kind), cl.in.spec.Edition)
}

// storeRecords is for kinds that the rule sends to the bucket: rows as lines of an object.
func (cl *call) storeRecords(r *run, kind string, lines []string) (int, any, error) {
	s, err := cl.storageOf(&r.team)
	if err != nil {
		return 0, nil, err
	}
	key, err := cl.c.rules.Key(s, r.team.id, placement.RunFile, r.id, kind+"-"+cl.c.newID()+".jsonl")
	if err != nil {
		return 0, nil, err
	}
	var body bytes.Buffer
	for _, line := range lines {
		body.WriteString(line + "\n")
	}
	err = cl.reach(s, func(s *placement.Storage) error {
		return cl.c.putObject(cl.ctx, s, key, "application/jsonl", bytes.NewReader(body.Bytes()), int64(body.Len()))
	})
	return http.StatusNoContent, nil, err
}

// GET …/runs/{r}/records
func (cl *call) listRecords() (int, any, error) {
	r, err := cl.run()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.belongs(&r.team, "run"); err != nil {
		return 0, nil, err
	}
	kind, _ := cl.queryValue("kind")
	if err := checkWord("kind", kind, recordKinds); err != nil {
		return 0, nil, err
	}
	return cl.stream("rows", `SELECT line FROM records WHERE run = ? AND kind = ? ORDER BY number`, []any{r.id, kind}, func(scan func(...any) error) (any, error) {
		var line string
		err := scan(&line)
		return json.RawMessage(line), err
	})
}

// belongs asks for a member of the team: what is in the database is no file, so that the rules on buckets don't open it to
// others.
func (cl *call) belongs(t *team, thing string) error {
	if err := cl.may(placement.Read, t, thing); err != nil {
		return err
	}
	if !t.member {
		return forbidden("only members of the team may read this")
	}
	return nil
}

// POST …/teams/{t}/reports
func (cl *call) createReport() (int, any, error) {
	var in struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	}
	t, err := cl.writes(&in)
	if err != nil {
		return 0, nil, err
	}
	if err := checkName("title", in.Title); err != nil {
		return 0, nil, err
	}
	if bytes.IndexByte([]byte(in.Body), 0) >= 0 {
		return 0, nil, invalid("body", "body: holds a NUL character")
	}
	home, err := cl.c.rules.Where(placement.Report, cl.in.spec.Edition)
	if err != nil {
		return 0, nil, err
	}
	id := cl.c.newID()
	if home == placement.Bucket {
		s, err := cl.storageOf(t)
		if err != nil {
			return 0, nil, err
		}
		key, err := cl.c.rules.Key(s, t.id, placement.RunFile, id, "report.md")
		if err != nil {
			return 0, nil, err
		}
		if err := cl.reach(s, func(s *placement.Storage) error {
			return cl.c.putObject(cl.ctx, s, key, "text/markdown", bytes.NewReader([]byte(in.Body)), int64(len(in.Body)))
		}); err != nil {
			return 0, nil, err
		}
	}
	err = cl.c.writer.write(cl.ctx, func(tx *tx) error {
		return tx.exec(`INSERT INTO reports (id, team, title, body, created) VALUES (?, ?, ?, ?, ?)`, id, t.id, in.Title, in.Body, cl.c.now().Unix())
	})
	if isOrphan(err) {
		return 0, nil, errNotFound("team")
	}
	return http.StatusCreated, map[string]string{"id": id}, err
}

// GET …/teams/{t}/reports
func (cl *call) listReports() (int, any, error) {
	t, err := cl.team()
	if err != nil {
		return 0, nil, err
	}
	if err := cl.belongs(t, "team"); err != nil {
		return 0, nil, err
	}
	type shown struct {
		ID      string `json:"id"`
		Title   string `json:"title"`
		Body    string `json:"body"`
		Created string `json:"created"`
	}
	return cl.stream("reports", `SELECT id, title, body, created FROM reports WHERE team = ? ORDER BY created, id`, []any{t.id}, func(scan func(...any) error) (any, error) {
		var s shown
		var created int64
		err := scan(&s.ID, &s.Title, &s.Body, &created)
		s.Created = rfc3339(created)
		return &s, err
	})
}
