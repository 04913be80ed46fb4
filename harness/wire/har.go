package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

func harRequestOf(req *http.Request, secrets *spelt) harRequest {
	return harRequest{Method: req.Method, HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, HeadersSize: -1, BodySize: bodyLength(req),
		URL: showURL(req.URL, secrets), Headers: hidePairs(headersOf(req.Header), secrets), QueryString: hidePairs(queryOf(req.URL.RawQuery), secrets)}
}

func harResponseOf(resp *http.Response, secrets *spelt) harResponse {
	r := harResponse{Status: resp.StatusCode, StatusText: http.StatusText(resp.StatusCode), HTTPVersion: resp.Proto, Cookies: []harPair{},
		Headers: hidePairs(headersOf(resp.Header), secrets), HeadersSize: -1, BodySize: resp.ContentLength,
		Content: harContent{MimeType: hide(resp.Header.Get("Content-Type"), secrets)}}
	if to := resp.Header.Get("Location"); to != "" {
		r.RedirectURL = Redacted
		if u, err := url.Parse(to); err == nil {
			r.RedirectURL = showURL(u, secrets)
		}
	}
	return r
}

func hidePairs(ps []harPair, secrets *spelt) []harPair {
	out := make([]harPair, len(ps))
	for i, p := range ps {
		out[i] = harPair{Name: hide(p.Name, secrets), Value: hide(p.Value, secrets)}
	}
	return out
}

// WriteHAR writes the evidence as HAR 1.2. Program is name/version.
func (r *Recorder) WriteHAR(w io.Writer, program, comment string) error {
	name, version, _ := strings.Cut(program, "/")
	f := harFile{Log: harLog{Version: "1.2", Creator: harName{Name: name, Version: version}, Comment: comment, Entries: []harEntry{}}}
	for _, e := range r.all() {
		f.Log.Entries = append(f.Log.Entries, e.har())
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(f)
}

func (e *entry) har() harEntry {
	e.mu.Lock()
	defer e.mu.Unlock()
	end := e.ended
	if end == 0 {
		end = e.since()
	}
	h := harEntry{Started: e.started.UTC().Format("2006-01-02T15:04:05.000Z"), Request: e.shown.request, Response: e.shown.response, Timings: e.timings(end)}
	h.Time = h.Timings.total()
	if h.Response.Cookies == nil {
		h.Response.Cookies, h.Response.Headers = []harPair{}, []harPair{}
	}
	h.Response.Content.Size = e.shown.size
	if len(e.shown.body) > 0 {
		h.Response.Content.Text = hide(errorWords(h.Response.Content.MimeType, e.shown.body), e.secrets)
	}
	if e.failure != "" {
		h.Comment = hide(e.failure, e.secrets)
	}
	return h
}

// timings splits the time of a request in phases that follow on one another: one that didn't begin takes none, and a
// connection that was kept open was not connected, but waited for. Connect includes SSL (HAR 1.2, timings).
func (e *entry) timings(end time.Duration) harTimings {
	reached := func(m moment, not time.Duration) time.Duration {
		if t := e.at[m]; t != 0 && t < end {
			return t
		}
		return not
	}
	answer := reached(answered, end)
	there := reached(connected, end)
	written := reached(sent, answer)
	if written > answer { // answered before all of the body was sent
		written = answer
	}
	if written < there {
		written = there
	}
	if answer < written {
		answer = written
	}
	h := harTimings{Blocked: -1, DNS: -1, Connect: ms(0, there), SSL: -1, Send: ms(there, written), Wait: ms(written, answer),
		Receive: ms(answer, end)}
	if e.at[securing] != 0 {
		h.SSL = ms(e.at[securing], reached(secured, there))
	} else if e.kept {
		h.Blocked, h.Connect = h.Connect, -1
	}
	return h
}

// total is the sum of all phases that there were; SSL is in connect.
func (h harTimings) total() float64 {
	return max(0, h.Blocked) + max(0, h.Connect) + h.Send + h.Wait + h.Receive
}

// ms is the time between two moments in milliseconds.
func ms(from, to time.Duration) float64 { return max(0, float64((to-from).Microseconds())/1000) }

// Lines are the requests so far in one line each: "PUT https://host/bucket/key -> 200 in 12 ms".
func (r *Recorder) Lines() []string {
	var out []string
	for _, e := range r.all() {
		h := e.har()
		status := strconv.Itoa(h.Response.Status)
		switch {
		case h.Response.Status == 0 && h.Comment == "":
			status = "no answer yet"
		case h.Response.Status == 0:
			status = "no answer: " + h.Comment
		}
		out = append(out, fmt.Sprintf("%s %s -> %s in %.0f ms", h.Request.Method, h.Request.URL, status, h.Time))
	}
	return out
}
