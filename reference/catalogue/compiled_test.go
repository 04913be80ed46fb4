package catalogue

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write compiled.json anew")

func TestCompiledFamiliesAreThoseOfTheYAML(t *testing.T) {
	want, err := compile(os.DirFS("data"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("compiled.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("compiled.json written; run the test again without -update")
	}
	if !bytes.Equal(compiled, want) {
		t.Error("compiled.json is out of date: run go test ./reference/catalogue -run Compiled -update")
	}
	fromYAML, err := LoadFrom(os.DirFS("data"))
	if err != nil {
		t.Fatal(err)
	}
	builtIn, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromYAML.All(), builtIn.All()); diff != "" {
		t.Errorf("built-in catalogue differs from the YAML (-yaml +built in):\n%s", diff)
	}
}

// A family whose text has changed since it was compiled is read from its text.
func TestChangedFamilyIsParsedAnew(t *testing.T) {
	ready, err := readCompiled(compiled)
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range ready {
		family.Digest = digest([]byte("another text"))
		family.Requirements = nil
		ready[name] = family
	}
	c, err := load(os.DirFS("data"), ready)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.All()); got == 0 {
		t.Errorf("requirements: got %d, want those of the YAML", got)
	}
}

// The catalogue is read once at every start of the program: from compiled.json, or from the YAML when that is out of
// date.
func BenchmarkLoad(b *testing.B) {
	dir := os.DirFS("data")
	b.Run("compiled", func(b *testing.B) {
		for b.Loop() {
			ready, err := readCompiled(compiled)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := load(dir, ready); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("YAML", func(b *testing.B) {
		for b.Loop() {
			if _, err := LoadFrom(dir); err != nil {
				b.Fatal(err)
			}
		}
	})
}
