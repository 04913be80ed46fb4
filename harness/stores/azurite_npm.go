package stores

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nodeOldest is the oldest major version of Node.js the bundle is built for and was tried with.
const nodeOldest = 20

// nodeAskLimit is how long node may take to say its version.
const nodeAskLimit = 20 * time.Second

const nodeHint = "install Node.js 20 or later, or leave the embedded Azure store out"

// findNode finds a Node.js that is new enough.
func findNode(ctx context.Context) (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("azurite: %w: it runs on Node.js, and there is no program \"node\" on the PATH; %s", ErrUnavailable, nodeHint)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, nodeAskLimit, fmt.Errorf("no answer within %v", nodeAskLimit))
	defer cancel()
	out, err := runChild(ctx, "", childEnvironment(), node, "--version")
	if err != nil {
		return "", fmt.Errorf("azurite: %w: %q doesn't say its version (%w); %s", ErrUnavailable, node, err, nodeHint)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(out, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < nodeOldest {
		return "", fmt.Errorf("azurite: %w: %q is of version %q; %s", ErrUnavailable, node, out, nodeHint)
	}
	return node, nil
}

// findNPM finds npm, which is needed only where no build is cached; state says why there is none, folder where one would be.
func findNPM(state error, folder string) (string, error) {
	why := "it is not installed yet"
	if !errors.Is(state, fs.ErrNotExist) {
		why = fmt.Sprintf("its copy in %s can't be trusted (%v)", folder, state)
	}
	hint := fmt.Sprintf("or copy the folder %s from a machine that has it", folder)
	if os.Getenv("BUCKETPROOF_OFFLINE") != "" {
		return "", fmt.Errorf("azurite: %w: %s, and BUCKETPROOF_OFFLINE is set; unset it once, %s", ErrUnavailable, why, hint)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("azurite: %w: %s, and there is no program \"npm\" on the PATH to install it; install npm, %s", ErrUnavailable, why, hint)
	}
	return npm, nil
}

// npmInstall installs exactly what the lock file says, running no package's script. It goes by the user's npm settings
// for the registry, proxy and credentials, and overrules those that would change what is installed. esbuild's program comes as an optional
// package for this platform, so optional packages are in; there are no others.
var npmInstall = []string{
	"ci", "--omit=dev", "--include=optional", "--ignore-scripts", "--package-lock", "--engine-strict=false",
	"--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error",
	"--fetch-retries=1", "--fetch-retry-mintimeout=1000",
}

// install builds in a folder beside the final one and renames it into place when it has been seen to work. Packages
// and npm's cache, which is one of the install's own so that none grows in the user's home, take about 120 MB while it
// lasts; they go when it ends.
func (c *azuriteCache) install(ctx context.Context, node, npm string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, azuriteInstallLimit, fmt.Errorf("%w: installing took more than %v", ErrUnavailable, azuriteInstallLimit))
	defer cancel()
	start := time.Now()
	c.progress(fmt.Sprintf("azurite: installing %s, once, about 5 MB kept in %s", azuriteVersion, c.folder()))
	temp, err := os.MkdirTemp(c.root, azuriteUnfinished)
	if err != nil {
		return fmt.Errorf("azurite: %w: no cache folder to write to (%w); name another in BUCKETPROOF_CACHE", ErrUnavailable, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	work, keep := filepath.Join(temp, "work"), filepath.Join(temp, "keep")
	if err := errors.Join(os.MkdirAll(filepath.Join(work, "none"), 0o700), os.Mkdir(keep, 0o700)); err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	for _, name := range azuriteSources {
		b, err := azuriteFiles.ReadFile("azurite/" + name)
		if err != nil {
			return fmt.Errorf("azurite: %w", err)
		}
		if err := os.WriteFile(filepath.Join(work, filepath.FromSlash(name)), b, 0o600); err != nil {
			return fmt.Errorf("azurite: %w", err)
		}
	}

	c.progress("azurite: fetching its packages with npm, about 120 MB for the moment")
	if out, err := runChild(ctx, work, npmEnvironment(), npm, append(slices.Clone(npmInstall), "--cache="+filepath.Join(temp, "npm"))...); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("azurite: npm: %w", context.Cause(ctx))
		}
		return fmt.Errorf("azurite: %w: %s; mend that and try again, or copy the folder %s from a machine that has it", ErrUnavailable, npmReason(out, err), c.folder())
	}

	c.progress("azurite: bundling them into one file")
	bundle := filepath.Join(keep, azuriteBundle)
	args := append([]string{filepath.Join("node_modules", "esbuild", "bin", "esbuild"), azuriteBundle, "--outfile=" + bundle}, azuriteBundling...)
	if out, err := runChild(ctx, work, childEnvironment(), node, args...); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("azurite: esbuild: %w", context.Cause(ctx))
		}
		return fmt.Errorf("azurite: bundle with esbuild: %w: %.500q", err, out)
	}

	c.progress("azurite: trying the bundle")
	ca, err := newAuthority()
	if err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	tried, err := startAzurite(ctx, node, bundle, temp, ca, 1)
	if err != nil {
		return fmt.Errorf("azurite: the bundle doesn't work: %w", err)
	}
	if err := tried.close(); err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	if err := c.place(keep); err != nil {
		return fmt.Errorf("azurite: %w", err)
	}
	c.progress(fmt.Sprintf("azurite: installed in %.0f s", time.Since(start).Seconds()))
	return nil
}

// place writes the manifest of a finished build and renames its folder into place, all at once.
func (c *azuriteCache) place(keep string) error {
	content, err := os.ReadFile(filepath.Join(keep, azuriteBundle))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	b, err := json.MarshalIndent(manifest{Azurite: azuriteVersion, Source: c.source, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(keep, azuriteManifest), append(b, '\n'), 0o600); err != nil {
		return err
	}
	if _, err := os.Lstat(c.folder()); err == nil { // a copy that can't be trusted stands there
		old, err := os.MkdirTemp(c.root, azuriteUnfinished)
		if err != nil {
			return err
		}
		defer os.RemoveAll(old)
		if err := os.Rename(c.folder(), filepath.Join(old, "untrusted")); err != nil {
			return err
		}
	}
	return os.Rename(keep, c.folder())
}

// npmEnvironment is our environment without Bucketproof's own variables, an address with its secret above all. npm needs
// the rest: proxies, certificates, and the tokens its settings may name.
func npmEnvironment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BUCKETPROOF_") {
			env = append(env, v)
		}
	}
	return env
}

var npmCode = regexp.MustCompile(`(?m)^npm (?:error|ERR!) code ([A-Z][A-Z0-9_]{1,40})\s*$`)

// npmReason says why npm failed by its error code alone: the rest of what it prints holds the registry's address, and may
// hold credentials.
func npmReason(output string, err error) string {
	m := npmCode.FindStringSubmatch(output)
	if m == nil {
		return fmt.Sprintf("npm failed without a reason (%v)", err)
	}
	switch code := m[1]; code {
	case "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "ENETUNREACH", "EHOSTUNREACH", "ENOTCACHED":
		return fmt.Sprintf("npm can't reach its registry (%s)", code)
	case "E401", "E403", "ENEEDAUTH":
		return fmt.Sprintf("npm's registry refuses to serve a package (%s)", code)
	case "E404", "ETARGET":
		return fmt.Sprintf("npm's registry doesn't have a package (%s)", code)
	case "EINTEGRITY":
		return "npm's registry served a package that is not the pinned one (EINTEGRITY)"
	case "ENOSPC":
		return "there is no space left for the packages (ENOSPC)"
	default:
		return fmt.Sprintf("npm failed (%s)", code)
	}
}
