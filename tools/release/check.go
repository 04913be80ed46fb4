package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sums is the file of the checksums in a release.
const sums = "SHA256SUMS"

var (
	archiveName = regexp.MustCompile(`^bucketproof_(.+)_([a-z]+)_([a-z0-9]+)\.(tar\.gz|zip)$`)
	sumLine     = regexp.MustCompile(`^([0-9a-f]{64})  (\S+)$`)
	depLine     = regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`)
	settingLine = regexp.MustCompile(`(?m)^\tbuild\t([^=\s]+)=(.*)$`)
)

// check fails on whatever isn't right about the release in a folder: a file without its checksum, an archive that is
// missing or lacks a file, a bill or a list of licences that passes over a module which `go version -m` shows in the binary,
// a binary that was built otherwise than the documentation says. It says all of it, not only the first.
func check(dir string, say io.Writer) error {
	root, err := home()
	if err != nil {
		return err
	}
	want, err := platforms(root)
	if err != nil {
		return err
	}
	listed, err := checksums(dir)
	if err != nil {
		return err
	}
	var wrong []error
	seen := map[platform]int{}
	for _, name := range listed {
		m := archiveName.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		on := platform{m[2], m[3]}
		seen[on]++
		modules, err := checkArchive(root, dir, name, m[1], on, listed)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Fprintf(say, "%s: %d modules, each in the bill and with its licence\n", name, modules)
	}
	for _, p := range want {
		if seen[p] != 1 {
			wrong = append(wrong, fmt.Errorf("%s has %d archives, want one", p, seen[p]))
		}
	}
	if len(seen) > len(want) {
		wrong = append(wrong, fmt.Errorf("there are archives for %d platforms, the configuration has %d", len(seen), len(want)))
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	fmt.Fprintf(say, "%d files, as %s says\n", len(listed), sums)
	return nil
}

// checksums lists the files of SHA256SUMS, each seen to have the sum that stands there. Every archive and bill is in it.
func checksums(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, sums))
	if err != nil {
		return nil, fmt.Errorf("read the checksums: %w", err)
	}
	var listed []string
	for line := range strings.Lines(string(text)) {
		m := sumLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil || m[2] != filepath.Base(m[2]) {
			return nil, fmt.Errorf("%s: no checksum: %q", sums, line)
		}
		got, err := digestOf(filepath.Join(dir, m[2]))
		if err != nil {
			return nil, err
		}
		if got != m[1] {
			return nil, fmt.Errorf("%s: its SHA-256 is %s, and %s says %s", m[2], got, sums, m[1])
		}
		listed = append(listed, m[2])
	}
	for _, pattern := range []string{"bucketproof_*.tar.gz", "bucketproof_*.zip", "*.json"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("list the release: %w", err)
		}
		for _, f := range found {
			ownFile := slices.Contains([]string{"artifacts.json", "metadata.json"}, filepath.Base(f)) // goreleaser's, never published
			if !ownFile && !slices.Contains(listed, filepath.Base(f)) {
				return nil, fmt.Errorf("%s has no checksum", filepath.Base(f))
			}
		}
	}
	return listed, nil
}

// checkArchive checks one archive, its binary, and the binary's bill; it returns how many modules the binary links.
func checkArchive(root, dir, name, version string, on platform, listed []string) (modules int, err error) {
	files, err := unpack(filepath.Join(dir, name))
	if err != nil {
		return 0, err
	}
	binary := "bucketproof"
	if on.os == "windows" {
		binary += ".exe"
	}
	want := []string{"CHANGELOG.md", "LICENSE", "README.md", noticesName, binary}
	var got []string
	for f, content := range files {
		if len(content) == 0 {
			return 0, fmt.Errorf("%s is empty", f)
		}
		got = append(got, f)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return 0, fmt.Errorf("holds %q, want %q", got, want)
	}
	for _, f := range want[:3] {
		here, err := os.ReadFile(filepath.Join(root, f))
		if err != nil {
			return 0, fmt.Errorf("compare with the repository: %w", err)
		}
		if !bytes.Equal(here, files[f]) {
			return 0, fmt.Errorf("%s differs from the repository's", f)
		}
	}

	temp, err := os.MkdirTemp("", "bucketproof-release-")
	if err != nil {
		return 0, fmt.Errorf("unpack: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	path := filepath.Join(temp, binary)
	if err := os.WriteFile(path, files[binary], 0o755); err != nil {
		return 0, fmt.Errorf("unpack: %w", err)
	}
	said, err := exec.Command("go", "version", "-m", path).Output() //nolint:noctx // ends by itself
	if err != nil {
		return 0, fmt.Errorf("ask go what the binary links: %w", explained(err))
	}
	set, err := checkBuild(string(said), on)
	if err != nil {
		return 0, err
	}
	billName := strings.TrimSuffix(strings.TrimSuffix(name, ".zip"), ".tar.gz") + ".cdx.json"
	if !slices.Contains(listed, billName) {
		return 0, fmt.Errorf("its bill of materials %s is missing", billName)
	}
	deps := depLine.FindAllStringSubmatch(string(said), -1)
	if err := checkBill(filepath.Join(dir, billName), path, version, deps); err != nil {
		return 0, err
	}
	if err := checkNotices(files[noticesName], deps); err != nil {
		return 0, err
	}
	if on == (platform{runtime.GOOS, runtime.GOARCH}) {
		if err := checkVersion(path, version, set["vcs.revision"]); err != nil {
			return 0, err
		}
	}
	return len(deps), nil
}

// checkBuild reads how a binary was built from what `go version -m` says, and fails where that isn't as documented.
func checkBuild(said string, on platform) (map[string]string, error) {
	set := map[string]string{}
	for _, m := range settingLine.FindAllStringSubmatch(said, -1) {
		set[m[1]] = m[2]
	}
	for _, want := range [][2]string{{"GOOS", on.os}, {"GOARCH", on.arch}, {"CGO_ENABLED", "0"}, {"-trimpath", "true"}, {"vcs.modified", "false"}} {
		if got := set[want[0]]; got != want[1] {
			return nil, fmt.Errorf("the binary was built with %s %q, want %q", want[0], got, want[1])
		}
	}
	return set, nil
}

// checkNotices fails on a linked module that the list of licences passes over.
func checkNotices(list []byte, deps [][]string) error {
	for _, d := range deps {
		if !bytes.Contains(list, []byte("\n"+d[1]+" "+d[2]+": ")) {
			return fmt.Errorf("%s has no licence of %s %s", noticesName, d[1], d[2])
		}
	}
	return nil
}

// checkBill holds a bill to the binary: its digest, and every module that it links in that version.
func checkBill(name, binary, version string, deps [][]string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read the bill of materials: %w", err)
	}
	defer f.Close()
	var b cdx.BOM
	if err := cdx.NewBOMDecoder(f, cdx.BOMFileFormatJSON).Decode(&b); err != nil {
		return fmt.Errorf("read the bill of materials: %w", err)
	}
	digest, err := digestOf(binary)
	if err != nil {
		return err
	}
	if b.Metadata == nil || b.Metadata.Component == nil || b.Metadata.Component.Hashes == nil || b.Components == nil {
		return errors.New("its bill of materials says nothing")
	}
	if c := b.Metadata.Component; c.Version != version || !slices.Contains(*c.Hashes, cdx.Hash{Algorithm: cdx.HashAlgoSHA256, Value: digest}) {
		return fmt.Errorf("its bill of materials is that of another binary: %s %v", c.Version, *c.Hashes)
	}
	if len(deps) == 0 {
		return errors.New("go version -m shows no module in the binary")
	}
	named := map[string]bool{}
	for _, c := range *b.Components {
		named[c.Name+" "+c.Version] = c.Licenses != nil && len(*c.Licenses) > 0
	}
	for _, d := range deps {
		if !named[d[1]+" "+d[2]] {
			return fmt.Errorf("its bill of materials doesn't name %s %s with a licence", d[1], d[2])
		}
	}
	if len(named) != len(deps)+1 { // Go's standard library
		return fmt.Errorf("its bill of materials names %d components, want %d modules and Go's standard library", len(named), len(deps))
	}
	return nil
}

// checkVersion runs the binary.
func checkVersion(binary, version, commit string) error {
	out, err := exec.Command(binary, "version", "--json").Output() //nolint:noctx // ends by itself
	if err != nil {
		return fmt.Errorf("run the binary: %w", explained(err))
	}
	var said struct{ Version, Commit, Go, Edition string }
	if err := json.Unmarshal(out, &said); err != nil {
		return fmt.Errorf("read the binary's version: %w", err)
	}
	if said.Version != version || commit == "" || said.Commit != commit || said.Go == "" || said.Edition == "" {
		return fmt.Errorf("the binary says version %q, commit %q, Go %q, edition %q; want version %q and commit %q", said.Version, said.Commit, said.Go, said.Edition, version, commit)
	}
	return nil
}
