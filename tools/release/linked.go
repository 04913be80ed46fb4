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
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

const (
	ours    = "github.com/bucketproof/bucketproof"
	program = ours + "/cmd/bucketproof"
)

// platform is what a binary is built for, in Go's words.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// module is one that is linked, with the folders of its packages that are, below its own.
type module struct {
	path, version, dir string
	packages           []string
	needs              []string // paths of the modules that its linked packages import, sorted
}

func (m module) String() string { return m.path + " " + m.version }

// platforms are those that the release's configuration builds for.
func platforms(root string) ([]platform, error) {
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read the release's configuration: %w", err)
	}
	var c struct {
		Builds []struct{ Goos, Goarch []string }
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("read the release's configuration: %w", err)
	}
	var all []platform
	for _, b := range c.Builds {
		for _, system := range b.Goos {
			for _, arch := range b.Goarch {
				all = append(all, platform{system, arch})
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the release's configuration builds for no platform")
	}
	return all, nil
}

// home is the folder of the main module, and fails elsewhere than in a clone of it.
func home() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}").Output() //nolint:noctx // ends by itself, offline
	if err != nil {
		return "", fmt.Errorf("find the module: %w", explained(err))
	}
	path, dir, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
	if path != ours || dir == "" {
		return "", fmt.Errorf("this is module %q, want a clone of %s", path, ours)
	}
	return dir, nil
}

// linked lists the modules whose packages a package links on a platform without cgo, as releases are built, sorted by path.
func linked(root, pkg string, p platform) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Standard,Imports,Module", pkg) //nolint:noctx,gosec // ends by itself; pkg is a package of ours
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list what %s links on %s: %w", pkg, p, explained(err))
	}
	type listed struct {
		ImportPath, Dir string
		Standard        bool
		Imports         []string
		Module          *struct {
			Path, Version, Dir string
			Main               bool
			Replace            *struct{ Path string }
		}
	}
	byPath, owner, imports := map[string]*module{}, map[string]string{}, map[string][]string{}
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := in.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		switch {
		case l.Standard:
			continue
		case l.Module == nil || l.Module.Replace != nil:
			return nil, fmt.Errorf("package %q is of no module, or of one that is replaced: nobody could tell what it is", l.ImportPath)
		}
		m := byPath[l.Module.Path]
		if m == nil {
			m = &module{path: l.Module.Path, version: l.Module.Version, dir: l.Module.Dir}
			byPath[m.path] = m
		}
		m.packages = append(m.packages, l.Dir)
		owner[l.ImportPath] = m.path
		imports[m.path] = append(imports[m.path], l.Imports...)
	}
	var all []module
	for path, m := range byPath {
		for _, i := range imports[path] {
			if o := owner[i]; o != "" && o != path {
				m.needs = append(m.needs, o)
			}
		}
		slices.Sort(m.needs)
		m.needs = slices.Compact(m.needs)
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return all, nil
}

// explained adds what a program said to why it ended.
func explained(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}
