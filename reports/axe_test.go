package reports_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// axeSource is where axe-core's version and digest stand; nothing of it is shipped.
const axeSource = "../tools/axe"

// axeLimit is how long npm may take to fetch it, once.
const axeLimit = 2 * time.Minute

// errNoAxe says that axe-core can't be had here.
var errNoAxe = errors.New("axe-core is not there")

// axeScript is axe-core, installed by its lock file into the cache folder when it isn't there yet.
var axeScript = sync.OnceValues(func() (string, error) {
	lock, err := os.ReadFile(filepath.Join(axeSource, "package-lock.json"))
	if err != nil {
		return "", err
	}
	root := os.Getenv("BUCKETPROOF_CACHE")
	if root == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w: %w", errNoAxe, err)
		}
		root = filepath.Join(cache, "bucketproof")
	}
	folder := filepath.Join(root, fmt.Sprintf("axe-%x", sha256.Sum256(lock))[:20])
	script := filepath.Join(folder, "axe.min.js")
	if b, err := os.ReadFile(script); err == nil {
		return string(b), nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	npm, err := exec.LookPath("npm")
	if err != nil || os.Getenv("BUCKETPROOF_OFFLINE") != "" {
		return "", fmt.Errorf("%w, and npm is not there, or not allowed, to install it into %s", errNoAxe, folder)
	}
	if err := installAxe(npm, lock, folder); err != nil {
		return "", err
	}
	b, err := os.ReadFile(script)
	return string(b), err
})

// installAxe installs what the lock file says, running no package's script, and keeps the one file.
func installAxe(npm string, lock []byte, folder string) (err error) {
	work, err := os.MkdirTemp("", "axe-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	about, err := os.ReadFile(filepath.Join(axeSource, "package.json"))
	if err := errors.Join(err, os.WriteFile(filepath.Join(work, "package.json"), about, 0o600), os.WriteFile(filepath.Join(work, "package-lock.json"), lock, 0o600)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), axeLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--cache="+filepath.Join(work, "cache"))
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm ci: %w: %.300s", errNoAxe, err, out)
	}
	b, err := os.ReadFile(filepath.Join(work, "node_modules", "axe-core", "axe.min.js"))
	if err := errors.Join(err, os.MkdirAll(folder, 0o755)); err != nil {
		return err
	}
	half := filepath.Join(folder, fmt.Sprintf("half.%d", os.Getpid()))
	return errors.Join(os.WriteFile(half, b, 0o600), os.Rename(half, filepath.Join(folder, "axe.min.js")))
}

// violations are what axe-core, which is in the page, finds wrong with it, by the rules of WCAG 2.2 AA and its own best practices.
// Those named are tried alone; none means all.
func violations(p *tab, rules ...string) []string {
	p.Helper()
	options := map[string]any{"resultTypes": []string{"violations"}, "preload": false} // there is nothing to load
	least := 10
	if len(rules) > 0 {
		options["runOnly"], least = rules, 1
	}
	with, err := json.Marshal(options)
	if err != nil {
		p.Fatal(err)
	}
	found := eval[string](p, `axe.run(document, `+string(with)+`).then(r => JSON.stringify({passes: r.passes.length, bad: r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(a => a.message).join()).join(" | "))}))`)
	var r struct {
		Passes int
		Bad    []string
	}
	if err := json.Unmarshal([]byte(found), &r); err != nil {
		p.Fatal(err)
	}
	if r.Passes < least {
		p.Errorf("axe-core tried %d rules: it has not looked", r.Passes)
	}
	return r.Bad
}

// byLooks are the rules that another screen may break: the others judge what a page says, which is the same on every one.
var byLooks = []string{"color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block", "meta-viewport"}

// Every page is quiet, and axe-core finds nothing, with all that can be unfolded open.
func TestAxeFindsNothingInABrowser(t *testing.T) {
	dark := func(s screen) screen { return screen{s.width, s.height, true} }
	for name, screens := range map[string][]screen{"not certified": {wide, dark(phone)}, "several": {wide, dark(phone)}, "load": {phone, dark(wide)}, "certified": {wide}, "errored": {dark(phone)}} {
		t.Run(name, func(t *testing.T) {
			p := again(t, pages(t)[name], screens[0], "")
			eval[int](p, `(document.querySelectorAll("details").forEach(d => d.open = true), 1)`)
			if eval[string](p, "document.title") == "" {
				t.Error("the page was not opened")
			}
			p.quiet()
			axe := axeOrSkip(t)
			eval[int](p, axe+";1")
			for i, s := range screens {
				p.look(s)
				rules := []string{}
				if i > 0 {
					rules = byLooks
				}
				for _, v := range violations(p, rules...) {
					t.Errorf("%s: %s", s, v)
				}
			}
		})
	}
}

// A search that can't find anything proves nothing.
func TestAxeFindsWhatIsPlantedInABrowser(t *testing.T) {
	axe := axeOrSkip(t)
	source := strings.NewReplacer(`<html lang="en">`, `<html>`, `for="word"`, `for="nothing"`, `placeholder="Search"`, ``).Replace(pages(t)["certified"])
	p := open(t, source, wide)
	eval[int](p, axe+`;(document.querySelector(".subject").style.color = "#ccc", 1)`)
	found := strings.Join(violations(p), "\n")
	for _, want := range []string{"html-has-lang:", "label:", "color-contrast:"} {
		if !strings.Contains(found, want) {
			t.Errorf("axe-core doesn't find %s in:\n%s", want, found)
		}
	}
}

func axeOrSkip(t *testing.T) string {
	t.Helper()
	browserOrSkip(t)
	axe, err := axeScript()
	if errors.Is(err, errNoAxe) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return axe
}
