package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestChecksumsAreHeldToTheFiles(t *testing.T) {
	const archive = "bucketproof_1.2.3_linux_amd64.tar.gz"
	line := func(content, name string) string {
		return fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(content)), name)
	}
	for what, c := range map[string]struct {
		files map[string]string
		sums  string
		want  string
	}{
		"as it should be":            {map[string]string{archive: "a", "b.cdx.json": "b"}, line("a", archive) + line("b", "b.cdx.json"), ""},
		"goreleaser's own notes":     {map[string]string{archive: "a", "artifacts.json": "b"}, line("a", archive), ""},
		"another content":            {map[string]string{archive: "b"}, line("a", archive), "its SHA-256 is"},
		"a file that is missing":     {nil, line("a", archive), "no such file"},
		"an archive without its sum": {map[string]string{archive: "a", "bucketproof_1.2.3_darwin_arm64.tar.gz": "b"}, line("a", archive), "bucketproof_1.2.3_darwin_arm64.tar.gz has no checksum"},
		"a bill without its sum":     {map[string]string{archive: "a", "b.cdx.json": "b"}, line("a", archive), "b.cdx.json has no checksum"},
		"a file of another folder":   {map[string]string{archive: "a"}, line("a", "../"+archive), "no checksum"},
		"what is no checksum":        {map[string]string{archive: "a"}, "abc  " + archive + "\n", "no checksum"},
	} {
		dir := t.TempDir()
		for name, content := range c.files {
			write(t, filepath.Join(dir, name), content)
		}
		write(t, filepath.Join(dir, sums), c.sums)
		listed, err := checksums(dir)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", what, err, c.want)
		}
		if err == nil && !slices.Contains(listed, archive) {
			t.Errorf("%s: got %q, want the archive among them", what, listed)
		}
	}
	if _, err := checksums(t.TempDir()); err == nil {
		t.Error("a folder without checksums: got no error")
	}
}

func TestAReleaseOfNothingIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, sums), "")
	if err := check(dir, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "linux/amd64 has 0 archives, want one") {
		t.Errorf("got %v, want that the archives are missing", err)
	}
}

func TestAnArchiveHoldsJustItsFiles(t *testing.T) {
	root, err := home()
	if err != nil {
		t.Fatal(err)
	}
	whole := func() map[string]string {
		files := map[string]string{noticesName: "licences", "bucketproof": "no program", "bucketproof.exe": "no program"}
		for _, f := range []string{"CHANGELOG.md", "LICENSE", "README.md"} {
			files[f] = string(read(t, filepath.Join(root, f)))
		}
		return files
	}
	for what, c := range map[string]struct {
		change func(map[string]string)
		want   string
	}{
		"whole, but no program":       {func(map[string]string) {}, "ask go what the binary links"},
		"without the licences":        {func(f map[string]string) { delete(f, noticesName) }, "want ["},
		"with a file too many":        {func(f map[string]string) { f[".env"] = "x" }, "want ["},
		"with an empty file":          {func(f map[string]string) { f[noticesName] = "" }, "is empty"},
		"with another project's text": {func(f map[string]string) { f["LICENSE"] = "x" }, "LICENSE differs"},
	} {
		for _, on := range []platform{{"linux", "amd64"}, {"windows", "amd64"}} {
			files := whole()
			name := "a.tar.gz"
			if on.os == "windows" {
				delete(files, "bucketproof")
				name = "a.zip"
			} else {
				delete(files, "bucketproof.exe")
			}
			c.change(files)
			dir := t.TempDir()
			pack(t, filepath.Join(dir, name), files)
			_, err := checkArchive(root, dir, name, "1.2.3", on, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: got %v, want %q", what, on, err, c.want)
			}
		}
	}
}

func TestABinaryMustBeBuiltAsTheDocumentationSays(t *testing.T) {
	const good = "\tbuild\t-trimpath=true\n\tbuild\tCGO_ENABLED=0\n\tbuild\tGOARCH=amd64\n\tbuild\tGOOS=linux\n\tbuild\tvcs.revision=abc\n\tbuild\tvcs.modified=false\n"
	on := platform{"linux", "amd64"}
	if set, err := checkBuild(good, on); err != nil || set["vcs.revision"] != "abc" {
		t.Errorf("got %v, %v; want the revision abc", set, err)
	}
	for _, change := range [][2]string{{"-trimpath=true", "-x=true"}, {"CGO_ENABLED=0", "CGO_ENABLED=1"}, {"amd64", "arm64"}, {"linux", "plan9"},
		{"vcs.modified=false", "vcs.modified=true"}, {"\tbuild\tvcs.modified=false\n", ""}} {
		if _, err := checkBuild(strings.Replace(good, change[0], change[1], 1), on); err == nil {
			t.Errorf("%q in place of %q: got no error", change[1], change[0])
		}
	}
}

func TestALinkedModuleWithoutItsLicenceIsFound(t *testing.T) {
	deps := [][]string{{"", "example.com/a", "v1.0.0"}, {"", "example.com/a/b", "v1.0.0"}}
	if err := checkNotices([]byte("preface\n\nexample.com/a v1.0.0: MIT\nexample.com/a/b v1.0.0: MIT\n"), deps); err != nil {
		t.Errorf("both are listed: got %v", err)
	}
	for _, list := range []string{"", "\nexample.com/a v1.0.0: MIT\n", "\nexample.com/a v1.0.0: MIT\nexample.com/a/b v1.0.1: MIT\n", "\nexample.com/a/b v1.0.0: MIT\n"} {
		if checkNotices([]byte(list), deps) == nil {
			t.Errorf("%q: got no error", list)
		}
	}
}

func TestAnArchiveWithLinksOrDoublesIsRefused(t *testing.T) {
	for what, headers := range map[string][]tar.Header{
		"a link":        {{Name: "LICENSE", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
		"a file twice":  {{Name: "LICENSE", Typeflag: tar.TypeReg}, {Name: "LICENSE", Typeflag: tar.TypeReg}},
		"no tar at all": nil,
	} {
		var data bytes.Buffer
		g := gzip.NewWriter(&data)
		w := tar.NewWriter(g)
		for _, h := range headers {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		if headers == nil {
			g.Write(bytes.Repeat([]byte("x"), 1024))
		} else {
			w.Close()
		}
		g.Close()
		name := filepath.Join(t.TempDir(), "a.tar.gz")
		write(t, name, data.String())
		if files, err := unpack(name); err == nil {
			t.Errorf("%s: got %d files and no error", what, len(files))
		}
	}
}

// pack makes an archive by its name's ending.
func pack(t *testing.T, name string, files map[string]string) {
	t.Helper()
	var data bytes.Buffer
	if strings.HasSuffix(name, ".zip") {
		z := zip.NewWriter(&data)
		for file, content := range files {
			w, err := z.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(content))
		}
		z.Close()
	} else {
		g := gzip.NewWriter(&data)
		w := tar.NewWriter(g)
		for file, content := range files {
			if err := w.WriteHeader(&tar.Header{Name: file, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(content))
		}
		w.Close()
		g.Close()
	}
	write(t, name, data.String())
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
