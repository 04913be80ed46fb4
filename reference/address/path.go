package address

import "strings"

// cutBucket takes bucket and sub-path out of a path: "/bucket/sub/path/". The bucket comes back decoded and unchecked,
// the sub-path checked (BYOB-ADDR-009).
func cutBucket(p Provider, path string) (bucket, sub string, err *Error) {
	raw, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if containsFold(raw, "%2f") {
		return "", "", encodedSlash(p)
	}
	bucket, ok := unescape(raw)
	if !ok {
		return "", "", badPercent(p)
	}
	sub, err = subPath(p, rest)
	return bucket, sub, err
}

// subPath checks and decodes what follows the slash after bucket or container.
func subPath(p Provider, raw string) (string, *Error) {
	raw = strings.TrimRight(raw, "/")
	if raw == "" {
		return "", nil
	}
	if containsFold(raw, "%2f") || containsFold(raw, "%252f") {
		return "", encodedSlash(p)
	}
	path, ok := unescape(raw)
	if !ok {
		return "", badPercent(p)
	}
	if hasControl(path) {
		return "", refuse(p, "BYOB-ADDR-009", "path", "the sub-path holds a control character, or is no UTF-8", "leave it out")
	}
	for rest, more := path, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		switch {
		case segment == "":
			return "", refuse(p, "BYOB-ADDR-009", "path", "the sub-path has an empty segment", "write one slash, not two")
		case segment == "." || segment == "..":
			return "", refuse(p, "BYOB-ADDR-009", "path", "the sub-path has a segment . or ..",
				"write the sub-path as it is: stores and proxies don't agree on what dots mean")
		case isPlaceholder(segment):
			return "", refuse(p, "BYOB-ADDR-009", "path", "the sub-path has a placeholder that was left in", "put in the sub-path's own name, or leave it out")
		}
	}
	return path, nil
}

func encodedSlash(p Provider) *Error {
	return refuse(p, "BYOB-ADDR-009", "path", "there is an encoded slash (%2F)", "write /, or leave it out: stores and proxies don't agree on what %2F means")
}

func badPercent(p Provider) *Error {
	return refuse(p, "BYOB-ADDR-009", "path", "a % is not followed by two hexadecimal digits", "write a % of the sub-path as %25")
}

// containsFold looks for a lower-case ASCII word in s.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
