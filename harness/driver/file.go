package driver

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Kinds of files in buckets, and of rows in the database (BYOB-PLACE-001, BYOB-PLACE-002).
const (
	ExperimentFile     = "experiment-file"
	MediaFile          = "media-file"
	RunFile            = "run-file"
	ArtifactFile       = "artifact-file"
	HistoryExport      = "history-export"
	SystemEventsExport = "system-events-export"

	History       = "history"
	SystemEvents  = "system-events"
	ConsoleLog    = "console-log"
	ExperimentLog = "experiment-log"
	SystemMetrics = "system-metrics"
)

// Transfer is a request to a bucket. Its URL is a secret; its headers are signed.
type Transfer struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Expires time.Time         `json:"expires"`
}

// Format prints nothing of the URL.
func (t Transfer) String() string { return t.Method + " by a pre-signed URL" }

// CreateRun begins a run and returns its ID.
func (c *Client) CreateRun(ctx context.Context, instance, team, project, name string) (string, error) {
	return c.callID(ctx, "createRun", at(instance, "teams", team, "runs"), map[string]string{"project": project, "name": name})
}

// FileSpec is a file that is to be uploaded.
type FileSpec struct {
	Name        string `json:"name"`
	Kind        string `json:"kind,omitempty"` // none for the files of an artifact
	Size        int64  `json:"size"`
	MD5         string `json:"md5,omitempty"` // base64
	ContentType string `json:"contentType,omitempty"`
}

// Declared is a file and how it is uploaded; no Upload means that the content is stored already.
type Declared struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Kind   string    `json:"kind"`
	Upload *Transfer `json:"upload"`
}

// DeclareFiles says which files of a run are coming.
func (c *Client) DeclareFiles(ctx context.Context, instance, run string, files ...FileSpec) ([]Declared, error) {
	var out struct {
		Files []Declared `json:"files"`
	}
	err := c.call(ctx, "declareFiles", http.MethodPost, at(instance, "runs", run, "files"), map[string]any{"files": files}, &out, http.StatusCreated)
	return out.Files, err
}

// File is a file in a list.
type File struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Size     int64  `json:"size"`
	Uploaded bool   `json:"uploaded"`
}

// Files lists the files of a run; kind "" is every kind.
func (c *Client) Files(ctx context.Context, instance, run, kind string) ([]File, error) {
	var out struct {
		Files []File `json:"files"`
	}
	path := at(instance, "runs", run, "files")
	if kind != "" {
		path += "?kind=" + url.QueryEscape(kind)
	}
	err := c.call(ctx, "files", http.MethodGet, path, nil, &out, http.StatusOK)
	return out.Files, err
}

// Uploaded says that a file was uploaded.
func (c *Client) Uploaded(ctx context.Context, instance, file string) error {
	return c.call(ctx, "uploaded", http.MethodPost, at(instance, "files", file, "uploaded"), nil, nil, http.StatusNoContent)
}

// Download asks for a URL to read a file by.
func (c *Client) Download(ctx context.Context, instance, file string) (*Transfer, error) {
	out := &Transfer{}
	return out, c.call(ctx, "download", http.MethodGet, at(instance, "files", file, "download"), nil, out, http.StatusOK)
}

// DeleteFile removes a file and its object.
func (c *Client) DeleteFile(ctx context.Context, instance, file string) error {
	return c.call(ctx, "deleteFile", http.MethodDelete, at(instance, "files", file), nil, nil, http.StatusNoContent)
}

// AddRecords stores rows in the database.
func (c *Client) AddRecords(ctx context.Context, instance, run, kind string, rows []map[string]any) error {
	return c.call(ctx, "addRecords", http.MethodPost, at(instance, "runs", run, "records"), map[string]any{"kind": kind, "rows": rows}, nil, http.StatusNoContent)
}

// Records reads the rows of one kind.
func (c *Client) Records(ctx context.Context, instance, run, kind string) ([]map[string]any, error) {
	var out struct {
		Rows []map[string]any `json:"rows"`
	}
	err := c.call(ctx, "records", http.MethodGet, at(instance, "runs", run, "records")+"?kind="+url.QueryEscape(kind), nil, &out, http.StatusOK)
	return out.Rows, err
}

// Export has history and system events written into the bucket as Parquet.
func (c *Client) Export(ctx context.Context, instance, run string) ([]Declared, error) {
	var out struct {
		Files []Declared `json:"files"`
	}
	err := c.call(ctx, "export", http.MethodPost, at(instance, "runs", run, "export"), nil, &out, http.StatusCreated)
	return out.Files, err
}
