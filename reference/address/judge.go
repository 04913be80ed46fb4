package address

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Implementation is a whole reader and printer of addresses, as the vectors judge it.
type Implementation struct {
	Parse       Parser
	Print       func(*Address) string // redacted
	Reveal      func(*Address) string // with credentials
	ParseStores func(list string, o Options) (*Stores, error)
}

// Reference is this package.
func Reference() Implementation {
	return Implementation{
		Parse:       Parse,
		Print:       func(a *Address) string { return a.String() },
		Reveal:      (*Address).Reveal,
		ParseStores: ParseStores,
	}
}

// Vector is one input, and what its requirement says about it.
type Vector struct {
	Name, Requirement, Raw string
	Options                Options
	// List says that Raw is a list of supported file stores.
	List bool
	Want Expectation
	// Control is, beside a refusal, nearly the same input, which must be accepted: a parser that refuses everything
	// passes nothing.
	Control Input
	// Secrets are the canaries in Raw, decoded.
	Secrets []string
}

// Input is something to parse.
type Input struct {
	Raw     string
	Options Options
}

// Expectation is what has to come of a vector: one refusal, or any of the others together.
type Expectation struct {
	// Refused says that the input is refused under the vector's requirement.
	Refused bool
	// Names are words that the refusal, or the warnings, must hold.
	Names []string
	// Fields of the accepted address (or list), by name: provider, endpoint, account, bucket, path, region,
	// regionFrom, tls, pathStyle, id, secret; coreweave, items. Those not named are left to other vectors.
	Fields map[string]string
	// Warns and Silent are requirements under which there must be, or must not be, a warning.
	Warns, Silent []string
	// RoundTrip: what Reveal prints is parsed to an equal address, and what Print prints holds no secret.
	RoundTrip bool
	// Secrecy: whatever comes of the input, no form of it holds six characters of a secret in a row.
	Secrecy bool
}

// Judge runs the vector against an implementation. Expected and actual are sentences without secrets.
func (v Vector) Judge(impl Implementation) (expected, actual string, ok bool) {
	expected = v.expected()
	defer func() {
		if recover() != nil {
			actual, ok = "a panic", false
		}
	}()
	c := &canaries{secrets: v.Secrets}
	switch {
	case v.Want.Secrecy:
		actual, ok = v.judgeSecrecy(impl, c)
	case v.Want.Refused:
		actual, ok = v.judgeRefusal(impl, c)
	case v.Want.RoundTrip:
		actual, ok = v.judgeRoundTrip(impl, c)
	default:
		actual, ok = v.judgeAccepted(impl, c)
	}
	return expected, actual, ok
}

// expected is what the vector wants, in words.
func (v Vector) expected() string {
	w := v.Want
	switch {
	case w.Secrecy:
		return "no error, warning or printed form holds a piece of the secret"
	case w.Refused && len(w.Names) > 0:
		return "refused under " + v.Requirement + ", naming " + strings.Join(w.Names, " and ")
	case w.Refused:
		return "refused under " + v.Requirement
	case w.RoundTrip:
		return "accepted, and parsed to the same address when it is printed whole; redacted otherwise"
	}
	said := []string{"accepted"}
	for _, f := range sortedKeys(w.Fields) {
		if f == "secret" {
			said = append(said, "the secret unchanged")
		} else {
			said = append(said, f+" "+strconv.Quote(w.Fields[f]))
		}
	}
	for _, r := range w.Warns {
		said = append(said, "a warning under "+r)
	}
	if len(w.Names) > 0 {
		said = append(said, "naming "+strings.Join(w.Names, " and "))
	}
	for _, r := range w.Silent {
		said = append(said, "no warning under "+r)
	}
	return strings.Join(said, ", ")
}

// accept parses an input, as an address or as a list.
func (v Vector) accept(impl Implementation, in Input) (*Address, *Stores, error) {
	if v.List {
		s, err := impl.ParseStores(in.Raw, in.Options)
		return nil, s, err
	}
	a, err := impl.Parse(in.Raw, in.Options)
	if err == nil && a == nil {
		err = errors.New("neither an address nor an error")
	}
	return a, nil, err
}

func (v Vector) judgeRefusal(impl Implementation, c *canaries) (string, bool) {
	_, _, err := v.accept(impl, Input{v.Raw, v.Options})
	if err == nil {
		return "accepted", false
	}
	var e *Error
	if !errors.As(err, &e) {
		return "refused, without naming a requirement", false
	}
	if e.Requirement != v.Requirement {
		return "refused under " + c.scrub(e.Requirement), false
	}
	text := err.Error()
	for _, word := range v.Want.Names {
		if !strings.Contains(text, word) {
			return "refused under " + v.Requirement + ", without naming " + word + ": " + c.scrub(text), false
		}
	}
	if _, _, err := v.accept(impl, v.Control); err != nil {
		return "refused under " + v.Requirement + ", and so is its control: " + c.scrub(err.Error()), false
	}
	return "refused under " + v.Requirement, true
}

