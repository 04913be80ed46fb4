package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// most is how large a file of an archive may be, in bytes: several times a binary.
const most = 1 << 30

// unpack reads the regular files of an archive into memory. Anything else in it is an error, and so is a name twice.
func unpack(name string) (map[string][]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	files := map[string][]byte{}
	take := func(file string, regular bool, r io.Reader) error {
		if _, twice := files[file]; twice || !regular {
			return fmt.Errorf("read the archive: %q is there twice, or no regular file", file)
		}
		content, err := io.ReadAll(io.LimitReader(r, most))
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		files[file] = content
		return nil
	}
	if strings.HasSuffix(name, ".zip") {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("read the archive: %w", err)
			}
			if err := errors.Join(take(f.Name, f.Mode().IsRegular(), r), r.Close()); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	g, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	for t := tar.NewReader(g); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		if err := take(h.Name, h.Typeflag == tar.TypeReg, t); err != nil {
			return nil, err
		}
	}
}
