package address

import "strings"

// query is what stands after the "?": the three keys that W&B's server and operator read (BYOB-ADDR-013).
type query struct {
	region         string
	hasRegion      bool
	tls, pathStyle tristate
}

type tristate uint8

const (
	unset tristate = iota
	no
	yes
)

const knownKeys = "the known keys are region, tls and forcePathStyle"

// parseQuery reads the query strictly: whatever a lenient reader would drop or swallow is an error here.
func parseQuery(p Provider, s *parts) (q query, err *Error) {
	rest := s.query
	bad := func(rule, fix string) (query, *Error) {
		return query{}, refuse(p, "BYOB-ADDR-013", "query", rule, fix)
	}
	if strings.IndexByte(rest, '?') >= 0 {
		return bad("there is a second ?, which makes what follows it part of the value before it", "join the parameters with &")
	}
	if strings.IndexByte(rest, ';') >= 0 {
		return bad("there is a semicolon", "join the parameters with &, which is not written &amp; here")
	}
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if pair == "" {
			continue
		}
		key, raw, hasValue := strings.Cut(pair, "=")
		value, ok := unescape(raw)
		if !ok {
			return bad("a % is not followed by two hexadecimal digits", "")
		}
		var repeated bool
		switch key {
		case "region":
			repeated, q.hasRegion = q.hasRegion, true
			if isPlaceholder(value) {
				return query{}, refuse(p, formOf(p), "query", "the region is a placeholder that was left in", "put in the bucket's own region")
			}
			if !regionName(value) {
				return bad("the region is empty or no region's name", "write region=<region>, such as region=us-east-1")
			}
			q.region = value
		case "tls":
			repeated = q.tls != unset
			if q.tls = parseBool(value); q.tls == unset {
				return bad("tls is neither true nor false", "write tls=true")
			}
		case "forcePathStyle":
			repeated = q.pathStyle != unset
			if q.pathStyle = parseBool(value); q.pathStyle == unset {
				return bad("forcePathStyle is neither true nor false", "write forcePathStyle=true or leave it out")
			}
		default:
			if near := nearKey(key); near != "" {
				return bad("there is an unknown key", "write it "+near)
			}
			if !hasValue {
				return bad("there is a parameter without a value", knownKeys)
			}
			return bad("there is an unknown key", knownKeys)
		}
		if repeated {
			return bad("the key "+key+" stands there twice", "keep one")
		}
	}
	return q, nil
}

// regionName is about shape only: letters, digits, "-", "_" and ".", for MinIO's and Ceph's regions have any name, and
// CoreWeave's are availability zones such as US-EAST-04A.
func regionName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !regionByte[s[i]] {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

var regionByte = byteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")

func parseBool(s string) tristate {
	switch s {
	case "true":
		return yes
	case "false":
		return no
	}
	return unset
}

// nearKey finds the known key that a key with other case or separators must have meant.
func nearKey(key string) string {
	bare := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return -1
		}
		return r
	}, key)
	for _, k := range [...][2]string{
		{"region", "region"}, {"tls", "tls"}, {"forcePathStyle", "forcePathStyle"}, {"awsregion", "region"},
		{"usetls", "tls"}, {"ssl", "tls"}, {"usessl", "tls"}, {"secure", "tls"}, {"pathstyle", "forcePathStyle"},
		{"usepathstyle", "forcePathStyle"}, {"s3forcepathstyle", "forcePathStyle"},
	} {
		if strings.EqualFold(bare, k[0]) {
			return k[1]
		}
	}
	return ""
}