func (v Vector) judgeAccepted(impl Implementation, c *canaries) (string, bool) {
	a, stores, err := v.accept(impl, Input{v.Raw, v.Options})
	if err != nil {
		return "refused: " + c.scrub(err.Error()), false
	}
	said, ok := []string{"accepted"}, true
	got := fieldsOf(a, stores)
	for _, f := range sortedKeys(v.Want.Fields) {
		switch {
		case got[f] != v.Want.Fields[f]:
			ok = false
			if f == "secret" {
				said = append(said, "the secret changed")
				continue
			}
			fallthrough
		case f != "secret":
			said = append(said, f+" "+strconv.Quote(c.scrub(got[f])))
		default:
			said = append(said, "the secret unchanged")
		}
	}
	warned := map[string]bool{}
	var text strings.Builder
	if a != nil {
		for _, w := range a.Warnings {
			warned[w.Requirement] = true
			text.WriteString(w.String() + "\n")
		}
	}
	for _, r := range v.Want.Warns {
		if !warned[r] {
			said, ok = append(said, "no warning under "+r), false
		} else {
			said = append(said, "a warning under "+r)
		}
	}
	for _, r := range v.Want.Silent {
		if warned[r] {
			said, ok = append(said, "a warning under "+r), false
		}
	}
	for _, word := range v.Want.Names {
		if !strings.Contains(text.String(), word) {
			said, ok = append(said, "no warning that names "+word), false
		}
	}
	return strings.Join(said, ", "), ok
}

func (v Vector) judgeRoundTrip(impl Implementation, c *canaries) (string, bool) {
	a, err := impl.Parse(v.Raw, v.Options)
	if err != nil {
		return "refused: " + c.scrub(err.Error()), false
	}
	printed := impl.Print(a)
	if c.in(printed) {
		return "accepted, and its printed form shows the secret", false
	}
	if a.Bucket == "" || !strings.Contains(printed, a.Bucket) {
		return "accepted, and its printed form lacks the bucket", false
	}
	b, err := impl.Parse(impl.Reveal(a), v.Options)
	if err != nil {
		return "accepted, and refused once printed: " + c.scrub(err.Error()), false
	}
	if !a.Equal(b) {
		return "accepted, and another address once printed", false
	}
	return "accepted, and the same address once printed", true
}

func (v Vector) judgeSecrecy(impl Implementation, c *canaries) (string, bool) {
	a, stores, err := v.accept(impl, Input{v.Raw, v.Options})
	shown := map[string]string{}
	all := func(what string, x any) {
		for _, verb := range [...]string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			shown[what+" by "+verb] = fmt.Sprintf(verb, x)
		}
		text, _ := json.Marshal(x)
		shown[what+" as JSON"] = string(text)
	}
	outcome := "accepted"
	if err != nil {
		outcome = "refused"
		all("the error", err)
		for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
			all("the error's cause", cause)
		}
	}
	show := func(a *Address) {
		shown["the printed address"] = impl.Print(a)
		shown["the canonical form"] = a.Canonical()
		all("the address", a)
		all("the address by value", *a)
		all("the warnings", a.Warnings)
	}
	if a != nil && err == nil {
		show(a)
	}
	if stores != nil && err == nil {
		all("the list", stores)
		for _, item := range stores.Addresses {
			show(item)
		}
	}
	for _, what := range sortedKeys(shown) {
		if c.in(shown[what]) {
			return outcome + ", and " + what + " holds a piece of the secret", false
		}
	}
	return outcome + ", and nothing shows the secret", true
}

// fieldsOf lists the fields of an address or a list by the names that expectations use.
func fieldsOf(a *Address, stores *Stores) map[string]string {
	if stores != nil {
		return map[string]string{"coreweave": strconv.FormatBool(stores.CoreWeave), "items": strconv.Itoa(len(stores.Addresses))}
	}
	if a == nil {
		return nil
	}
	return map[string]string{
		"provider": string(a.Provider), "endpoint": a.Endpoint, "account": a.Account, "bucket": a.Bucket, "path": a.Path,
		"region": a.Region, "regionFrom": a.RegionFrom, "tls": strconv.FormatBool(a.TLS),
		"pathStyle": strconv.FormatBool(a.PathStyle), "id": a.Credentials.ID, "secret": a.Credentials.Secret.Reveal(),
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
