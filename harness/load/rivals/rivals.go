// Package rivals runs other programs that load a store, wrk and ab, so that a benchmark can hold the client of harness/load
// against them: the same requests on the same keys, by the same pre-signed URLs, as many at once. A run of theirs counts only
// when every request of it was answered with a success and a body of the right length; anything else, also an output that can't
// be read, is an error. Pre-signed URLs are secrets: wrk takes them from a script that only its owner can read. ab takes its one
// URL only as an argument, which other users of the machine can see: none is given to it but a store's on 127.0.0.1.
package rivals

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Install is how to get the two programs.
const Install = "apt-get install wrk apache2-utils, or brew install wrk (ab is there on macOS)"

// Rate is what a program did.
type Rate struct {
	Requests int
	Took     time.Duration
	Partly   int64 // bytes of answers that were not over when time ran out
}

// MBps is the rate of objects of a size, in 10^6 bytes a second.
func (r Rate) MBps(size int64) float64 {
	return (float64(r.Requests)*float64(size) + float64(r.Partly)) / 1e6 / r.Took.Seconds()
}

// over is how long a program may take beyond the time it was given.
const over = 30 * time.Second

// run runs a program, and returns what it printed. It shows nothing of its arguments.
func run(ctx context.Context, limit time.Duration, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out, bad bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &bad, time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s did not end within %s", name, limit)
		}
		return nil, fmt.Errorf("%s failed: %w (%d bytes on its standard error)", name, err, bad.Len())
	}
	return out.Bytes(), nil
}

// script asks for one path after the other, and prints what came of it as JSON.
const script = `local n = 0
local requests
function request()
  if not requests then
    requests = {}
    for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end
  end
  n = n + 1
  return requests[(n - 1) %% #requests + 1]
end
function done(summary)
  local e = summary.errors
  io.write(string.format('\n{"requests":%%d,"microseconds":%%d,"bytes":%%d,"connect":%%d,"read":%%d,"write":%%d,"status":%%d,"timeout":%%d}\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout))
end
paths = {
%s}
`

// Wrk reads objects of a size by their pre-signed URLs in turn, all of one host, for a time of whole seconds. dir is for its
// script.
func Wrk(ctx context.Context, dir string, urls []string, size int64, atOnce int, length time.Duration) (Rate, error) {
	var paths strings.Builder
	var base *url.URL
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil || base != nil && u.Host != base.Host {
			return Rate{}, errors.New("wrk: a pre-signed URL is no URL, or of another host")
		}
		base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
		fmt.Fprintf(&paths, "  %s,\n", quoted(u.RequestURI()))
	}
	if base == nil || atOnce < 2 || length < time.Second {
		return Rate{}, errors.New("wrk: want URLs, at least two at once, and at least a second")
	}
	at := filepath.Join(dir, "wrk.lua")
	if err := os.WriteFile(at, fmt.Appendf(nil, script, paths.String()), 0o600); err != nil {
		return Rate{}, fmt.Errorf("wrk: write its script: %w", err)
	}
	defer func() { _ = os.Remove(at) }()
	out, err := run(ctx, length+over, "wrk", "-t", "2", "-c", strconv.Itoa(atOnce), "-d", strconv.Itoa(int(length/time.Second))+"s", "-s", at, base.String())
	if err != nil {
		return Rate{}, err
	}
	return readWrk(out, size)
}

