package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/reports/certificate"
)

const keygenHelp = `Keygen makes a pair of ed25519 keys: FILE signs certificates and is a secret,
FILE.pub verifies them and may be given to anyone. Neither replaces a file that
is there already. It prints the key's ID, which every certificate names.`

const keygenExample = `  bucketproof keygen --out bucketproof.key
  bucketproof certify --address-file bucket.address --sign-key bucketproof.key
  bucketproof verify bucketproof-report/certificate.json \
    --key bucketproof.key.pub`

func newKeygen(s streams) *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "keygen --out FILE", Short: "Make a pair of keys for certificates", Long: keygenHelp, Example: keygenExample,
		Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usage(withHint(errors.New("no file for the key"), "bucketproof keygen --out bucketproof.key"))
			}
			private, public, id, err := certificate.NewKey()
			if err != nil {
				return &exitError{exitErrored, err}
			}
			if err := writeKeys(out, private, public); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s\n", id)
			fmt.Fprintln(s.err, hang("", "  ", fmt.Sprintf("%s signs, and is a secret; %s.pub verifies", out, out), columns))
			return nil
		}}
	cmd.Flags().StringVar(&out, "out", "", "`file` for the private key; the public one gets .pub after its name")
	return cmd
}

// writeKeys writes both halves, or neither.
func writeKeys(out string, private, public []byte) error {
	if err := writeNew(out+".pub", public, 0o644); err != nil {
		return err
	}
	if err := writeNew(out, private, 0o600); err != nil {
		return errors.Join(err, os.Remove(out+".pub"))
	}
	return nil
}

// writeNew writes a file that isn't there yet.
func writeNew(name string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return usage(withHint(fmt.Errorf("%s is there already, and is never replaced", name), "name another file or folder, or move that one away"))
	}
	if err != nil {
		return usage(err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return &exitError{exitErrored, errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))}
	}
	return nil
}
