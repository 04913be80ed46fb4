package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// release is the version of a release; its build sets it: -ldflags "-X main.release=1.2.3".
var release string

// built is what is known of how the program was built, and by which rules it judges.
type built struct {
	Program    string `json:"program"`
	Version    string `json:"version"`
	Commit     string `json:"commit,omitempty"`     // the whole revision, where it was built in a clone
	CommitTime string `json:"commitTime,omitempty"` // of the commit, RFC 3339, in UTC
	Modified   bool   `json:"modified"`             // the clone held changes that are in no commit
	Go         string `json:"go"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	Edition    string `json:"edition"`   // of the rules, when a run names none
	Catalogue  string `json:"catalogue"` // digest of the rules, as a certificate has it
}

// buildOf reads what Go wrote into the program. A release says its version; go install pkg@version and a build in a clone
// have it from the module, where "+dirty" stands for changes that are in no commit; without either it is "devel".
func buildOf(info *debug.BuildInfo, release string) built {
	b := built{Program: "bucketproof", Version: "devel", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Edition: catalogue.DefaultEdition}
	if info != nil {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			b.Version = strings.TrimPrefix(v, "v")
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.CommitTime = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if release != "" {
		b.Version = release
	}
	return b
}

// text is what version prints for people.
func (b built) text() string {
	var s strings.Builder
	fmt.Fprintf(&s, "bucketproof %s %s %s/%s\n", b.Version, b.Go, b.OS, b.Arch)
	if b.Commit != "" {
		fmt.Fprintf(&s, "commit     %s\n", b.Commit)
	}
	if b.CommitTime != "" {
		fmt.Fprintf(&s, "           of %s\n", b.CommitTime)
	}
	if b.Modified {
		s.WriteString("           and changes that are in no commit\n")
	}
	fmt.Fprintf(&s, "edition    %s, unless --edition names another\n", b.Edition)
	fmt.Fprintf(&s, "catalogue  %s\n", b.Catalogue)
	return s.String()
}

// version is the one of this program.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info, release).Version
}

// program is what goes into a User-Agent and a result.
func program() string { return "bucketproof/" + version() }

func newVersion(s streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "version", Short: "Print version, commit, Go version and edition", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		cat, err := catalogue.Load()
		if err != nil {
			return err
		}
		info, _ := debug.ReadBuildInfo()
		b := buildOf(info, release)
		b.Catalogue = cat.Digest()
		if asJSON {
			enc := json.NewEncoder(s.out)
			enc.SetIndent("", "  ")
			return enc.Encode(b)
		}
		fmt.Fprint(s.out, b.text())
		return nil
	}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
