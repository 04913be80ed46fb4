package signing

import "strings"

// shown are the parameters whose values hold no secret. Every other value is hidden, so that a parameter nobody has
// thought of is hidden too.
func shown(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Content-Sha256",
		"X-Goog-Algorithm", "X-Goog-Credential", "X-Goog-Date", "X-Goog-Expires", "X-Goog-SignedHeaders",
		"sv", "sr", "sp", "st", "se", "si", "sip", "spr", "ss", "srt", "ses", "sdd", "srh", "srq", "skoid", "sktid", "skt", "ske", "sks",
		"skv", "saoid", "suoid", "scid", "skdutid", "sduoid", "rscc", "rscd", "rsce", "rscl", "rsct", "snapshot", "versionid",
		"X-User", "x-id", "partNumber", "versionId", "uploads", "list-type", "prefix", "delimiter", "max-keys", "comp", "restype",
		"response-content-type", "response-content-disposition", "response-content-encoding", "response-content-language",
		"response-cache-control", "response-expires", "generation":
		return true
	}
	return false
}

const hidden = "[redacted]"

// Redact prints a URL without what would let its reader use it: signatures are cut to four characters, session tokens,
// passwords and all values that are not known to be harmless are hidden. What can't be read is hidden whole.
func Redact(rawURL string) string {
	scheme, host, path, query, err := splitURL(rawURL)
	if err != nil {
		return hidden
	}
	var b strings.Builder
	b.WriteString(scheme + "://" + host + path)
	sep := byte('?')
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		b.WriteByte(sep)
		sep = '&'
		raw, value, has := strings.Cut(part, "=")
		name, ok := unescape(raw, true)
		switch {
		case !ok || !safeName(name):
			b.WriteString(hidden)
			continue
		case name == s3Dialect.signature || name == gcsDialect.signature || name == "sig":
			value = short(value)
		case !shown(name) && value != "":
			value = hidden
		}
		b.WriteString(raw)
		if has {
			b.WriteString("=" + value)
		}
	}
	return b.String()
}

// safeName says whether a parameter's name looks like one, and not like a value that lost its name.
func safeName(name string) bool {
	for i := range len(name) {
		if !unreserved(name[i]) {
			return false
		}
	}
	return len(name) <= 40
}

// short cuts a signature down to what may be shown: enough to tell two apart.
func short(signature string) string {
	if len(signature) <= 16 {
		return hidden
	}
	return signature[:4] + "..."
}
