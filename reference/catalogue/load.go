package catalogue

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

//go:embed data/*.yaml
var data embed.FS

// families maps each family to its file, in catalogue order: what a bucket's run looks at first stands first, the
// families of connectors only come last.
var families = []struct{ family, file string }{
	{"NET", "preflight.yaml"},
	{"ADDR", "address.yaml"},
	{"XFER", "transfer.yaml"},
	{"SIGN", "signing.yaml"},
	{"CORS", "cors.yaml"},
	{"PERM", "permissions.yaml"},
	{"KMS", "encryption.yaml"},
	{"KEEP", "retention.yaml"},
	{"RATE", "throughput.yaml"},
	{"AVAIL", "availability.yaml"},
	{"PLACE", "placement.yaml"},
	{"ISO", "isolation.yaml"},
	{"TEAM", "team.yaml"},
}

// Load returns the catalogue that is built into the program. It is read once in a process. An error names every problem
// with file, line and ID; a released program never sees one, since the package's tests load the same data.
func Load() (*Catalogue, error) { return builtIn() }

var builtIn = sync.OnceValues(func() (*Catalogue, error) {
	dir, err := fs.Sub(data, "data")
	if err != nil {
		return nil, fmt.Errorf("open catalogue: %w", err)
	}
	ready, err := readCompiled(compiled)
	if err != nil {
		return nil, err
	}
	return load(dir, ready)
})

// LoadFrom reads a catalogue from the YAML files of a folder: one a family, and editions, profiles, contradictions,
// pending and retired. It is strict: an unknown or repeated key, an unknown file, a missing one, and whatever check.go
// refuses is an error, one line each, as "file:line: ID: problem".
func LoadFrom(dir fs.FS) (*Catalogue, error) { return load(dir, nil) }

func load(dir fs.FS, ready map[string]compiledFamily) (*Catalogue, error) {
	f, err := readFiles(dir, ready)
	if err != nil {
		return nil, err
	}
	c := f.build()
	if problems := f.check(c); len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "\n"))
	}
	if c.digest, err = digestOf(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// The shapes of the files. Keys that are not here are refused.
type (
	familyFile struct {
		Family       string             `yaml:"family"`
		About        string             `yaml:"about"`
		Requirements []requirementEntry `yaml:"requirements"`

		name  string
		lines []int // where each entry begins
	}
	requirementEntry struct {
		ID        string            `yaml:"id" json:"id,omitempty"`
		Title     string            `yaml:"title" json:"title,omitempty"`
		Text      string            `yaml:"text" json:"text,omitempty"`
		Level     Level             `yaml:"level" json:"level,omitempty"`
		Levels    []levelEntry      `yaml:"levels" json:"levels,omitempty"`
		Subject   string            `yaml:"subject" json:"subject,omitempty"`
		Profiles  []string          `yaml:"profiles" json:"profiles,omitempty"`
		Editions  []string          `yaml:"editions" json:"editions,omitempty"`
		OnRequest string            `yaml:"onRequest" json:"onRequest,omitempty"`
		Denial    bool              `yaml:"denial" json:"denial,omitempty"`
		Optional  bool              `yaml:"optional" json:"optional,omitempty"`
		Sources   []sourceEntry     `yaml:"sources" json:"sources,omitempty"`
		Remedy    map[string]string `yaml:"remedy" json:"remedy,omitempty"`
	}
	levelEntry struct {
		Providers []string `yaml:"providers" json:"providers,omitempty"`
		Editions  []string `yaml:"editions" json:"editions,omitempty"`
		When      string   `yaml:"when" json:"when,omitempty"`
		Level     Level    `yaml:"level" json:"level,omitempty"`
	}
	sourceEntry struct {
		Document string `yaml:"document" json:"document,omitempty"`
		Section  string `yaml:"section" json:"section,omitempty"`
		Edition  string `yaml:"edition" json:"edition,omitempty"`
	}
	editionsFile struct {
		Editions []struct {
			ID        string      `yaml:"id"`
			Default   bool        `yaml:"default"`
			Source    sourceEntry `yaml:"source"`
			Different string      `yaml:"different"`
		} `yaml:"editions"`
	}
	profilesFile struct {
		Profiles []struct {
			Name     string   `yaml:"name"`
			Kind     string   `yaml:"kind"`
			For      string   `yaml:"for"`
			Editions []string `yaml:"editions"`
		} `yaml:"profiles"`
	}
	contradictionsFile struct {
		Contradictions []struct {
			ID           int      `yaml:"id"`
			About        string   `yaml:"about"`
			Requirements []string `yaml:"requirements"`
			Says         string   `yaml:"says"`
			Resolution   string   `yaml:"resolution"`
		} `yaml:"contradictions"`
	}
	pendingFile struct {
		Pending []struct {
			Suite        string   `yaml:"suite"`
			Reason       string   `yaml:"reason"`
			Profiles     []string `yaml:"profiles"` // where alone they are pending; none means everywhere
			Requirements []string `yaml:"requirements"`
		} `yaml:"pending"`
	}
	retiredFile struct {
		Retired []struct {
			ID  string `yaml:"id"`
			Why string `yaml:"why"`
		} `yaml:"retired"`
	}
)

type files struct {
	families       []familyFile
	editions       editionsFile
	profiles       profilesFile
	contradictions contradictionsFile
	pending        pendingFile
	retired        retiredFile
}

// readFiles decodes every file of the folder, several at once: parsing is most of what loading costs. A family that
// stands in ready, made from the very same text, is taken from there.
func readFiles(dir fs.FS, ready map[string]compiledFamily) (*files, error) {
	f := &files{families: make([]familyFile, len(families))}
	targets := map[string]any{
		"editions.yaml":       &f.editions,
		"profiles.yaml":       &f.profiles,
		"contradictions.yaml": &f.contradictions,
		"pending.yaml":        &f.pending,
		"retired.yaml":        &f.retired,
	}
	for i, known := range families {
		f.families[i].name = known.file
		targets[known.file] = &f.families[i]
	}
	present, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list catalogue files: %w", err)
	}
	var names []string
	for name := range targets {
		names = append(names, name)
	}
	for _, name := range present {
		if _, ok := targets[name]; !ok {
			return nil, fmt.Errorf("%s: unknown catalogue file", name)
		}
	}
	slices.Sort(names)
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = readFile(dir, name, targets[name], ready[name]) })
	}
	wg.Wait()
	return f, errors.Join(errs...)
}

