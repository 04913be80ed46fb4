package signing

import (
	"net/netip"
	"slices"
	"strings"
)

// locate reads bucket and key off host and path: virtual-hosted under a known domain, path style otherwise.
func locate(d *dialect, in *Input) (bucket, key string, style Style) {
	path := strings.TrimPrefix(in.RawPath, "/")
	if in.Bucket != "" {
		bucket, style = in.Bucket, BucketBound
	} else if b, ok := hostBucket(d, in); ok {
		bucket, style = b, VirtualHosted
	} else {
		bucket, path, _ = strings.Cut(path, "/")
		bucket = decoded(bucket)
	}
	return bucket, decoded(path), style
}

func decoded(s string) string {
	if d, ok := unescape(s, false); ok {
		return d
	}
	return s
}

// hostBucket is what stands before a known domain in the host.
func hostBucket(d *dialect, in *Input) (string, bool) {
	host, _ := splitPort(in.Host)
	for _, domain := range in.Domains {
		if b, ok := below(host, domain); ok {
			return b, true
		}
	}
	if b, ok := below(host, "storage.googleapis.com"); ok || d.scheme == GCS {
		return b, ok
	}
	if b, ok := below(host, "cwobject.com"); ok {
		return b, true
	}
	if b, ok := below(host, "cwlota.com"); ok {
		return b, true
	}
	if !strings.Contains(host, ".amazonaws.") {
		return "", false
	}
	// bucket.s3.amazonaws.com, bucket.s3.eu-west-1.amazonaws.com, bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com
	if i := max(strings.LastIndex(host, ".s3."), strings.LastIndex(host, ".s3-")); i > 0 {
		return host[:i], true
	}
	return "", false
}

// below cuts a domain, in any case, off a host.
func below(host, domain string) (string, bool) {
	n := len(host) - len(domain) - 1
	if n <= 0 || host[n] != '.' || !strings.EqualFold(host[n+1:], domain) {
		return "", false
	}
	return host[:n], true
}

// azureNames reads account, container and blob: account.blob.core.windows.net/container/blob, or account in the path
// where the host is an address, localhost or any other that names no account, as Azurite has it.
func azureNames(in *Input) (account, container, blob, path string) {
	path = in.RawPath
	host, _ := splitPort(strings.ToLower(in.Host))
	first, rest, dotted := strings.Cut(host, ".")
	known := dotted && (strings.HasPrefix(rest, "blob.") || strings.HasPrefix(rest, "dfs.") ||
		slices.ContainsFunc(in.Domains, func(d string) bool { return strings.EqualFold(d, rest) }))
	switch {
	case in.Account != "":
		account = in.Account
	case known && !isAddress(host):
		account = strings.TrimSuffix(first, "-secondary")
	default:
		account, path, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
		path = "/" + path
		account = strings.TrimSuffix(decoded(account), "-secondary")
	}
	container, blob, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return account, decoded(container), decoded(blob), path
}

// isAddress reports whether a host is an IP address: only what has a colon, or ends in a digit, can be one.
func isAddress(host string) bool {
	host = strings.Trim(host, "[]")
	if host == "" || strings.IndexByte(host, ':') < 0 && (host[len(host)-1] < '0' || host[len(host)-1] > '9') {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
