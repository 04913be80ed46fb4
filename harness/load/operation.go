package load

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kind is what a row of the log is about.
type Kind uint8

// The kinds: first the transfers of whole objects, then requests that are part of one, then what is around them and in no figure.
const (
	Put Kind = iota
	Get
	Multipart
	Ranges
	Part   // one part or block
	Range  // one range
	Begin  // begins an upload
	Commit // joins the parts or blocks
	Seed   // writes what is read later
	Check  // reads what was written
	Remove // removes it
)

var kindWords = [...]string{"put", "get", "multipart", "ranges", "part", "range", "begin", "commit", "seed", "check", "remove"}

func (k Kind) String() string { return kindWords[k] }

// Transfer reports whether the row is of a whole object that was measured.
func (k Kind) Transfer() bool { return k <= Ranges }

// Request reports whether the row is of one request. Objects that are moved in parts have a row of their own besides.
func (k Kind) Request() bool { return k != Multipart && k != Ranges }

// Outcome is what came of an operation.
type Outcome uint8

// The outcomes. Anything but Done is a failure.
const (
	Done    Outcome = iota
	Refused         // another status than that of success
	Corrupt         // other bytes, or another number of them, than were written
	Broken          // the connection broke before the end of the answer
	Late            // a limit ran out
	Other           // it could not be sent, or not be understood
)

var outcomeWords = [...]string{"done", "refused", "corrupt", "broken", "late", "other"}

func (o Outcome) String() string { return outcomeWords[o] }

// Operation is one row. Times are in nanoseconds since the measurement began.
type Operation struct {
	Start, First, End int64 // First is the first byte of the answer, 0 where none came
	Bytes             int64 // of content that arrived
	Case, Round       uint16
	Worker            uint16
	Status            uint16
	Kind              Kind
	Outcome           Outcome
}

// chunk is how many rows are kept together: a log of a million rows is never copied.
const chunk = 512

// Sheet is where one worker enters its rows. It is not for concurrent use, but for Fail and Row.
type Sheet struct {
	log   *Log
	at    Operation // case, round and worker of its rows
	rows  [][]Operation
	mu    sync.Mutex
	first string // what went wrong first
}

// Log holds the rows of a measurement.
type Log struct {
	epoch  time.Time
	sheets []*Sheet
	mu     sync.Mutex
	lost   map[string]bool // keys whose upload failed
	why    map[string]int  // what went wrong, and how often
}

func (l *Log) since(t time.Time) int64 { return int64(t.Sub(l.epoch)) }

// sheet makes a sheet for the rows of one worker.
func (l *Log) sheet(at, round, worker int) *Sheet {
	s := &Sheet{log: l, at: Operation{Case: uint16(at), Round: uint16(round), Worker: uint16(worker)}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sheets = append(l.sheets, s)
	return s
}

// Now is the time as rows have it.
func (s *Sheet) Now() int64 { return s.log.since(time.Now()) }

// Add enters a row.
func (s *Sheet) Add(op Operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op.Case, op.Round, op.Worker = s.at.Case, s.at.Round, s.at.Worker
	if n := len(s.rows); n == 0 || len(s.rows[n-1]) == chunk {
		size := 8
		if n > 0 {
			size = chunk
		}
		s.rows = append(s.rows, make([]Operation, 0, size))
	}
	last := &s.rows[len(s.rows)-1]
	*last = append(*last, op)
}

// around enters what is moved around the measured transfers, by its own kind. What went in parts has their rows already: one
// more would count its bytes twice.
func (s *Sheet) around(op Operation, kind Kind) {
	if op.Kind.Request() {
		op.Kind = kind
		s.Add(op)
	}
}

// Fail says in words what went wrong with an upload or a read, for the report.
func (s *Sheet) Fail(key, format string, a ...any) {
	words := fmt.Sprintf(format, a...)
	s.mu.Lock()
	if s.first == "" {
		s.first = words
	}
	s.mu.Unlock()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if s.log.why == nil {
		s.log.why, s.log.lost = map[string]int{}, map[string]bool{}
	}
	s.log.lost[key] = true
	if _, known := s.log.why[words]; known || len(s.log.why) < mostWords {
		s.log.why[words]++
	}
}

// mostWords bounds the different ways of going wrong that are told.
const mostWords = 20

// Why is what went wrong first on this sheet.
func (s *Sheet) Why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == "" {
		return "nobody knows why"
	}
	return s.first
}

// wrote reports whether nothing went wrong with an object.
func (l *Log) wrote(j *Job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.lost[j.Key]
}

// Each calls f with every row, sheet by sheet.
func (l *Log) Each(f func(*Operation)) {
	for _, s := range l.sheets {
		s.each(f)
	}
}

func (s *Sheet) each(f func(*Operation)) {
	for _, rows := range s.rows {
		for i := range rows {
			f(&rows[i])
		}
	}
}

// Failures are the ways in which requests went wrong, the most frequent first, each with how often.
func (l *Log) Failures() (words []string, counts []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.why {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
		if d := l.why[b] - l.why[a]; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	for _, w := range words {
		counts = append(counts, l.why[w])
	}
	return words, counts
}
