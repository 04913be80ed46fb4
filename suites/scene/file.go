package scene

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/harness/driver"
	"github.com/bucketproof/bucketproof/harness/run"
)

// File is a file that was stored.
type File struct {
	ID, Name, Kind string
	Body           []byte
	Key            string // where its upload went
	Lot            *run.Lot
	team           *Team
}

// Sum is how an inventory writes content.
func Sum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Describe is a file as it is announced.
func Describe(kind, name string, body []byte) driver.FileSpec {
	sum := md5.Sum(body)
	return driver.FileSpec{Name: name, Kind: kind, Size: int64(len(body)), MD5: base64.StdEncoding.EncodeToString(sum[:]), ContentType: "application/octet-stream"}
}

// Send sends a request to a bucket with a plain client. No answer ends the check as errored.
func (st *Stage) Send(method, rawURL string, headers map[string]string, body []byte) run.Answer {
	req, lot := st.request(method, rawURL, headers, body)
	return st.T.Do(st.S.Yard.Client(lot), req)
}

// Try is Send where no answer is one, too: the answer has status 0 then, and says why.
func (st *Stage) Try(method, rawURL string, headers map[string]string, body []byte) (run.Answer, error) {
	req, lot := st.request(method, rawURL, headers, body)
	return run.Do(st.S.Yard.Client(lot), req)
}

// request makes a request, and finds the lot whose way it goes. A URL that leads to no store of the yard is not followed.
func (st *Stage) request(method, rawURL string, headers map[string]string, body []byte) (*http.Request, *run.Lot) {
	lot, _ := st.S.Yard.Find(rawURL)
	if lot == nil { // a bucket of somebody else's, or none, at a store of the yard
		lot = st.S.Yard.At(rawURL)
	}
	if lot == nil {
		st.T.Fail("a URL to a bucket of the yard", "a URL that leads elsewhere")
	}
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(st.Ctx, method, rawURL, from)
	if err != nil {
		st.T.Fail("a URL that can be used", "one that can't be read")
	}
	for name, value := range headers {
		if !strings.EqualFold(name, "Host") {
			req.Header.Set(name, value)
		}
	}
	return req, lot
}

// Declare announces a file of a run and returns how it is uploaded; what fails leaves the requirement undecided.
func (tm *Team) Declare(kind, name string, body []byte) driver.Declared {
	files, err := tm.Member.DeclareFiles(tm.st.Ctx, tm.st.Instance, tm.Run, Describe(kind, name, body))
	tm.st.T.Need("a URL to store a "+kind+" of "+tm.Name, err)
	if len(files) != 1 || files[0].ID == "" || files[0].Upload == nil {
		tm.st.T.Fail("one file with one upload", fmt.Sprintf("%d files", len(files)))
	}
	return files[0]
}

// Store stores a file of a run of the team's, as any client would: announced, uploaded by its URL, and reported.
func (tm *Team) Store(kind, name string, body []byte) *File {
	d := tm.Declare(kind, name, body)
	return tm.Upload(d, kind, name, body)
}

// Upload uploads a file that was declared, and reports it.
func (tm *Team) Upload(d driver.Declared, kind, name string, body []byte) *File {
	st := tm.st
	f := &File{ID: d.ID, Name: name, Kind: kind, Body: body, team: tm}
	f.Lot, f.Key = st.S.Yard.Find(d.Upload.URL)
	if f.Lot == nil {
		st.T.Fail("a URL to a bucket of the yard", "a URL that leads elsewhere")
	}
	a := st.Send(d.Upload.Method, d.Upload.URL, d.Upload.Headers, body)
	if a.Status/100 != 2 {
		st.T.Fail("the upload of a "+kind+" of "+tm.Name+": success", a.String())
	}
	st.T.Need("the upload is reported", tm.Member.Uploaded(st.Ctx, st.Instance, d.ID))
	if kind != driver.ArtifactFile {
		st.files[d.ID] = tm.Member
	}
	return f
}

// Artifact is a version of an artifact that was committed.
type Artifact struct {
	ID    string
	Files []*File // those that had to be uploaded
}

// Artifact stores and commits a version of an artifact with some files: name to content.
func (tm *Team) Artifact(name string, contents map[string][]byte) *Artifact {
	st := tm.st
	var specs []driver.FileSpec
	var names []string
	for n := range contents {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		d := Describe("", n, contents[n])
		specs = append(specs, d)
	}
	made, err := tm.Member.CreateArtifact(st.Ctx, st.Instance, tm.ID, "project", name, specs...)
	st.T.Need("an artifact of "+tm.Name, err)
	out := &Artifact{ID: made.ID}
	for _, d := range made.Files {
		body, ok := contents[d.Name]
		if !ok {
			st.T.Fail("the files of the artifact as they were announced", "another name")
		}
		if d.Upload != nil {
			out.Files = append(out.Files, tm.Upload(d, driver.ArtifactFile, d.Name, body))
		}
	}
	st.T.Need("the artifact is committed", tm.Member.CommitArtifact(st.Ctx, st.Instance, made.ID))
	return out
}

// Read reads a file as somebody: the connector's answer where it refuses, else the store's to the URL.
func (f *File) Read(who *Person) run.Answer {
	st := f.team.st
	get, err := who.Download(st.Ctx, st.Instance, f.ID)
	if err != nil {
		return run.AnswerOf(err)
	}
	return st.Send(get.Method, get.URL, get.Headers, nil)
}

// Kept looks, as the team's member, whether a file is still what it was; it returns what is wrong, or "".
func (f *File) Kept() string {
	a := f.Read(f.team.Member)
	switch {
	case a.Status != http.StatusOK:
		return "the file can't be read any more: " + a.String()
	case !bytes.Equal(a.Body, f.Body):
		return "the file has another content"
	}
	return ""
}

// Inventory is the owner's view of a lot.
func Inventory(ctx context.Context, t *run.T, l *run.Lot) map[string]string {
	keys, err := l.Inventory(ctx)
	if err != nil {
		t.Errorf("the inventory of %s could not be taken", l)
	}
	return keys
}

// Added are the keys that a lot has and had not, in order.
func Added(before, after map[string]string) []string {
	var out []string
	for k := range after {
		if _, there := before[k]; !there {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Refused reports an answer of the connector that refuses for good: not for whoever asks, not there, or not possible.
func Refused(a run.Answer) bool {
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Closed reports an answer that tells a stranger nothing: 401, 403 or 404.
func Closed(a run.Answer) bool {
	return a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status == http.StatusNotFound
}

// RefusedBy reports a refusal that names one of the requirements.
func RefusedBy(requirements ...string) func(run.Answer) bool {
	return func(a run.Answer) bool { return Refused(a) && slices.Contains(requirements, a.Code) }
}
