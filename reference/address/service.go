package address

import "strings"

// ServiceURL is the base URL of the store's service, without bucket and trailing slash: https://cwobject.com,
// https://s3.us-east-1.amazonaws.com, https://storage.googleapis.com, https://<account>.blob.core.windows.net,
// http://127.0.0.1:9000.
func (a *Address) ServiceURL() string {
	if !a.TLS {
		return "http://" + a.serviceHost()
	}
	return "https://" + a.serviceHost()
}

// BucketHost is the host[:port] that object requests go to: the service's own, or, virtual-hosted, the bucket's name
// before it (BYOB-ADDR-018).
func (a *Address) BucketHost() string {
	if a.Provider == GCP || a.Provider == Azure || a.PathStyle {
		return a.serviceHost()
	}
	return a.Bucket + "." + a.serviceHost()
}

// serviceHost is the endpoint, or the one a provider's own library would pick without one. AWS without a region is
// the global endpoint.
func (a *Address) serviceHost() string {
	switch {
	case a.Provider == GCP:
		return googleEndpoint
	case a.Provider == Azure:
		return a.Account + "." + azureDomain
	case a.Endpoint != "":
		return a.Endpoint
	case a.Region == "":
		return "s3.amazonaws.com"
	}
	return "s3." + a.Region + "." + suffixOf(a.Region)
}

// ContainsSecret says whether an argument may hold credentials, so that a command line can refuse it before anything
// repeats it. It errs on the side of yes: an "@" anywhere, something other than a port after a colon, a private key, an
// account key or the signature of a pre-signed URL will do. An address or a list that Parse or ParseStores takes
// credentials from always does.
func ContainsSecret(raw string) bool {
	if strings.IndexByte(raw, '@') >= 0 {
		return true
	}
	for _, mark := range [...]string{"private key", "private+key", "private%20key", "accountkey=", "-signature=", "sig="} {
		if containsFold(raw, mark) {
			return true
		}
	}
	rest := raw
	if i := strings.Index(raw, "://"); i >= 0 {
		rest = raw[i+3:]
	} else if strings.Contains(raw, "%40") || containsFold(raw, "%3a") {
		return true
	}
	rest = rest[:authorityEnd(rest)]
	if i := strings.LastIndexByte(rest, ']'); i >= 0 && strings.HasPrefix(rest, "[") {
		rest = rest[i+1:]
	}
	_, port, colon := strings.Cut(rest, ":")
	return colon && (!isDigits(port) || len(port) > 5)
}
