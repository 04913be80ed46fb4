package catalogue

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
)

// compiled holds the families as JSON, because parsing their YAML takes several times as long as a program may take to
// start. The YAML stays what counts: a family whose text has changed since is parsed anew, and the package's test says
// that compiled.json is out of date. "go test ./reference/catalogue -run Compiled -update" writes it.
//
//go:embed compiled.json
var compiled []byte

// compiledFamily is one family as decoded from the YAML text of that digest.
type compiledFamily struct {
	Digest       string             `json:"digest"` // SHA-256 of the text, hex
	Family       string             `json:"family"`
	About        string             `json:"about"`
	Lines        []int              `json:"lines"`
	Requirements []requirementEntry `json:"requirements"`
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (c compiledFamily) madeFrom(text []byte) bool { return c.Digest == digest(text) }

func (c compiledFamily) family(name string) familyFile {
	return familyFile{Family: c.Family, About: c.About, Requirements: c.Requirements, name: name, lines: c.Lines}
}

// readCompiled decodes compiled.json: families by the name of their file.
func readCompiled(text []byte) (map[string]compiledFamily, error) {
	var ready map[string]compiledFamily
	if err := json.Unmarshal(text, &ready); err != nil {
		return nil, fmt.Errorf("read compiled catalogue: %w", err)
	}
	return ready, nil
}

// compile returns what compiled.json must be for the YAML files of a folder.
func compile(dir fs.FS) ([]byte, error) {
	f, err := readFiles(dir, nil)
	if err != nil {
		return nil, err
	}
	made := map[string]compiledFamily{}
	for _, family := range f.families {
		text, err := fs.ReadFile(dir, family.name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		made[family.name] = compiledFamily{
			Digest: digest(text), Family: family.Family, About: family.About,
			Lines: family.lines, Requirements: family.Requirements,
		}
	}
	out, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		return nil, fmt.Errorf("compile catalogue: %w", err)
	}
	return append(out, '\n'), nil
}
