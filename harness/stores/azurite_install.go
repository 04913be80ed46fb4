package stores

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// azuriteVersion is the version pinned in azurite/package.json.
const azuriteVersion = "3.37.0"

const (
	azuriteInstallLimit = 5 * time.Minute // the whole installation
	azuriteLockLimit    = 6 * time.Minute // how long to wait while another process installs
	azuriteLockEvery    = 200 * time.Millisecond
	azuriteStale        = 24 * time.Hour // an unfinished installation older than this is nobody's any more
)

const (
	azuriteBundle     = "blob.js"
	azuriteManifest   = "manifest.json"
	azuriteUnfinished = ".azurite-unfinished-" // begins the name of a folder that is being installed in, or thrown away
)

//go:embed azurite/package.json azurite/package-lock.json azurite/blob.js azurite/none
var azuriteFiles embed.FS

// azuriteSources are all of azuriteFiles: what npm and esbuild make a build from.
var azuriteSources = []string{"package.json", "package-lock.json", azuriteBundle, "none/package.json", "none/index.js"}

// azuriteBundling are esbuild's flags for one file that Node.js runs by itself. pg-hstore and vscode are only needed for
// what is never switched on here, a database and an editor.
var azuriteBundling = []string{
	"--bundle", "--platform=node", "--target=node20", "--external:pg-hstore", "--external:vscode",
	"--minify-whitespace", "--legal-comments=none", "--log-level=error",
}

// azuriteCache is where the one-file build of Azurite is kept between runs, and how it gets there: from the npm
// package, by the lock file built into this program, on first use.
type azuriteCache struct {
	root     string // holds one folder a version
	source   string // SHA-256, in hex, of all that a build is made from
	progress func(string)
}

// manifest says what a cached build is; it is written last and checked before every use.
type manifest struct {
	Azurite string `json:"azurite"`
	Source  string `json:"source"` // azuriteCache.source
	Bytes   int64  `json:"bytes"`  // of blob.js
	SHA256  string `json:"sha256"` // of blob.js, in hex
}

// newAzuriteCache finds the cache folder: BUCKETPROOF_CACHE, or "bucketproof" in the user's cache folder.
func newAzuriteCache(progress func(string)) (*azuriteCache, error) {
	root, err := cacheRoot()
	if err != nil {
		return nil, fmt.Errorf("azurite: %w", err)
	}
	source := sha256.New()
	for _, name := range azuriteSources {
		b, err := azuriteFiles.ReadFile("azurite/" + name)
		if err != nil {
			return nil, fmt.Errorf("azurite: %w", err)
		}
		fmt.Fprintf(source, "%s %d\n", name, len(b))
		source.Write(b)
	}
	fmt.Fprintf(source, "%q\n", azuriteBundling)
	return &azuriteCache{root: root, source: hex.EncodeToString(source.Sum(nil)), progress: progress}, nil
}

// folder is where this version's build is kept.
func (c *azuriteCache) folder() string {
	return filepath.Join(c.root, "azurite-"+azuriteVersion+"-"+c.source[:12])
}

// bundle returns the path of a build that is whole, installing it first if there is none. Several processes may call it at
// once: one installs and the others wait. Without Node.js, or without npm where there is no build yet, and when the
// installation fails, the error is ErrUnavailable and says what to do.
func (c *azuriteCache) bundle(ctx context.Context, node string) (string, error) {
	c.sweep(azuriteStale)
	file := filepath.Join(c.folder(), azuriteBundle)
	state := c.verify(c.folder())
	if state == nil {
		return file, nil
	}
	if !errors.Is(state, fs.ErrNotExist) {
		c.progress(fmt.Sprintf("azurite: the copy in %s is not used (%v)", c.folder(), state))
	}
	npm, err := findNPM(state, c.folder())
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(c.root, 0o700); err != nil {
		return "", fmt.Errorf("azurite: %w: no cache folder (%w); name another in BUCKETPROOF_CACHE", ErrUnavailable, err)
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if c.verify(c.folder()) == nil { // somebody else has done it
		return file, nil
	}
	c.sweep(0) // under the lock nobody else is installing: what is unfinished was left by a process that died
	if err := c.install(ctx, node, npm); err != nil {
		return "", err
	}
	return file, nil
}

// verify says why a folder does not hold a whole build of exactly this source; nil if it does, fs.ErrNotExist when there
// is none.
func (c *azuriteCache) verify(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, azuriteManifest))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); err == nil {
			return errors.New("it has no manifest")
		}
		return fs.ErrNotExist
	}
	if err != nil {
		return err
	}
	var m manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return errors.New("its manifest can't be read")
	}
	if m.Azurite != azuriteVersion || m.Source != c.source {
		return errors.New("its manifest is of another version")
	}
	content, err := os.ReadFile(filepath.Join(dir, azuriteBundle))
	if err != nil {
		return errors.New("its bundle can't be read")
	}
	if sum := sha256.Sum256(content); int64(len(content)) != m.Bytes || hex.EncodeToString(sum[:]) != m.SHA256 {
		return errors.New("its bundle is not the one that was installed")
	}
	return nil
}

// lock waits for the installer's lock of the cache folder. The system drops it when the process ends, however that is.
func (c *azuriteCache) lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.root, "azurite.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("azurite: %w: no cache folder to write to (%w); name another in BUCKETPROOF_CACHE", ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, azuriteLockLimit, fmt.Errorf("%w: another process has been installing for %v", ErrUnavailable, azuriteLockLimit))
	defer cancel()
	tick := time.NewTicker(azuriteLockEvery)
	defer tick.Stop()
	for waited := false; ; waited = true {
		got, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("azurite: lock the cache folder: %w", err)
		}
		if got {
			return func() { f.Close() }, nil
		}
		if !waited {
			c.progress("azurite: waiting for another process to finish installing")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("azurite: %w", context.Cause(ctx))
		}
	}
}

// sweep removes unfinished installations older than age. What can't be removed is left for the next time.
func (c *azuriteCache) sweep(age time.Duration) {
	entries, err := os.ReadDir(c.root)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), azuriteUnfinished) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) >= age {
			os.RemoveAll(filepath.Join(c.root, e.Name()))
		}
	}
}
