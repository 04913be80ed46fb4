package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// small builds a small program of this module as a release builds its own.
func small(t *testing.T, env ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "small")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", binary, ours+"/tools/release")
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return binary
}

func TestABillNamesWhatTheBinaryLinks(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	binary := small(t)
	b, err := bill(root, binary, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "small.cdx.json")
	if err := writeBill(binary, name, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), "go", "version", "-m", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := depLine.FindAllStringSubmatch(string(said), -1)
	if len(deps) != strings.Count(string(said), "\tdep\t") || len(deps) < 3 {
		t.Fatalf("read %d modules of %s", len(deps), said)
	}
	if err := checkBill(name, binary, "1.2.3", deps); err != nil {
		t.Error(err)
	}
	needs := map[string]int{}
	for _, d := range *b.Dependencies {
		needs[d.Ref] = len(*d.Dependencies)
	}
	if len(needs) != len(deps)+1 || needs["pkg:golang/"+ours+"@1.2.3"] < 4 {
		t.Errorf("got the dependencies of %d modules, %v, want those of %d", len(needs), needs, len(deps)+1)
	}
	validate(t, name)

	again := filepath.Join(t.TempDir(), "again.cdx.json")
	if err := writeBill(binary, again, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	one, two := read(t, name), read(t, again)
	if !bytes.Equal(one, two) {
		t.Errorf("the same binary has two bills:\n%s\n%s", one, two)
	}

	for what, wrong := range map[string]func() error{
		"another version": func() error { return checkBill(name, binary, "1.2.4", deps) },
		"another binary":  func() error { return checkBill(name, name, "1.2.3", deps) },
		"a module more": func() error {
			return checkBill(name, binary, "1.2.3", append(deps[:len(deps):len(deps)], []string{"", "example.com/more", "v1.0.0"}))
		},
		"a module less":      func() error { return checkBill(name, binary, "1.2.3", deps[1:]) },
		"no module at all":   func() error { return checkBill(name, binary, "1.2.3", nil) },
		"not a bill":         func() error { return checkBill(binary, binary, "1.2.3", deps) },
		"a bill that's gone": func() error { return checkBill(name+"x", binary, "1.2.3", deps) },
	} {
		if wrong() == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}

func TestABinaryOfOtherSourceHasNoBill(t *testing.T) {
	source := []module{{path: ours}, {path: "example.com/a", version: "v1.0.0"}}
	for what, c := range map[string]struct {
		deps []*debug.Module
		want string
	}{
		"the same":        {[]*debug.Module{{Path: "example.com/a", Version: "v1.0.0"}}, ""},
		"another version": {[]*debug.Module{{Path: "example.com/a", Version: "v1.0.1"}}, "example.com/a v1.0.1 is linked by the binary alone"},
		"one less":        {nil, "example.com/a v1.0.0 is linked by the source alone"},
		"a replaced one":  {[]*debug.Module{{Path: "example.com/a", Version: "v1.0.0", Replace: &debug.Module{Path: "../a"}}}, "replaced"},
	} {
		err := agree(&debug.BuildInfo{Deps: c.deps}, source)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", what, err, c.want)
		}
	}
}

// The schema is CycloneDX's own, as their library carries it.
func validate(t *testing.T, name string) {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	for id, file := range map[string]string{"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json"} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, filepath.Join(strings.TrimSpace(string(dir)), "schema", file))))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+id, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("the bill isn't valid: %v", err)
	}
	doc.(map[string]any)["specVersion"] = 6
	if schema.Validate(doc) == nil {
		t.Error("the schema takes anything")
	}
}

func TestABillIsRefusedOfABinaryBuiltWithCgo(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable() // no release: go test builds it by its own flags, for this platform
	if err != nil {
		t.Fatal(err)
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || settings(info)["CGO_ENABLED"] != "1" {
		t.Skipf("this test is built without cgo on %s", runtime.GOOS)
	}
	if _, err := bill(root, self, "1.2.3"); err == nil || !strings.Contains(err.Error(), "cgo") {
		t.Errorf("got %v, want that it was built with cgo", err)
	}
}

func TestAVersionInAPackageURLIsEncoded(t *testing.T) {
	if got, want := component(module{path: "a.b/c", version: "v2.0.0+incompatible"}, cdx.ComponentTypeLibrary).PackageURL, "pkg:golang/a.b/c@v2.0.0%2Bincompatible"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