func readFile(dir fs.FS, name string, target any, ready compiledFamily) error {
	text, err := fs.ReadFile(dir, name)
	if err != nil {
		return fmt.Errorf("read catalogue: %w", err)
	}
	if family, ok := target.(*familyFile); ok && ready.madeFrom(text) {
		*family = ready.family(name)
		return nil
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return located(name, text, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return fmt.Errorf("%s: want one YAML document, got %d", name, len(tree.Docs))
	}
	decoder := yaml.NewDecoder(strings.NewReader(""), yaml.Strict())
	if err := decoder.DecodeFromNode(tree.Docs[0].Body, target); err != nil {
		return located(name, text, err)
	}
	if family, ok := target.(*familyFile); ok {
		family.lines = entryLines(tree.Docs[0].Body)
	}
	return nil
}

var entryID = regexp.MustCompile(`^\s*- id: (\S+)`)

// located puts file, line and, inside an entry, its ID before a parser's message.
func located(name string, text []byte, err error) error {
	var problem yaml.Error
	if !errors.As(err, &problem) || problem.GetToken() == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	line := problem.GetToken().Position.Line
	where := fmt.Sprintf("%s:%d: ", name, line)
	lines := strings.Split(string(text), "\n")
	for i := min(line, len(lines)) - 1; i >= 0; i-- {
		if id := entryID.FindStringSubmatch(lines[i]); id != nil {
			where += id[1] + ": "
			break
		}
	}
	return errors.New(where + problem.GetMessage())
}

// entryLines returns the line each entry of "requirements" begins at.
func entryLines(body ast.Node) []int {
	mapping, ok := body.(*ast.MappingNode)
	if !ok {
		return nil
	}
	var lines []int
	for _, value := range mapping.Values {
		entries, ok := value.Value.(*ast.SequenceNode)
		if value.Key.String() != "requirements" || !ok {
			continue
		}
		for _, entry := range entries.Values {
			lines = append(lines, entry.GetToken().Position.Line)
		}
	}
	return lines
}
