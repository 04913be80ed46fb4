// Package reports holds the one result of a run and everything computed from it: the verdict, the exit code, JSON,
// JUnit and HTML. A result is made once, by the harness; no format has logic of its own, and nothing here talks to a
// store. Whoever fills a result has removed every secret before: the formats print what they are given.
package reports

import "time"

// APIVersion and Kind begin every result.json.
const (
	APIVersion = "bucketproof/v1"
	Kind       = "Result"
)

// Outcome is what became of one requirement in a run (design: outcomes and verdict).
type Outcome string

// The eight outcomes. Only passed and not applicable count as met without a condition.
const (
	Passed        Outcome = "passed"
	Failed        Outcome = "failed"
	Errored       Outcome = "errored"
	NotApplicable Outcome = "not applicable"
	Unsupported   Outcome = "unsupported"
	Unverified    Outcome = "unverified"
	Waived        Outcome = "waived"
	NotRun        Outcome = "not run"
)

// Verdict is what a whole run comes to.
type Verdict string

// The four verdicts.
const (
	Certified    Verdict = "certified"
	NotCertified Verdict = "not certified"
	Incomplete   Verdict = "incomplete"
	Undecided    Verdict = "errored"
)

// Result is what a run found out about one subject.
type Result struct {
	APIVersion   string          `json:"apiVersion"`
	Kind         string          `json:"kind"`
	Verdict      Verdict         `json:"verdict"`
	Why          []string        `json:"why"`
	Edition      string          `json:"edition"`
	Catalogue    string          `json:"catalogue,omitempty"` // digest of the catalogue the run went by: SHA-256, hex
	Profile      string          `json:"profile"`
	Subject      Subject         `json:"subject"`
	Run          Run             `json:"run"`
	Counts       map[Outcome]int `json:"counts"`
	Requirements []Requirement   `json:"requirements"`
	Required     []Required      `json:"required"`          // what the verdict was decided by; set by Conclude
	Waivers      []Waiver        `json:"waivers,omitempty"` // all that the run was given, whatever became of them
	Safety       Safety          `json:"safety"`
	Throughput   *Throughput     `json:"throughput,omitempty"` // what a load came to, where one was asked for
}

// Subject is what was under test.
type Subject struct {
	Kind     string `json:"kind"`     // bucket, connector or parser
	Address  string `json:"address"`  // redacted
	Provider string `json:"provider"` // one of the five
	Identity string `json:"identity"` // whom the run acted as, in words
	Store    Store  `json:"store"`

	// Canonical names the subject and nothing else (address.Canonical): what a certificate is for. "" without one.
	Canonical string `json:"canonical,omitempty"`
}

// Store is the object store that answered.
type Store struct {
	Name     string     `json:"name"`
	Kind     string     `json:"kind"` // embedded, process, container or remote
	Version  string     `json:"version,omitempty"`
	Via      string     `json:"via,omitempty"` // where the run was told to find it, in the place of its own endpoint
	Notes    []string   `json:"notes,omitempty"`
	Fidelity []Fidelity `json:"fidelity,omitempty"`
}

// Fidelity is one thing a store was, or was not, seen to enforce.
type Fidelity struct {
	What     string `json:"what"`
	Enforced string `json:"enforced"` // yes, no or unknown
	Seen     string `json:"seen"`
}

// Run says which run it was.
type Run struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Seed     int64     `json:"seed"`
	Program  string    `json:"program"` // name, version and revision
	Filter   string    `json:"filter,omitempty"`

	// Command runs the same again, in a shell: without --only and --seed, and without anything secret. "" where nobody said.
	Command string `json:"command,omitempty"`
}

// Requirement is one line of a result.
type Requirement struct {
	ID           string        `json:"id"`
	Level        string        `json:"level"`
	Title        string        `json:"title"`
	Text         string        `json:"text"`
	Source       string        `json:"source"`
	Optional     bool          `json:"optional,omitempty"` // the profile lets a provider lack it
	Outcome      Outcome       `json:"outcome"`
	Reason       string        `json:"reason"`
	StandsOn     string        `json:"standsOn,omitempty"` // the ID of what has to be mended, or decided, before this can be
	Expected     string        `json:"expected,omitempty"`
	Actual       string        `json:"actual,omitempty"`
	Remedy       string        `json:"remedy"`
	Observations []Observation `json:"observations"`
	Evidence     string        `json:"evidence,omitempty"` // HAR file, relative to the report
	Milliseconds int64         `json:"milliseconds"`
}

// Observation is something a spec saw.
type Observation struct {
	What     string `json:"what"`
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	Control  bool   `json:"control,omitempty"`  // the positive control of a denial
	Requests []int  `json:"requests,omitempty"` // indices of entries in the evidence

	Exchanges []Exchange `json:"exchanges,omitempty"` // the first of its requests, and what was answered
	Unshown   int        `json:"unshown,omitempty"`   // how many more there were: the evidence has them
}

// Exchange is a request and its answer as far as they may be shown; the evidence has all that may. The header fields, each
// "Name: value", and the error's body are kept only where a requirement was not met.
type Exchange struct {
	Method       string   `json:"method"`
	URL          string   `json:"url"`
	Sent         []string `json:"sent,omitempty"`
	Status       int      `json:"status"` // 0 without an answer
	Received     []string `json:"received,omitempty"`
	Body         string   `json:"body,omitempty"`    // an error's code and message
	Failure      string   `json:"failure,omitempty"` // why there was no answer
	Milliseconds float64  `json:"milliseconds"`
}

// Safety says what the run did to the bucket, and that it put everything back.
type Safety struct {
	Prefix                 string   `json:"prefix"`
	Announced              []string `json:"announced,omitempty"` // what was said before the first write
	Requests               int      `json:"requests"`
	ObjectsWritten         int      `json:"objectsWritten"`
	BytesWritten           int64    `json:"bytesWritten"`
	Removed                int      `json:"removed"`
	Kept                   []Kept   `json:"kept,omitempty"`
	ConfigurationUnchanged string   `json:"configurationUnchanged"`        // yes, yes as far as it could be read, no, not readable, or unknown: why
	ConfigurationUnread    []string `json:"configurationUnread,omitempty"` // documents that could not be read, each with the reason
	CleanUp                string   `json:"cleanUp"`                       // complete, nothing written, or incomplete: why
}

// Kept is an object of the run that could not be removed.
type Kept struct {
	Key       string `json:"key"`
	Version   string `json:"version,omitempty"`
	Why       string `json:"why"`
	Announced bool   `json:"announced"` // said before it was written
}
