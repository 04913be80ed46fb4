package stores

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// compileLimit is how long a server may take to be compiled, its modules fetched first.
const compileLimit = 30 * time.Minute

// compiling are the flags every server is compiled with; no C, so that it runs in an empty image.
var compiling = []string{"install", "-trimpath", "-ldflags=-s -w"}

// moduleRecipe is of an image with one program, compiled from a Go module, and nothing else.
func moduleRecipe(p pin, progress func(string)) *recipe {
	program := path.Base(p.module)
	at := "/usr/bin/" + program
	return &recipe{pin: p, command: []string{at}, workdir: "/tmp", sources: append([]string{runtime.GOARCH}, compiling...), progress: progress,
		make: func(ctx context.Context) ([]imageFile, error) {
			file, err := compiled(ctx, p, progress)
			return []imageFile{{path: at, from: file, mode: 0o755}, {path: "/tmp", mode: 0o1777}, {path: "/data", mode: 0o755}, {path: "/certs", mode: 0o755}}, err
		}}
}

// compiled returns a program from the cache folder, compiling it first if it isn't there or isn't whole. The module's content
// is vouched for by Go's checksum database, as for every module.
func compiled(ctx context.Context, p pin, progress func(string)) (string, error) {
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	root = filepath.Join(root, "images")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", fmt.Errorf("%w: no cache folder (%w); name another in BUCKETPROOF_CACHE", ErrUnavailable, err)
	}
	file := filepath.Join(root, fmt.Sprintf("%s-%s-%s", path.Base(p.module), p.version, runtime.GOARCH))
	if asCompiled(file) {
		return file, nil
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("%w: there is no program \"go\" on the PATH to compile it with", ErrUnavailable)
	}
	temp, err := os.MkdirTemp(root, ".unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	ctx, cancel := context.WithTimeoutCause(ctx, compileLimit, fmt.Errorf("compiling took more than %v", compileLimit))
	defer cancel()
	modules, err := runChild(ctx, temp, npmEnvironment(), tool, "env", "GOMODCACHE")
	if err != nil {
		return "", fmt.Errorf("ask Go where it keeps modules: %w", err)
	}
	progress(fmt.Sprintf("images: compiling %s %s, once, into %s; it takes some minutes", p.name, p.version, root))
	// GOBIN may not be set where the engine's system isn't this one's; with a GOPATH of its own it comes out below that.
	env := append(npmEnvironment(), "CGO_ENABLED=0", "GOOS=linux", "GOBIN=", "GOWORK=off", "GOPATH="+temp, "GOMODCACHE="+modules)
	if out, err := runChild(ctx, temp, env, tool, append(append([]string{}, compiling...), p.module+"@"+p.version)...); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("compile: %w: %.500q", err, out)
	}
	made, err := filepath.Glob(filepath.Join(temp, "bin", "*"))
	if err != nil || len(made) != 1 {
		return "", errors.New("compile: Go left no program behind")
	}
	if info, err := os.Stat(made[0]); err == nil && info.IsDir() { // bin/linux_amd64/, seen from another system
		made[0] = filepath.Join(made[0], path.Base(p.module))
	}
	sum, err := fileSum(made[0])
	if err == nil {
		err = errors.Join(os.Rename(made[0], file), os.WriteFile(file+".sha256", []byte(sum+"\n"), 0o600))
	}
	return file, err
}

// asCompiled says whether a program is the one that was compiled.
func asCompiled(file string) bool {
	want, err := os.ReadFile(file + ".sha256")
	if err != nil {
		return false
	}
	got, err := fileSum(file)
	return err == nil && got == strings.TrimSpace(string(want))
}

func fileSum(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// cacheRoot is BUCKETPROOF_CACHE, or "bucketproof" in the user's cache folder.
func cacheRoot() (string, error) {
	root := os.Getenv("BUCKETPROOF_CACHE")
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w: no cache folder (%w); name one in BUCKETPROOF_CACHE", ErrUnavailable, err)
		}
		root = filepath.Join(user, "bucketproof")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return root, nil
}

// library is a shared library that ldd found.
var library = regexp.MustCompile(`(/[^\s()]+\.so[^\s()]*)`)

// azuriteRecipe is of an image with this machine's Node.js, the libraries it needs, and the build of Azurite that the embedded
// store runs, too.
func azuriteRecipe(ctx context.Context, p pin, progress func(string)) (*recipe, error) {
	node, err := findNode(ctx)
	if err != nil {
		return nil, err
	}
	if node, err = filepath.EvalSymlinks(node); err != nil {
		return nil, err
	}
	sum, err := fileSum(node)
	if err != nil {
		return nil, err
	}
	cache, err := newAzuriteCache(progress)
	if err != nil {
		return nil, err
	}
	return &recipe{pin: p, command: []string{"/usr/bin/node", "/opt/azurite/" + azuriteBundle}, workdir: "/tmp", sources: []string{cache.source, sum}, progress: progress,
		make: func(ctx context.Context) ([]imageFile, error) {
			if runtime.GOOS != "linux" {
				return nil, fmt.Errorf("%w: the image holds this machine's Node.js, which has to be Linux's", ErrUnavailable)
			}
			bundle, err := cache.bundle(ctx, node)
			if err != nil {
				return nil, err
			}
			files := []imageFile{{path: "/usr/bin/node", from: node, mode: 0o755}, {path: "/opt/azurite/" + azuriteBundle, from: bundle, mode: 0o644}, {path: "/tmp", mode: 0o1777}}
			listed, err := runChild(ctx, "", childEnvironment(), "ldd", node)
			if err != nil && !strings.Contains(listed, "not a dynamic executable") {
				return nil, fmt.Errorf("%w: which libraries %q needs can't be seen (ldd: %w)", ErrUnavailable, node, err)
			}
			for _, lib := range library.FindAllString(listed, -1) {
				files = append(files, imageFile{path: lib, from: lib, mode: 0o755})
			}
			return files, nil
		}}, nil
}
