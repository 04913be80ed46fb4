package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HAR 1.2, as far as it is needed (W3C web performance working group, HTTP Archive format, 2012 draft).
type (
	harFile struct {
		Log harLog `json:"log"`
	}
	harLog struct {
		Version string     `json:"version"`
		Creator harName    `json:"creator"`
		Comment string     `json:"comment,omitempty"`
		Entries []harEntry `json:"entries"`
	}
	harName struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"` // ms
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int64     `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harContent struct {
		Size     int64  `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
	}
	harTimings struct { // ms, -1 where it doesn't apply
		Blocked float64 `json:"blocked"`
		DNS     float64 `json:"dns"`
		Connect float64 `json:"connect"`
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
		SSL     float64 `json:"ssl"`
	}
)

func harRequestOf(req *http.Request, secrets []string) harRequest {
	r := harRequest{Method: req.Method, HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, HeadersSize: -1, BodySize: req.ContentLength,
		URL: Clean(ShowURL(req.URL), secrets), Headers: cleanPairs(headersOf(req.Header), secrets), QueryString: []harPair{}}
	if req.URL.RawQuery != "" {
		r.QueryString = cleanPairs(queryOf(req.URL.RawQuery), secrets)
	}
	if req.Body == nil {
		r.BodySize = 0
	}
	return r
}

func harResponseOf(resp *http.Response, secrets []string) harResponse {
	return harResponse{Status: resp.StatusCode, StatusText: http.StatusText(resp.StatusCode), HTTPVersion: resp.Proto, Cookies: []harPair{},
		Headers: cleanPairs(headersOf(resp.Header), secrets), HeadersSize: -1, BodySize: resp.ContentLength,
		Content: harContent{MimeType: Clean(resp.Header.Get("Content-Type"), secrets)}}
}

func cleanPairs(ps []harPair, secrets []string) []harPair {
	out := make([]harPair, len(ps))
	for i, p := range ps {
		out[i] = harPair{Name: Clean(p.Name, secrets), Value: Clean(p.Value, secrets)}
	}
	return out
}

// WriteHAR writes the evidence as HAR 1.2. Program is name/version.
func (r *Recorder) WriteHAR(w io.Writer, program, comment string) error {
	r.mu.Lock()
	entries := append([]*entry(nil), r.entries...)
	r.mu.Unlock()
	name, version, _ := strings.Cut(program, "/")
	f := harFile{Log: harLog{Version: "1.2", Creator: harName{Name: name, Version: version}, Comment: comment, Entries: []harEntry{}}}
	for _, e := range entries {
		f.Log.Entries = append(f.Log.Entries, e.har())
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(f)
}

func (e *entry) har() harEntry {
	e.mu.Lock()
	defer e.mu.Unlock()
	end := e.ended
	if end.IsZero() {
		end = time.Now()
	}
	h := harEntry{Started: e.started.UTC().Format("2006-01-02T15:04:05.000Z"), Time: ms(e.started, end), Request: e.request, Response: e.response}
	if h.Response.Cookies == nil {
		h.Response.Cookies, h.Response.Headers = []harPair{}, []harPair{}
	}
	h.Response.Content.Size = e.size
	if len(e.body) > 0 {
		h.Response.Content.Text = Clean(errorWords(h.Response.Content.MimeType, e.body), e.secrets)
	}
	if e.failure != "" {
		h.Comment = Clean(e.failure, e.secrets)
	}
	h.Timings = harTimings{Blocked: -1, DNS: -1, Connect: ms(e.started, e.connected), SSL: ms(e.started, e.secured),
		Send: max(0, ms(e.connected, e.sent)), Wait: max(0, ms(e.sent, e.answered)), Receive: max(0, ms(e.answered, end))}
	return h
}

// ms is the time between two moments in milliseconds, -1 where one of them didn't come.
func ms(from, to time.Time) float64 {
	if from.IsZero() || to.IsZero() {
		return -1
	}
	return float64(to.Sub(from).Microseconds()) / 1000
}

// Lines are the requests so far in one line each: "PUT https://host/bucket/key -> 200 in 12 ms".
func (r *Recorder) Lines() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	entries := append([]*entry(nil), r.entries...)
	r.mu.Unlock()
	var out []string
	for _, e := range entries {
		h := e.har()
		status := strconv.Itoa(h.Response.Status)
		if h.Response.Status == 0 {
			status = "no answer: " + h.Comment
		}
		out = append(out, fmt.Sprintf("%s %s -> %s in %.0f ms", h.Request.Method, h.Request.URL, status, h.Time))
	}
	return out
}
