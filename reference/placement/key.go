package placement

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxKey is the length of the longest key, in bytes of UTF-8: the limit of S3, CoreWeave and GCS ("Object keys", "Object
// name requirements"); Azure counts 1,024 characters.
const MaxKey = 1024

// MaxID is the length of the longest ID that a key may hold, in bytes.
const MaxID = 128

// reserved stands between sub-path and team in every key, and nowhere else in any key: neither sub-paths, IDs nor file
// names may hold it. So a key can be read in one way only, whoever chose sub-paths and names, and what stands below a
// team's prefix is that team's.
const reserved = "teams.byob"

// Key makes the key of an object: sub-path, reserved segment, ID of the team, kind, ID of the run or artifact (parent), and
// last the user's file name, unchanged (BYOB-PLACE-006, BYOB-ISO-004). Different arguments make different keys, and with one
// storage the keys of two teams differ before the name. IDs are opaque: no name of a user, team or project belongs there, and
// a kind of the central database has no key at all (BYOB-PLACE-002).
//
// Refused are IDs other than 1 to MaxID letters, digits, "-" and "_"; and names that hold a control character or no UTF-8,
// an empty, "." or ".." segment or the reserved one, also behind a backslash or percent-encoded, however often: stores,
// proxies and clients don't agree on who decodes. Names are not normalised: two spellings of a letter are two keys.
func Key(s *Storage, team string, k Kind, parent, name string) (string, error) {
	prefix, err := Prefix(s, team)
	if err != nil {
		return "", err
	}
	if slices.Contains(DatabaseKinds, k) {
		return "", &Refusal{Requirement: "BYOB-PLACE-002", Rule: string(k) + " is stored in the central database and never in a bucket", Fix: "keep it there"}
	}
	if err := knownWord("kind", k, BucketKinds); err != nil {
		return "", err
	}
	if !opaque(parent) {
		return "", badID("run or artifact")
	}
	if err := CheckName(name); err != nil {
		return "", err
	}
	key := prefix + string(k) + "/" + parent + "/" + name
	if len(key) > MaxKey {
		return "", &Refusal{Requirement: "BYOB-XFER-004", Rule: "the key is longer than 1,024 bytes", Fix: "give the file a shorter name, or the storage a shorter sub-path"}
	}
	return key, nil
}

// Prefix is what all keys of a team in a storage begin with, and no other team's in the same bucket. It ends in a slash, so
// that listing "team" doesn't list "team2" (BYOB-ISO-004).
func Prefix(s *Storage, team string) (string, error) {
	s, err := whole(s, "the storage")
	if err != nil {
		return "", err
	}
	if !opaque(team) {
		return "", badID("team")
	}
	if s.Address.Path == "" {
		return reserved + "/" + team + "/", nil
	}
	return s.Address.Path + "/" + reserved + "/" + team + "/", nil
}

// CheckName refuses what may not be a file's name in a key; see Key.
func CheckName(name string) error {
	if rule := badPath(name); rule != "" {
		return &Refusal{Requirement: "BYOB-ISO-004", Rule: "the file's name " + rule, Fix: "give the file another name"}
	}
	return nil
}

func badID(of string) *Refusal {
	return &Refusal{Requirement: "BYOB-ISO-004", Rule: "the ID of the " + of + " isn't 1 to 128 letters, digits, - and _", Fix: "use an opaque ID"}
}

// opaque says whether a text may stand in a key as an ID: one segment, in ASCII, that nothing decodes or folds.
func opaque(id string) bool {
	if id == "" || len(id) > MaxID {
		return false
	}
	for i := 0; i < len(id); i++ {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// badPath says what is wrong with a relative path, "" if nothing is, as it stands and however often it is decoded.
func badPath(path string) string {
	switch {
	case path == "":
		return "is empty"
	case len(path) > MaxKey:
		return "is longer than 1,024 bytes"
	case !utf8.ValidString(path):
		return "is no UTF-8"
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" {
			return "has an empty segment, or a slash at one of its ends"
		}
	}
	for {
		if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF }) {
			return "holds a control character"
		}
		for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			switch {
			case strings.Trim(segment, ".") == "" && len(segment) <= 2:
				return "has a segment . or .."
			case strings.EqualFold(segment, reserved):
				return "has the segment " + reserved + ", which is reserved"
			}
		}
		decoded := decode(path)
		if decoded == path {
			return ""
		}
		path = decoded
	}
}

// decode undoes one percent-encoding, leaving alone what is none: each round is shorter than the one before.
func decode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			out = append(out, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
