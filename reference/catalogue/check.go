package catalogue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TitleLength is the most characters a requirement's title may have, so that tables stay readable.
const TitleLength = 60

var idForm = regexp.MustCompile(`^BYOB-([A-Z]+)-([0-9]{3})$`)

// shortForms are names of providers that no sentence may use, outside quoted code.
var shortForms = []string{"cw", "gcs", "GCS", "az", "s3c"}

// check returns what is wrong with the files, one problem a line: "file:line: ID: problem".
func (f *files) check(c *Catalogue) []string {
	problems := f.checkLists(c)
	k := known{editions: map[string]bool{}, profiles: map[string]bool{}, retired: map[string]bool{}}
	for _, e := range c.editions {
		k.editions[e.ID] = true
	}
	for _, p := range c.profiles {
		k.profiles[p.Name] = true
	}
	for _, id := range c.retired {
		k.retired[id] = true
	}
	first := map[string]string{} // ID -> where it was met first
	at := 0
	for i, family := range f.families {
		if family.Family != families[i].family {
			problems = append(problems, fmt.Sprintf("%s: family is %q, want %q", family.name, family.Family, families[i].family))
		}
		if family.About == "" {
			problems = append(problems, family.name+": about is empty")
		}
		last := ""
		for j, entry := range family.Requirements {
			where := fmt.Sprintf("%s:%d", family.name, family.lines[j])
			r := c.requirements[at]
			at++
			say := func(format string, args ...any) {
				problems = append(problems, where+": "+entry.ID+": "+fmt.Sprintf(format, args...))
			}
			if before, ok := first[r.ID]; ok {
				say("the ID stands already at %s", before)
			} else if r.ID <= last {
				say("stands after %s: entries are in the order of their numbers", last)
			}
			first[r.ID], last = where, r.ID
			k.requirement(r, entry.Editions, say)
		}
	}
	return problems
}

// known holds the words that entries may use.
type known struct{ editions, profiles, retired map[string]bool }

// requirement says what is wrong with one entry. named are the editions the data name, which may be none.
func (k known) requirement(r Requirement, named []string, say func(string, ...any)) {
	form := idForm.FindStringSubmatch(r.ID)
	switch {
	case form == nil:
		say("the ID is not of the form BYOB-FAMILY-000")
	case form[1] != r.Family:
		say("the ID is not of family %s", r.Family)
	}
	if k.retired[r.ID] {
		say("the ID is retired and must not be used again")
	}
	if r.Title == "" || utf8.RuneCountInString(r.Title) > TitleLength {
		say("the title has %d characters, want 1 to %d", utf8.RuneCountInString(r.Title), TitleLength)
	}
	if !strings.HasSuffix(r.Text, ".") || strings.Contains(r.Text, "\n") {
		say("the text is not one paragraph that ends in a full stop")
	}
	for i, prose := range strings.Split(r.Title+" "+r.Text, "`") {
		if i%2 == 1 {
			continue
		}
		for _, word := range strings.FieldsFunc(prose, notLetter) {
			if slices.Contains(shortForms, word) {
				say("%q is a short form: write the provider's word", word)
			}
		}
	}
	if r.Subject != Bucket && r.Subject != Connector {
		say("unknown subject %q: known are %s, %s", r.Subject, Bucket, Connector)
	}
	switch r.OnRequest {
	case "", OnThroughput, OnBrowser, OnLong:
	default:
		say("unknown onRequest %q: known are %s, %s, %s", r.OnRequest, OnThroughput, OnBrowser, OnLong)
	}
	if len(r.Profiles) == 0 {
		say("belongs to no profile")
	}
	each(r.Profiles, "profile", k.profiles, say)
	each(named, "edition", k.editions, say)
	k.levels(r, say)
	k.sources(r, say)
	remedies(r, say)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func (k known) levels(r Requirement, say func(string, ...any)) {
	for _, level := range append([]LevelRule{{Level: r.Level}}, r.Levels...) {
		if level.Level != Must && level.Level != Should {
			say("unknown level %q: known are %s, %s", level.Level, Must, Should)
		}
	}
	providers := map[string]bool{}
	for _, p := range Providers {
		providers[p] = true
	}
	for _, rule := range r.Levels {
		if rule.When != "" && rule.When != WhenKMSKey {
			say("unknown condition %q: known is %s", rule.When, WhenKMSKey)
		}
		if rule.When == "" && len(rule.Providers) == 0 && len(rule.Editions) == 0 {
			say("a level rule without provider, edition or condition hides the level")
		}
		each(rule.Providers, "provider", providers, say)
		each(rule.Editions, "edition", k.editions, say)
		for _, p := range rule.Providers {
			if providers[p] && !slices.Contains(r.Profiles, p) {
				say("a level rule names provider %q, whose profile it does not belong to", p)
			}
		}
		for _, e := range rule.Editions {
			if k.editions[e] && !slices.Contains(r.Editions, e) {
				say("a level rule names edition %q, in which it does not hold", e)
			}
		}
	}
}

func (k known) sources(r Requirement, say func(string, ...any)) {
	if len(r.Source) == 0 {
		say("has no source")
	}
	for _, s := range r.Source {
		if s.Document == "" || s.Section == "" {
			say("a source lacks its document or section")
		}
		if s.Edition != "" && !k.editions[s.Edition] {
			say("a source names the unknown edition %q", s.Edition)
		}
	}
}

// remedies demands a remedy for whomever it may be shown to: every provider whose profile the requirement belongs to,
// and anyone at all.
func remedies(r Requirement, say func(string, ...any)) {
	for provider, remedy := range r.Remedy {
		if provider != "any" && !slices.Contains(Providers, provider) {
			say("a remedy is for the unknown provider %q: known are %s, any", provider, strings.Join(Providers, ", "))
		}
		if strings.TrimSpace(remedy) == "" {
			say("the remedy for %s is empty", provider)
		}
	}
	for _, provider := range Providers {
		if slices.Contains(r.Profiles, provider) && r.RemedyFor(provider) == "" {
			say("has no remedy for %s", provider)
		}
	}
	if len(r.Remedy) == 0 {
		say("has no remedy at all")
	}
}

// each demands that the words are known and stand once.
func each(words []string, kind string, known map[string]bool, say func(string, ...any)) {
	for i, word := range words {
		if !known[word] {
			var all []string
			for w := range known {
				all = append(all, w)
			}
			slices.Sort(all)
			say("unknown %s %q: known are %s", kind, word, strings.Join(all, ", "))
		}
		if slices.Contains(words[:i], word) {
			say("%s %q stands twice", kind, word)
		}
	}
}