// quoted is a string in Lua. Escapes of JSON would be others; nothing but printable ASCII is in a request's URI.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func readWrk(out []byte, size int64) (Rate, error) {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	d := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	d.DisallowUnknownFields()
	var s struct{ Requests, Microseconds, Bytes, Connect, Read, Write, Status, Timeout *int64 }
	if err := d.Decode(&s); err != nil {
		return Rate{}, errors.New("wrk: its last line is not what its script prints")
	}
	for _, n := range []*int64{s.Requests, s.Microseconds, s.Bytes, s.Connect, s.Read, s.Write, s.Status, s.Timeout} {
		if n == nil || *n < 0 {
			return Rate{}, errors.New("wrk: its figures are not all there")
		}
	}
	switch {
	case *s.Connect+*s.Read+*s.Write+*s.Status+*s.Timeout > 0:
		return Rate{}, fmt.Errorf("wrk: %d of its requests failed: connect %d, read %d, write %d, status %d, timeout %d", *s.Connect+*s.Read+*s.Write+*s.Status+*s.Timeout,
			*s.Connect, *s.Read, *s.Write, *s.Status, *s.Timeout)
	case *s.Requests == 0 || *s.Microseconds == 0:
		return Rate{}, errors.New("wrk: it made no request")
	case *s.Bytes < *s.Requests*size:
		return Rate{}, fmt.Errorf("wrk: %d bytes came of %d requests for %d bytes each", *s.Bytes, *s.Requests, size)
	}
	r := Rate{Requests: int(*s.Requests), Took: time.Duration(*s.Microseconds) * time.Microsecond}
	if size >= large {
		r.Partly = *s.Bytes - *s.Requests*size
	}
	return r, nil
}

// large is the size from which the answers that wrk leaves when its time is over are more than noise, and the heads of answers,
// which are among its bytes, are less.
const large = 16 << 20

// abLimit is how long ab may take for all of its requests.
const abLimit = time.Minute

// Ab makes n requests for one pre-signed URL: it reads an object of a size, or, with a file, writes it. It takes the URL as an
// argument.
func Ab(ctx context.Context, raw, file string, size int64, atOnce, n int) (Rate, error) {
	if u, err := url.Parse(raw); err != nil || u.Hostname() != "127.0.0.1" {
		return Rate{}, errors.New("ab: its URL can be seen by everybody on this machine: none but a store's on 127.0.0.1 is given to it")
	}
	args := []string{"-q", "-k", "-n", strconv.Itoa(n), "-c", strconv.Itoa(atOnce)}
	length := size
	if file != "" {
		args, length = append(args, "-u", file, "-T", "application/octet-stream"), 0
	}
	out, err := run(ctx, abLimit+over, "ab", append(args, raw)...)
	if err != nil {
		return Rate{}, err
	}
	return readAb(out, n, length)
}

var abLine = regexp.MustCompile(`(?m)^([A-Z][A-Za-z0-9 -]*):\s+([0-9.]+)`)

// readAb takes the figures out of what ab prints. Lines that it leaves out where nothing went wrong are none.
func readAb(out []byte, n int, length int64) (Rate, error) {
	got := map[string]string{}
	for _, m := range abLine.FindAllStringSubmatch(string(out), -1) {
		if _, twice := got[m[1]]; twice && m[1] != "Time per request" {
			return Rate{}, fmt.Errorf("ab: its line %q stands there twice", m[1])
		}
		got[m[1]] = m[2]
	}
	for name, want := range map[string]string{"Complete requests": strconv.Itoa(n), "Failed requests": "0", "Document Length": strconv.FormatInt(length, 10),
		"Keep-Alive requests": strconv.Itoa(n)} {
		if got[name] != want {
			return Rate{}, fmt.Errorf("ab: %s: got %q, want %s", strings.ToLower(name), got[name], want)
		}
	}
	for _, name := range []string{"Non-2xx responses", "Write errors"} {
		if got[name] != "" && got[name] != "0" {
			return Rate{}, fmt.Errorf("ab: %s: %s", strings.ToLower(name), got[name])
		}
	}
	seconds, err := strconv.ParseFloat(got["Time taken for tests"], 64)
	if err != nil || seconds <= 0 {
		return Rate{}, fmt.Errorf("ab: time taken for tests: got %q", got["Time taken for tests"])
	}
	return Rate{Requests: n, Took: time.Duration(seconds * float64(time.Second))}, nil
}
