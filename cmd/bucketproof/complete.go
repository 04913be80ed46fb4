package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reference/catalogue"
)

// complete lets the shell offer the words that a flag knows; the last one of a list separated by commas counts.
func complete(cmd *cobra.Command, flag string, words func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before, last := "", typed
		if i := strings.LastIndexByte(typed, ','); i >= 0 {
			before, last = typed[:i+1], typed[i+1:]
		}
		var out []string
		for _, w := range words() {
			if strings.HasPrefix(w, last) {
				out = append(out, before+w)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic("a mistake in the program: no flag " + flag)
	}
}

// editionNames are the editions of the rules.
func editionNames() (names []string) {
	cat, err := catalogue.Load()
	if err != nil {
		return nil
	}
	for _, e := range cat.Editions() {
		names = append(names, e.ID)
	}
	return names
}

// requirementIDs are all requirements.
func requirementIDs() (ids []string) {
	cat, err := catalogue.Load()
	if err != nil {
		return nil
	}
	for _, r := range cat.All() {
		ids = append(ids, r.ID)
	}
	return ids
}
