package connector

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what clients may name.
const (
	nameLimit     = 128  // characters
	fileNameLimit = 1024 // bytes
	sizeLimit     = 5 << 40
	filesLimit    = 1000 // of one request
)

// short cuts what came from outside to a length that fits into a sentence.
func short(s string) string {
	if len(s) <= 64 {
		return s
	}
	for i := 64; i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i] + "…"
		}
	}
	return ""
}

func parseQuery(raw string) (url.Values, error) {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("the query can't be read")
	}
	return v, nil
}

// checkName is for the names of instances, organisations, users, teams, projects, runs, artifacts and reports.
func checkName(part, name string) error {
	switch {
	case name == "":
		return invalid(part, "%s: a name has at least one character", part)
	case utf8.RuneCountInString(name) > nameLimit:
		return invalid(part, "%s: a name has at most %d characters", part, nameLimit)
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalid(part, "%s: a name holds no control characters", part)
	case name != strings.TrimSpace(name):
		return invalid(part, "%s: a name neither begins nor ends with white space", part)
	}
	return nil
}

// checkFileName is for names that become the last segments of an object's key.
func checkFileName(name string) error {
	switch {
	case name == "":
		return invalid("name", "a file's name is empty")
	case len(name) > fileNameLimit:
		return invalid("name", "a file's name has more than %d bytes", fileNameLimit)
	case !utf8.ValidString(name):
		return invalid("name", "a file's name is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalid("name", "the file's name %q holds a control character", short(name))
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return invalid("name", "the file's name %q has a segment that is empty, . or ..", short(name))
		}
	}
	return nil
}

func checkSize(size int64) error {
	if size < 0 || size > sizeLimit {
		return invalid("size", "a size of %d bytes: want 0 to %d", size, int64(sizeLimit))
	}
	return nil
}

// checkMD5 wants 16 bytes in base64, as Content-MD5 has them.
func checkMD5(digest string) error {
	if raw, err := base64.StdEncoding.DecodeString(digest); err != nil || len(raw) != 16 {
		return invalid("md5", "md5 %q: want 16 bytes in base64", short(digest))
	}
	return nil
}

// checkContentType keeps what becomes a header's value to one plain line.
func checkContentType(t string) error {
	if len(t) > 255 || t != strings.TrimSpace(t) || strings.ContainsFunc(t, func(c rune) bool { return c < ' ' || c > '~' }) {
		return invalid("contentType", "contentType %q: want at most 255 printable ASCII characters", short(t))
	}
	return nil
}

// checkWord wants one of a list.
func checkWord[T ~string](part string, word T, list []T) error {
	if slices.Contains(list, word) {
		return nil
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	p := badRequest("%s %q: want one of %s", part, short(string(word)), strings.Join(words, ", "))
	p.Part = part
	return p
}
