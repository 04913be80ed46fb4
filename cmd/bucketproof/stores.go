package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/stores"
	"github.com/bucketproof/bucketproof/harness/yard"
	"github.com/bucketproof/bucketproof/reference/catalogue"
)

func newStores(s streams) *cobra.Command {
	var of storeFlags
	var fidelity, asJSON bool
	cmd := &cobra.Command{Use: "stores", Short: "Start stores to play with, and see what each enforces", Args: onlyCommands,
		Long: `Stores starts stores to play with (up), makes the images of those that run in
containers (build), and removes what a killed run left running (sweep).

--fidelity starts each, asks it what it enforces, and prints the table: a
tampered signature, an expired URL, each right taken away in turn, and so on,
each beside the same request unbroken. What a store was seen not to enforce ends
"unverified" there. The exit code is 4 where a store could not be asked.`,
		Example: "  bucketproof stores --fidelity --stores all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if fidelity {
				return storesFidelity(cmd.Context(), s, of, asJSON)
			}
			if asJSON || of != (storeFlags{}) {
				return usage(errors.New("--stores, --minio and --json go with --fidelity here"))
			}
			return cmd.Help()
		}}
	cmd.Flags().BoolVar(&fidelity, "fidelity", false, "print what each store enforces")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: what was sent and answered, too")
	of.flags(cmd, "with --fidelity, which stores")
	var u upFlags
	up := &cobra.Command{Use: "up", Short: "Start stores, each with a sound bucket, until Ctrl-C", Args: cobra.NoArgs,
		Long: `Up starts stores on 127.0.0.1 and makes a well-provisioned bucket on each.
Addresses hold secrets, so they are written to files that only you can read;
what to call is printed. Ctrl-C ends and removes everything.`,
		Example: "  bucketproof stores up --provider s3-compatible\n  bucketproof stores up --stores containers\n  bucketproof stores up --buckets 3",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(u.providers) == 0 {
				u.providers = catalogue.Providers
			}
			for _, p := range u.providers {
				if !known(p) {
					return usage(unknownProvider(p))
				}
			}
			if u.each < 0 || u.each > 20 {
				return usage(errors.New("--buckets: from 1 to 20 of each provider"))
			}
			if u.each > 0 {
				return yardUp(cmd.Context(), s, u)
			}
			return storesUp(cmd.Context(), s, u)
		}}
	up.Flags().StringSliceVar(&u.providers, "provider", nil, "only these providers")
	up.Flags().StringVar(&u.dir, "dir", "", "`folder` for addresses and CA certificate (default: a new temporary one)")
	up.Flags().IntVar(&u.each, "buckets", 0, "so `many` buckets of each provider, for a connector: buckets.json for\nconform --buckets, and a proxy by which another process finds them")
	u.flags(up, "which stores")
	cmd.AddCommand(up, newStoresBuild(s), newStoresSweep(s))
	return cmd
}

// upFlags are what stores up is asked for.
type upFlags struct {
	storeFlags
	providers []string
	dir       string
	each      int
}

