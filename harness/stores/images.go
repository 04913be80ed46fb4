package stores

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moby/moby/client"
)

// labelRecipe says of an image what it was made from and how, so that one that is right isn't made again.
const labelRecipe = "bucketproof.recipe"

// imageImportLimit is how long an engine may take to store an image.
const imageImportLimit = 3 * time.Minute

// Built is what became of one image.
type Built struct {
	Image, Version, Licence string
	Made                    bool // false: it was there already
	Took                    time.Duration
}

// BuildImages builds the images of all container stores on this machine, from the Go modules and the npm package that are pinned,
// and gives them to the container engine under names of our own: no registry of images is asked. What was compiled is kept in the
// user's cache folder (BUCKETPROOF_CACHE), so that a second time takes seconds. Without an engine, Go or Node.js the error is
// ErrUnavailable.
func BuildImages(ctx context.Context, progress func(string)) ([]Built, error) {
	e := newEngine("", progress)
	defer e.close()
	if err := e.ready(ctx); err != nil {
		return nil, err
	}
	var out []Built
	for _, p := range pins {
		start := time.Now()
		r, err := newRecipe(ctx, p, progress)
		if err != nil {
			return out, fmt.Errorf("build %s: %w", p.reference(), err)
		}
		b := Built{Image: p.reference(), Version: p.version, Licence: p.licence}
		if !e.has(ctx, p.reference(), r.digest()) {
			if err := r.prepare(ctx); err != nil {
				return out, fmt.Errorf("build %s: %w", p.reference(), err)
			}
			if err := e.importImage(ctx, r); err != nil {
				return out, fmt.Errorf("build %s: %w", p.reference(), err)
			}
			b.Made = true
		}
		b.Took = time.Since(start)
		out = append(out, b)
	}
	return out, nil
}

// recipe is how an image comes about.
type recipe struct {
	pin      pin
	sources  []string // what it is made from, for the digest
	command  []string // its entry point
	workdir  string
	files    []imageFile
	make     func(context.Context) ([]imageFile, error)
	progress func(string)
}

// imageFile is a file of an image.
type imageFile struct {
	path string // in the image
	from string // on this machine; "" for a folder
	mode int64
}

func newRecipe(ctx context.Context, p pin, progress func(string)) (*recipe, error) {
	if p.module == "" {
		return azuriteRecipe(ctx, p, progress)
	}
	return moduleRecipe(p, progress), nil
}

// digest is of all that makes an image what it is.
func (r *recipe) digest() string {
	text, err := json.Marshal([]any{r.pin.version, r.pin.module, r.pin.licence, r.pin.port, r.command, r.workdir, r.sources})
	if err != nil {
		panic(err) // strings alone
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (r *recipe) prepare(ctx context.Context) (err error) {
	r.files, err = r.make(ctx)
	return err
}

// labels are the image's; those of its version and licence are the Open Container Initiative's (Image specification, annotations).
func (r *recipe) labels() map[string]string {
	return map[string]string{
		labelRecipe:                            r.digest(),
		"org.opencontainers.image.title":       r.pin.name,
		"org.opencontainers.image.version":     r.pin.version,
		"org.opencontainers.image.licenses":    r.pin.licence,
		"org.opencontainers.image.source":      r.pin.source,
		"org.opencontainers.image.description": r.pin.name + ", built on this machine for Bucketproof's tests from its published sources",
	}
}

// has says whether the engine has an image of this very recipe.
func (e *engine) has(ctx context.Context, ref, digest string) bool {
	i, err := e.docker.ImageInspect(ctx, ref)
	return err == nil && i.Config != nil && i.Config.Labels[labelRecipe] == digest
}

// importImage streams the files to the engine as an image of one layer.
func (e *engine) importImage(ctx context.Context, r *recipe) error {
	r.progress(fmt.Sprintf("images: giving %s to the container engine", r.pin.reference()))
	ctx, cancel := context.WithTimeoutCause(ctx, imageImportLimit, fmt.Errorf("the engine took more than %v", imageImportLimit))
	defer cancel()
	command, err := json.Marshal(r.command)
	if err != nil {
		return err
	}
	changes := []string{"ENTRYPOINT " + string(command), "EXPOSE " + r.pin.port, "WORKDIR " + r.workdir}
	for name, value := range r.labels() {
		changes = append(changes, fmt.Sprintf("LABEL %s=%q", name, value))
	}
	slices.Sort(changes)
	out, in := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeLayer(in, r.files)
		written <- err
		_ = in.CloseWithError(err)
	}()
	answer, err := e.docker.ImageImport(ctx, client.ImageImportSource{Source: out, SourceName: "-"}, r.pin.reference(), client.ImageImportOptions{Changes: changes})
	if err == nil {
		err = lastError(answer)
		err = errors.Join(err, answer.Close())
	}
	_ = out.CloseWithError(errors.New("the engine stopped reading"))
	if werr := <-written; err == nil {
		err = werr
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// lastError reads what the engine says while it works: the status of an answer that was begun can't tell of an error.
func lastError(r io.Reader) error {
	d := json.NewDecoder(r)
	for {
		var line struct{ Error string }
		err := d.Decode(&line)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return errors.New("the engine's answer broke off")
		case line.Error != "":
			return fmt.Errorf("the engine answered: %.300s", line.Error)
		}
	}
}

// writeLayer writes files as a tar archive, each with the folders above it. Nothing in it says when or by whom it was made.
func writeLayer(w io.Writer, files []imageFile) error {
	t := tar.NewWriter(w)
	made := map[string]bool{"/": true, ".": true}
	var folder func(path string, mode int64) error
	folder = func(path string, mode int64) error {
		if made[path] {
			return nil
		}
		made[path] = true
		if err := folder(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path[1:] + "/", Mode: mode})
	}
	for _, f := range files {
		if f.from == "" {
			if err := folder(f.path, f.mode); err != nil {
				return err
			}
			continue
		}
		if err := folder(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := writeFile(t, f); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeFile(t *tar.Writer, f imageFile) error {
	in, err := os.Open(f.from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.path[1:], Size: info.Size(), Mode: f.mode}); err != nil {
		return err
	}
	_, err = io.Copy(t, in)
	return err
}
