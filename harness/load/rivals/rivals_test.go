package rivals

import (
	"strings"
	"testing"
	"time"
)

const goodWrk = "Running 1s test @ https://127.0.0.1:1/\n  2 threads and 8 connections\n\n" +
	`{"requests":100,"microseconds":1000000,"bytes":150000,"connect":0,"read":0,"write":0,"status":0,"timeout":0}` + "\n"

const goodAb = `This is ApacheBench, Version 2.3 <$Revision: 1 $>
Benchmarking 127.0.0.1 (be patient).....done

Server Software:        VERSITYGW
Server Hostname:        127.0.0.1
Server Port:            1
Document Path:          /b/k
Document Length:        1000 bytes

Concurrency Level:      8
Time taken for tests:   0.500 seconds
Complete requests:      100
Failed requests:        0
Keep-Alive requests:    100
Total transferred:      150000 bytes
HTML transferred:       100000 bytes
Requests per second:    200.00 [#/sec] (mean)
Time per request:       40.000 [ms] (mean)
Time per request:       5.000 [ms] (mean, across all concurrent requests)
Transfer rate:          292.97 [Kbytes/sec] received
`

func TestFiguresCountOnlyWhenEveryRequestDid(t *testing.T) {
	for name, c := range map[string]struct {
		read  func([]byte) (Rate, error)
		good  string
		spoil map[string][2]string
	}{
		"wrk": {func(b []byte) (Rate, error) { return readWrk(b, 1000) }, goodWrk, map[string][2]string{
			"a status of failure":       {`"status":0`, `"status":1`},
			"a request timed out":       {`"timeout":0`, `"timeout":2`},
			"a connection refused":      {`"connect":0`, `"connect":1`},
			"short bodies":              {`"bytes":150000`, `"bytes":99999`},
			"no request":                {`"requests":100`, `"requests":0`},
			"a figure that is missing":  {`"read":0,`, ``},
			"a figure of another kind":  {`"read":0`, `"read":-1`},
			"a figure that is unknown":  {`"read":0`, `"read":0,"more":1`},
			"nothing that was expected": {goodWrk, "Running\n"},
		}},
		"ab": {func(b []byte) (Rate, error) { return readAb(b, 100, 1000) }, goodAb, map[string][2]string{
			"a request that failed":     {"Failed requests:        0", "Failed requests:        3\n   (Connect: 0, Receive: 0, Length: 3, Exceptions: 0)"},
			"another status":            {"Keep-Alive requests:    100", "Non-2xx responses:      100\nKeep-Alive requests:    100"},
			"a write that failed":       {"Keep-Alive requests:    100", "Write errors:           1\nKeep-Alive requests:    100"},
			"fewer requests":            {"Complete requests:      100", "Complete requests:      99"},
			"another length":            {"Document Length:        1000", "Document Length:        243"},
			"connections that closed":   {"Keep-Alive requests:    100", "Keep-Alive requests:    0"},
			"no time":                   {"0.500 seconds", "0.000 seconds"},
			"a line that is missing":    {"Failed requests:        0\n", ""},
			"a line twice":              {"Complete requests:      100\n", "Complete requests:      100\nComplete requests:      100\n"},
			"nothing that was expected": {goodAb, ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := c.read([]byte(c.good))
			if err != nil || r.Requests != 100 || r.Took <= 0 || r.Took > time.Second {
				t.Errorf("a sound run: got %+v, %v", r, err)
			}
			for what, by := range c.spoil {
				if !strings.Contains(c.good, by[0]) {
					t.Errorf("%s: nothing to spoil", what)
				}
				if r, err := c.read([]byte(strings.Replace(c.good, by[0], by[1], 1))); err == nil {
					t.Errorf("%s: got %+v, want an error", what, r)
				}
			}
		})
	}
}

func TestNoURLOfAnotherMachineIsAnArgument(t *testing.T) {
	for _, raw := range []string{"https://bucket.example.com/key?X-Amz-Signature=0", "https://127.0.0.1.example.com/key", "http://127.0.0.1@example.com/key", "::", ""} {
		if _, err := Ab(t.Context(), raw, "", 1, 1, 1); err == nil || !strings.Contains(err.Error(), "none but a store's on 127.0.0.1") {
			t.Errorf("%q: got %v, want that it isn't given away", raw, err)
		}
	}
}

func TestAnswersThatWereLeftCountInPart(t *testing.T) {
	const size = 64 << 20
	out := `{"requests":10,"microseconds":2000000,"bytes":771751936,"connect":0,"read":0,"write":0,"status":0,"timeout":0}` // 11.5 objects
	r, err := readWrk([]byte(out), size)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.MBps(size), 11.5*size/1e6/2; got != want {
		t.Errorf("got %.1f MB/s, want %.1f: one answer was half there", got, want)
	}
}
