package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of the program; a build may set it: -ldflags "-X main.release=1.2.3".
var release = "0.1.0-dev"

// version is the release, with the revision it was built from where the build knows it.
func version() string {
	v := release
	if info, ok := debug.ReadBuildInfo(); ok {
		if m := info.Main.Version; m != "" && m != "(devel)" && release == "0.1.0-dev" {
			v = m
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v += "+" + s.Value[:12]
			}
		}
	}
	return v
}

// program is what goes into a User-Agent and a result.
func program() string { return "bucketproof/" + version() }

// built is what version --json prints.
type built struct {
	Program string `json:"program"`
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersion(s streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if asJSON {
			enc := json.NewEncoder(s.out)
			enc.SetIndent("", "  ")
			return enc.Encode(built{"bucketproof", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
		}
		fmt.Fprintf(s.out, "bucketproof %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
