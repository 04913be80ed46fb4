package catalogue

import (
	"fmt"
	"io/fs"
	"strings"
)

// pendingName is the file of what has no spec yet: a matter of the suite, not of the rules.
const pendingName = "pending.yaml"

// Digest names the rules: two catalogues of one digest require the same. It is the SHA-256, in hex, over a line for each
// file but pending.yaml, in order of their names: the name, a space, and the SHA-256 of the file in hex.
func (c *Catalogue) Digest() string { return c.digest }

func digestOf(dir fs.FS) (string, error) {
	names, err := fs.Glob(dir, "*.yaml") // sorted
	if err != nil {
		return "", fmt.Errorf("list catalogue files: %w", err)
	}
	var lines strings.Builder
	for _, name := range names {
		if name == pendingName {
			continue
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return "", fmt.Errorf("read catalogue: %w", err)
		}
		fmt.Fprintf(&lines, "%s %s\n", name, digest(text))
	}
	return digest([]byte(lines.String())), nil
}
