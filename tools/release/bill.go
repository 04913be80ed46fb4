package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// specVersion is the version of CycloneDX that bills are written in (ECMA-424, 1st edition): the newest that scanners
// commonly read.
const specVersion = cdx.SpecVersion1_6

// writeBill writes a binary's bill of materials.
func writeBill(binary, name, version string) error {
	root, err := home()
	if err != nil {
		return err
	}
	b, err := bill(root, binary, version)
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the bill of materials: %w", err)
	}
	if err := cdx.NewBOMEncoder(f, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(b, specVersion); err != nil {
		f.Close()
		return fmt.Errorf("write the bill of materials: %w", err)
	}
	return f.Close()
}

// bill lists what a binary says it links, with licences and dependencies from the source. The two must agree: a binary of
// other source than that of root is refused. Equal binaries have equal bills.
func bill(root, binary, version string) (*cdx.BOM, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("read what %q links: %w", binary, err)
	}
	digest, err := digestOf(binary)
	if err != nil {
		return nil, err
	}
	set := settings(info)
	on := platform{set["GOOS"], set["GOARCH"]}
	if set["CGO_ENABLED"] != "0" {
		return nil, fmt.Errorf("%q was built with cgo, and may link what no list names: releases are built without", binary)
	}
	source, err := linked(root, info.Path, on)
	if err != nil {
		return nil, err
	}
	if err := agree(info, source); err != nil {
		return nil, fmt.Errorf("%q and the source here differ: %w", binary, err)
	}
	std, err := goItself()
	if err != nil {
		return nil, err
	}
	if std.version != info.GoVersion {
		return nil, fmt.Errorf("%q was built by %s, and here is %s", binary, info.GoVersion, std.version)
	}

	sums := map[string]string{}
	for _, d := range info.Deps {
		sums[d.Path] = d.Sum
	}
	subject := component(module{path: ours, version: version}, cdx.ComponentTypeApplication)
	subject.Licenses = choices([]string{"Apache-2.0"})
	subject.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: digest}}
	subject.Properties = &[]cdx.Property{{Name: "go:platform", Value: on.String()}, {Name: "go:version", Value: info.GoVersion},
		{Name: "vcs:revision", Value: set["vcs.revision"]}, {Name: "vcs:modified", Value: set["vcs.modified"]}}

	refs := map[string]string{ours: subject.BOMRef}
	parts := []module{std}
	for _, m := range source {
		if m.path != ours {
			parts = append(parts, m)
			refs[m.path] = component(m, cdx.ComponentTypeLibrary).BOMRef
		}
	}
	var components []cdx.Component
	for _, m := range parts {
		found, err := texts(m)
		if err != nil {
			return nil, err
		}
		c := component(m, cdx.ComponentTypeLibrary)
		c.Licenses = choices(names(found))
		if sum := sums[m.path]; sum != "" {
			c.Properties = &[]cdx.Property{{Name: "go:sum", Value: sum}}
		}
		components = append(components, c)
	}
	var needs []cdx.Dependency
	for _, m := range source {
		on := []string{component(std, cdx.ComponentTypeLibrary).BOMRef}
		for _, n := range m.needs {
			on = append(on, refs[n])
		}
		needs = append(needs, cdx.Dependency{Ref: refs[m.path], Dependencies: &on})
	}

	b := cdx.NewBOM()
	b.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(ours+"#"+digest)).String()
	b.Metadata = &cdx.Metadata{Timestamp: set["vcs.time"], Component: &subject,
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Tools:      &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: ours + "/tools/release", Version: version}}}}
	b.Components, b.Dependencies = &components, &needs
	return b, nil
}

// agree fails on any module that the binary and the source don't both link, in the same version.
func agree(info *debug.BuildInfo, source []module) error {
	var binary, here, wrong []string
	for _, d := range info.Deps {
		if d.Replace != nil {
			return fmt.Errorf("%s is replaced", d.Path)
		}
		binary = append(binary, d.Path+" "+d.Version)
	}
	for _, m := range source {
		if m.path != ours {
			here = append(here, m.String())
		}
	}
	for _, m := range binary {
		if !slices.Contains(here, m) {
			wrong = append(wrong, m+" is linked by the binary alone")
		}
	}
	for _, m := range here {
		if !slices.Contains(binary, m) {
			wrong = append(wrong, m+" is linked by the source alone")
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	return nil
}

// component is a module in a bill, named by its package URL (purl-spec, type golang).
func component(m module, kind cdx.ComponentType) cdx.Component {
	version := m.version
	if m.path == "std" {
		version = strings.TrimPrefix(version, "go")
	}
	purl := "pkg:golang/" + m.path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{BOMRef: purl, Type: kind, Name: m.path, Version: version, PackageURL: purl}
}

func choices(names []string) *cdx.Licenses {
	var all cdx.Licenses
	for _, n := range names {
		l := &cdx.License{ID: n}
		for _, known := range licences {
			if known.name == n && !known.spdx {
				l = &cdx.License{Name: n}
			}
		}
		all = append(all, cdx.LicenseChoice{License: l})
	}
	return &all
}

func settings(info *debug.BuildInfo) map[string]string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	return set
}

// digestOf is the SHA-256 of a file, in hex.
func digestOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
