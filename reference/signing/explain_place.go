package signing

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// hosts are the names under which the request may have been signed.
func (s *search) hosts() []string {
	in, d := s.r.in, s.r.a.d
	host, _ := splitPort(in.Host)
	list := append([]string{}, s.known.Hosts...)
	for _, name := range []string{"x-forwarded-host", "x-original-host", "x-forwarded-server"} {
		values, _ := headerValues(in.Header, name)
		for _, v := range values {
			for part := range strings.SplitSeq(v, ",") {
				list = append(list, strings.TrimSpace(part))
			}
		}
	}
	if values, ok := headerValues(in.Header, "forwarded"); ok {
		for part := range strings.FieldsFuncSeq(strings.Join(values, ","), func(r rune) bool { return r == ',' || r == ';' }) {
			if name, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && strings.EqualFold(name, "host") {
				list = append(list, strings.Trim(v, `"`))
			}
		}
	}
	region := s.r.a.region
	if d.scheme == GCS {
		list = append(list, "storage.googleapis.com", "storage.cloud.google.com")
	} else {
		list = append(list, "s3.amazonaws.com", "s3."+region+".amazonaws.com", "s3-"+region+".amazonaws.com", "s3.dualstack."+region+".amazonaws.com", "cwobject.com", "cwlota.com")
	}
	for _, h := range []string{host, "localhost", "127.0.0.1"} {
		list = append(list, h)
		for _, port := range []string{"80", "443", "9000", "9001", "8080", "8000", "8333", "7070", "7480", "10000", "4443", "8443"} {
			list = append(list, h+":"+port)
		}
	}
	list = append(list, strings.ToLower(in.Host), in.Host+".", strings.TrimSuffix(in.Host, "."))
	if d.hostWithoutPort {
		for _, h := range list {
			name, _ := splitPort(h)
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(h string) bool { return h == "" })
}

// host tries other names, and the bucket at its other place.
func (s *search) host() []Finding {
	a, c := s.r.a, Claim{}
	c.Bucket, c.Key, _ = locate(a.d, s.r.in)
	rest := strings.TrimPrefix(a.path, "/")
	inHost := s.r.style == VirtualHosted
	if !inHost {
		_, rest, _ = strings.Cut(rest, "/")
	}
	parent := strings.TrimPrefix(s.r.in.Host, c.Bucket+".")
	own := []string{s.r.in.Host, parent}
	if a.d.hostWithoutPort {
		own[0], _ = splitPort(own[0])
		own[1], _ = splitPort(own[1])
	}
	list := slices.Concat(own, s.hosts())
	for _, h := range list {
		for _, form := range []struct {
			host, path string
			style      bool
		}{{h, a.path, false}, {c.Bucket + "." + h, "/" + rest, !inHost}, {h, "/" + c.Bucket + "/" + rest, inHost}, {h, "/" + rest, false}} {
			if c.Bucket == "" && form.host != h {
				continue
			}
			if !s.with(func(a *attempt) { a.host, a.path = form.host, form.path }) {
				continue
			}
			if form.style && slices.Contains(own, h) {
				return certain(StageCanonical, CauseStyle, "host", "the URL was minted with the bucket in the %s (host %s), and was used with it in the %s (host %s)", place(!inHost), clip(form.host), place(inHost), clip(s.r.in.Host))
			}
			if form.host == a.host {
				return certain(StageCanonical, CauseEncoding, "", "the URL was minted for the path %s, and was used with %s: a proxy changed the path", clip(form.path), clip(a.path))
			}
			return certain(StageCanonical, CauseHost, "host", "the URL was signed for the host %s, and came to the store as %s: it was minted for another name, or a proxy changed Host or its port", clip(form.host), clip(s.r.in.Host))
		}
	}
	return nil
}

func place(host bool) string {
	if host {
		return "host"
	}
	return "path"
}

// path tries the key in other encodings, and other keys and buckets.
func (s *search) path() []Finding {
	raw := s.r.in.RawPath
	paths := map[string]string{}
	var order []string
	add := func(p, why string) {
		if p != s.r.a.path && paths[p] == "" {
			paths[p], order = why, append(order, p)
		}
	}
	once, _ := unescape(raw, false)
	add(raw, "not encoded as it was sent")
	add(escape(raw, true), "encoded twice")
	if again, ok := canonicalPath(once); ok && again != "" {
		add(again, "encoded once less")
	}
	if twice, ok := unescape(once, false); ok {
		add(escape(twice, true), "encoded once less")
	}
	add(escape(once, true), "with its encoded slashes as slashes")
	add(strings.ReplaceAll(s.r.a.path, "%2B", "%20"), "with spaces where a plus sign came")
	add(strings.ReplaceAll(s.r.a.path, "%20", "%2B"), "with plus signs where a space came")
	add(strings.ReplaceAll(s.r.a.path, "%20", "+"), "with bare plus signs where a space came")
	add(strings.TrimSuffix(s.r.a.path, "/"), "without the slash at its end")
	add(s.r.a.path+"/", "with a slash at its end")
	add("/"+s.r.a.path, "with a double slash at its beginning")
	add(strings.ReplaceAll(s.r.a.path, "//", "/"), "with single slashes")
	if s.r.style == PathStyle { // an encoded slash somewhere in the key
		bucket, key, _ := strings.Cut(strings.TrimPrefix(s.r.a.path, "/"), "/")
		add("/"+bucket+"/"+strings.ReplaceAll(key, "/", "%2F"), "with its slashes encoded as %2F")
	} else {
		add("/"+strings.ReplaceAll(strings.TrimPrefix(s.r.a.path, "/"), "/", "%2F"), "with its slashes encoded as %2F")
	}
	for i := 1; i < len(s.r.a.path); i++ { // one slash of them
		if s.r.a.path[i] == '/' {
			add(s.r.a.path[:i]+"%2F"+s.r.a.path[i+1:], "with a slash encoded as %2F")
		}
	}
	add(strings.ReplaceAll(s.r.a.path, "%2F", "%252F"), "with the characters %2F in the key, not a slash")
	add(escape(norm.NFC.String(once), true), "with its letters in another form of Unicode (NFC)")
	add(escape(norm.NFD.String(once), true), "with its letters in another form of Unicode (NFD)")
	for _, p := range order {
		if s.with(func(a *attempt) { a.path = p }) {
			return certain(StageCanonical, CauseEncoding, "", "the path was signed as %s, that is %s, and was used as %s: the key was encoded or decoded once too often, or something on the way normalised it", clip(p), paths[p], clip(raw))
		}
	}
	return s.other()
}

// other tries the buckets and keys that were named.
func (s *search) other() []Finding {
	bucket, key, style := locate(s.r.a.d, s.r.in)
	for _, b := range append([]string{bucket}, s.known.Buckets...) {
		for _, k := range append([]string{key}, s.known.Keys...) {
			path, host := "/"+escape(k, true), s.r.a.host
			switch style {
			case PathStyle:
				path = "/" + escape(b, false)
				if k != "" {
					path += "/" + escape(k, true)
				}
			case VirtualHosted:
				host = b + strings.TrimPrefix(host, bucket)
			}
			if !s.with(func(a *attempt) { a.path, a.host = path, host }) {
				continue
			}
			if b != bucket {
				return certain(StageCanonical, CauseBucket, "", "the URL was minted for the bucket %s, and was used on %s", clip(b), clip(bucket))
			}
			return certain(StageCanonical, CauseObject, "", "the URL was minted for the key %s, and was used on %s", clip(k), clip(key))
		}
	}
	return nil
}