func storesUp(ctx context.Context, s streams, u upFlags) (err error) {
	places, err := stores.Places(u.stores, u.providers, u.minio)
	if err != nil {
		return usage(err)
	}
	dir := u.dir
	made := dir == ""
	if made {
		if dir, err = os.MkdirTemp("", "bucketproof-stores-"); err != nil {
			return &exitError{exitErrored, err}
		}
		defer func() { _ = os.RemoveAll(dir) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return usage(err)
	}
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{MinIO: u.minio, Progress: func(line string) { fmt.Fprintln(s.err, hang("", "  ", line, columns)) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	kept := &upFiles{dir: dir}
	defer kept.remove()
	ca, err := kept.write("ca.pem", host.CACertificate())
	if err != nil {
		return err
	}
	if err := startAll(ctx, host, places, func(string, ...any) {}); err != nil {
		return err
	}
	up := 0
	sound := stores.Sound()
	for _, at := range places {
		p := at.Name()
		sound.On = at.On
		b, err := host.Provision(ctx, at.Provider, sound)
		if errors.Is(err, stores.ErrUnavailable) {
			fmt.Fprintln(s.err, hang("", "  ", fmt.Sprintf("%s: not started: %s", p, err), columns))
			continue
		}
		if err != nil {
			return &exitError{exitErrored, err}
		}
		file, err := kept.write(p+".address", []byte(b.Address+"\n"))
		if err != nil {
			return err
		}
		up++
		fmt.Fprintf(s.out, "# %s: %s\n%s certify \\\n  --address-file %s \\\n  --ca-file %s%s\n\n", p, b.Store.StoreName(), quoted(calledAs(os.Args)), quoted(file), quoted(ca), endpoints(b))
	}
	if up == 0 {
		return &exitError{exitErrored, errors.New("no store could be started")}
	}
	fmt.Fprintln(s.err, "up until Ctrl-C")
	<-ctx.Done()
	return nil
}

// upFiles are the files that stores up writes, and takes away again when it ends: its own alone.
type upFiles struct {
	dir   string
	names []string
}

// write writes a file that only its owner can read. One that is there already is somebody's: it is neither replaced, nor
// removed at the end, nor given a secret that others could read.
func (u *upFiles) write(name string, content []byte) (string, error) {
	file := filepath.Join(u.dir, name)
	if err := writeNew(file, content, 0o600); err != nil {
		return "", err
	}
	u.names = append(u.names, file)
	return file, nil
}

func (u *upFiles) remove() {
	for _, name := range u.names {
		_ = os.Remove(name)
	}
}

// endpoints are the flags by which a bucket's hosts are found.
func endpoints(b *stores.Bucket) string {
	var names []string
	for name := range b.Network.Hosts {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		fmt.Fprintf(&out, " \\\n  --endpoint %s", quoted(name+"="+b.Network.Hosts[name]))
	}
	return out.String()
}

// calledAs is how the program was called, so that what is printed can be called again; its name where that says nothing: an
// empty argument list, or a program that the Go tool built for one call and removes.
func calledAs(args []string) string {
	if len(args) == 0 || args[0] == "" || strings.ContainsFunc(args[0], unicode.IsControl) || strings.Contains(filepath.ToSlash(args[0]), "/go-build") {
		return "bucketproof"
	}
	return args[0]
}

// quoted is a word as a POSIX shell has to be given it.
func quoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-[]") == "" && s != "" && !strings.ContainsAny(s, "[]") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// yardUp starts stores for a connector in another process.
func yardUp(ctx context.Context, s streams, u upFlags) (err error) {
	on, err := onlyKind(u.storeFlags)
	if err != nil {
		return usage(err)
	}
	dir := u.dir
	made := dir == ""
	if made {
		if dir, err = os.MkdirTemp("", "bucketproof-stores-"); err != nil {
			return &exitError{exitErrored, err}
		}
		defer func() { _ = os.RemoveAll(dir) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return usage(err)
	}
	host, err := stores.NewHost(context.WithoutCancel(ctx), stores.HostOptions{On: on, MinIO: u.minio, Progress: func(line string) { fmt.Fprintln(s.err, line) }})
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() {
		if cerr := host.Close(); cerr != nil && err == nil {
			err = &exitError{exitErrored, fmt.Errorf("end the stores: %w", cerr)}
		}
	}()
	y, err := host.Yard(ctx, u.providers, u.each, nil)
	if err != nil {
		return &exitError{exitErrored, err}
	}
	for _, p := range u.providers {
		if why := y.Missing[p]; why != "" {
			fmt.Fprintf(s.err, "%s: not started: %s\n", p, why)
		}
	}
	tunnel, err := stores.NewTunnel(y.Network)
	if err != nil {
		return &exitError{exitErrored, err}
	}
	defer func() { _ = tunnel.Close() }()
	f := yard.File{CAFile: "ca.pem", Hosts: y.Network.Hosts}
	for _, l := range y.Lots {
		f.Buckets = append(f.Buckets, l.Address)
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return &exitError{exitErrored, err}
	}
	kept := &upFiles{dir: dir}
	defer kept.remove()
	for name, content := range map[string][]byte{"ca.pem": host.CACertificate(), bucketsFile: text} {
		if _, err := kept.write(name, content); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.out, "# %d buckets\n%s", len(y.Lots), proxyWords(tunnel.URL, dir))
	fmt.Fprintln(s.err, "up until Ctrl-C")
	<-ctx.Done()
	return nil
}

// onlyKind is the kind of store that a selection comes to where all buckets must be of one.
func onlyKind(f storeFlags) (string, error) {
	selection, err := stores.Selection(f.stores)
	switch {
	case err != nil:
		return "", err
	case selection == stores.OnlyContainers:
		return stores.Container, nil
	case selection == stores.All:
		return "", errors.New("--stores all: buckets for a connector are all on embedded stores or all in containers")
	}
	return stores.Embedded, nil
}
