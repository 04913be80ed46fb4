package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bucketproof/bucketproof/reference/address"
)

// addressEnv is the environment variable that holds an address.
const addressEnv = "BUCKETPROOF_ADDRESS"

// addressLimit is the longest address that is read, in bytes: one with a private key in it takes about 3,000.
const addressLimit = 64 << 10

// source is where an address comes from.
type source struct{ file string }

func (s *source) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "address-file", "", "read the address from this `file`")
}

// read takes the address from exactly one place. What it returns is a secret.
func (s *source) read(in io.Reader, errw io.Writer, args []string) (string, error) {
	env := os.Getenv(addressEnv)
	switch {
	case len(args) == 1 && s.file != "":
		return "", usage(errors.New("an address as argument and --address-file: which one is meant?"))
	case len(args) == 1 && args[0] == "-":
		return fromInput(in, errw)
	case len(args) == 1:
		if address.ContainsSecret(args[0]) {
			return "", usage(withHint(errors.New("the address in the arguments holds a secret, which other users of this machine can read"),
				`change the key if this machine is shared; then: echo "$ADDRESS" | bucketproof ... -, or --address-file FILE, or `+addressEnv))
		}
		return args[0], nil
	case s.file != "":
		f, err := os.Open(s.file)
		if err != nil {
			return "", usage(fmt.Errorf("--address-file: %w", err))
		}
		defer func() { _ = f.Close() }()
		return limited(f, "the file")
	case env != "":
		return env, nil
	}
	return "", usage(withHint(errors.New("no address"),
		`echo "$ADDRESS" | bucketproof ... -, or --address-file FILE, or `+addressEnv+`; one without credentials may be an argument`))
}

func fromInput(in io.Reader, errw io.Writer) (string, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(errw, "Address (not shown): ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(errw)
		if err != nil {
			return "", usage(fmt.Errorf("read the address: %w", err))
		}
		return strings.TrimSpace(string(b)), nil
	}
	return limited(in, "standard input")
}

func limited(r io.Reader, from string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, addressLimit+1))
	switch {
	case err != nil:
		return "", usage(fmt.Errorf("read the address: %w", err))
	case len(b) > addressLimit:
		return "", usage(fmt.Errorf("%s holds more than %d bytes: that is no address", from, addressLimit))
	case strings.TrimSpace(string(b)) == "":
		return "", usage(fmt.Errorf("%s is empty", from))
	}
	return string(b), nil
}
