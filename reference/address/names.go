package address

import (
	"net/netip"
	"strings"
)

// checkName applies the provider's published rules for the name of a bucket or container (BYOB-ADDR-016):
//   - AWS: S3 user guide, general purpose bucket naming rules
//   - CoreWeave: AI Object Storage, "Create a bucket", and W&B's troubleshooting section (edition 2025-09)
//   - GCS: "Bucket naming guidelines"
//   - Azure: "Naming and referencing containers, blobs, and metadata"
//
// S3-compatible stores publish none of their own; S3's rules hold there without the affixes that AWS has reserved.
func checkName(p Provider, name string) *Error {
	bad := func(rule, fix string) *Error { return refuse(p, "BYOB-ADDR-016", "bucket", rule, fix) }
	kind := "a bucket's name"
	if p == Azure {
		kind = "a container's name"
	}
	longest := 63
	if p == GCP && strings.IndexByte(name, '.') >= 0 {
		longest = 222
	}
	if len(name) < 3 || len(name) > longest {
		if longest > 63 {
			return bad(kind+" with dots has 3 to 222 characters", "use the name of an existing bucket")
		}
		return bad(kind+" has 3 to 63 characters", "use the name of an existing bucket")
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if isLowerOrDigit(c) || c == '-' || c == '.' && p != CoreWeave && p != Azure || c == '_' && p == GCP {
			continue
		}
		return bad(kind+" must not hold "+describe(c), "it is made of "+alphabet(p))
	}
	if !isLowerOrDigit(name[0]) || !isLowerOrDigit(name[len(name)-1]) {
		return bad(kind+" begins and ends with a lower-case letter or a digit", "use the name of an existing bucket")
	}
	if strings.Contains(name, "..") {
		return bad(kind+" must not hold two dots in a row", "use the name of an existing bucket")
	}
	switch p {
	case AWS:
		return checkReserved(bad, name)
	case CoreWeave:
		for _, prefix := range [...]string{"cw-", "vip-", "xn--", "log-stitcher-ch-"} {
			if strings.HasPrefix(name, prefix) {
				return bad(kind+" must not begin with "+prefix+", which CoreWeave reserves", "use a bucket with another name")
			}
		}
		if name == "int" {
			return bad(kind+" must not be int, which CoreWeave reserves", "use a bucket with another name")
		}
	case GCP:
		return checkGoogle(bad, name)
	case Azure:
		if strings.Contains(name, "--") {
			return bad(kind+" must not hold two hyphens in a row", "use the name of an existing container")
		}
	}
	if p == S3Compatible && isIPv4(name) {
		return bad(kind+" must not look like an IP address", "use the name of an existing bucket")
	}
	return nil
}

// checkReserved is AWS's list of prefixes and suffixes.
func checkReserved(bad func(rule, fix string) *Error, name string) *Error {
	for _, prefix := range [...]string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return bad("a bucket's name must not begin with "+prefix+", which AWS reserves", "use a bucket with another name")
		}
	}
	for _, suffix := range [...]string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return bad("a bucket's name must not end in "+suffix+", which AWS keeps for what is no general purpose bucket",
				"use the name of a general purpose bucket")
		}
	}
	if strings.HasSuffix(name, "-an") && !accountRegional(name) {
		return bad("a bucket's name ends in -an only in the account-regional namespace", "there it is <prefix>-<account>-<region>-an")
	}
	if isIPv4(name) {
		return bad("a bucket's name must not look like an IP address", "use the name of an existing bucket")
	}
	return nil
}

// accountRegional says whether a name has the form <prefix>-<12 digits>-<region>-an.
func accountRegional(name string) bool {
	name = strings.TrimSuffix(name, "-an")
	for i := 1; i+13 < len(name); i++ {
		if name[i] == '-' && name[i+13] == '-' && isDigits(name[i+1:i+13]) && awsRegion(name[i+14:]) {
			return true
		}
	}
	return false
}

// checkGoogle is what GCS adds: its own name, and length by label.
func checkGoogle(bad func(rule, fix string) *Error, name string) *Error {
	if isIPv4(name) {
		return bad("a bucket's name must not look like an IP address", "use the name of an existing bucket")
	}
	for rest, more := name, true; more; {
		var label string
		if label, rest, more = strings.Cut(rest, "."); len(label) > 63 {
			return bad("each part between the dots of a bucket's name has at most 63 characters", "use the name of an existing bucket")
		}
	}
	if strings.HasPrefix(name, "goog") {
		return bad("a bucket's name must not begin with goog", "use a bucket with another name")
	}
	for i := 0; i+6 <= len(name); i++ {
		if looksGoogle(name[i : i+6]) {
			return bad("a bucket's name must not hold google or something close to it", "use a bucket with another name")
		}
	}
	return nil
}

// looksGoogle knows the misspellings with digits for letters (GCS names g00gle as its example).
func looksGoogle(s string) bool {
	return s[0] == 'g' && (s[1] == 'o' || s[1] == '0') && (s[2] == 'o' || s[2] == '0') && s[3] == 'g' &&
		(s[4] == 'l' || s[4] == '1') && (s[5] == 'e' || s[5] == '3')
}

// checkAccount is Azure's rule for a storage account ("Storage account overview").
func checkAccount(name string) *Error {
	ok := len(name) >= 3 && len(name) <= 24
	for i := 0; i < len(name) && ok; i++ {
		ok = isLowerOrDigit(name[i])
	}
	if ok {
		return nil
	}
	if i := strings.IndexByte(name, '.'); i >= 0 {
		return refuse(Azure, "BYOB-ADDR-016", "account", "a storage account's name has no dots", "write the account's name, not its host")
	}
	return refuse(Azure, "BYOB-ADDR-016", "account", "a storage account's name is 3 to 24 lower-case letters and digits",
		"use the name of an existing storage account")
}

func alphabet(p Provider) string {
	switch p {
	case CoreWeave, Azure:
		return "lower-case letters, digits and -"
	case GCP:
		return "lower-case letters, digits, -, _ and ."
	default:
		return "lower-case letters, digits, - and ."
	}
}

// describe names a character by its class, so that no part of the address is repeated.
func describe(c byte) string {
	switch {
	case 'A' <= c && c <= 'Z':
		return "an upper-case letter"
	case c == '_':
		return "an underscore"
	case c == '.':
		return "a dot"
	case c == ' ':
		return "a space"
	case c == ':':
		return "a colon"
	case c == '%':
		return "a percent sign"
	case c < ' ' || c == 0x7f:
		return "a control character"
	case c >= 0x80:
		return "a character outside ASCII"
	}
	return "such a character"
}

func isLowerOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isIPv4 is for names: four groups of digits are an IP address to S3, whatever their values.
func isIPv4(s string) bool {
	if strings.Count(s, ".") != 3 {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	for rest, more := s, true; more; {
		var group string
		if group, rest, more = strings.Cut(rest, "."); !isDigits(group) || len(group) > 3 {
			return false
		}
	}
	return true
}
