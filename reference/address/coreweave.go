package address

import "strings"

// parseCoreWeave reads cw://<ak>:<sk>@cwobject.com/<bucket> and the bare cw://<bucket>.cwobject.com. Which form has
// the bucket where is contradiction 1 of the sources: with credentials it stands in the path, without them before the
// endpoint (BYOB-ADDR-001, 015).
func parseCoreWeave(a *Address, s *parts) *Error {
	var rawPath string
	if s.hasUserinfo {
		credentials, err := s.keyPair(CoreWeave)
		if err != nil {
			return err
		}
		a.Credentials = credentials
		host, err := parseEndpoint(CoreWeave, "BYOB-ADDR-001", s.host)
		if err != nil {
			return err
		}
		if host.bare() {
			return refuse(CoreWeave, "BYOB-ADDR-020", "host", "with credentials, the endpoint stands after the @, not the bucket",
				"write "+form(CoreWeave))
		}
		if err := checkCoreWeaveHost(host); err != nil {
			return err
		}
		if host.host != coreWeaveEndpoint {
			return refuse(CoreWeave, "BYOB-ADDR-003", "host", "with credentials, the host is exactly cwobject.com", "write the bucket in the path: "+form(CoreWeave))
		}
		if a.Bucket, a.Path, err = cutBucket(CoreWeave, s.path); err != nil {
			return err
		}
		if a.Bucket == "" {
			return refuse(CoreWeave, "BYOB-ADDR-001", "bucket", "there is no bucket after the host", "write "+form(CoreWeave))
		}
	} else {
		if s.host == "" {
			return refuse(CoreWeave, "BYOB-ADDR-001", "host", "cw:// alone is an item of the supported file stores, not an address",
				"write "+form(CoreWeave))
		}
		host, err := parseEndpoint(CoreWeave, "BYOB-ADDR-015", s.host)
		if err != nil {
			return err
		}
		if host.bare() {
			return refuse(CoreWeave, "BYOB-ADDR-015", "host", "the endpoint is missing", "write cw://<bucketName>.cwobject.com")
		}
		if err := checkCoreWeaveHost(host); err != nil {
			return err
		}
		if host.host == coreWeaveEndpoint {
			return refuse(CoreWeave, "BYOB-ADDR-015", "host", "without credentials, the bucket stands before the endpoint",
				"write cw://<bucketName>.cwobject.com")
		}
		// The name is taken as it was written: an upper-case letter is a mistake in a bucket's name.
		written := strings.TrimSuffix(s.host, ".")
		a.Bucket = written[:len(written)-len(coreWeaveEndpoint)-1]
		rawPath = strings.TrimPrefix(s.path, "/")
		if a.Path, err = subPath(CoreWeave, rawPath); err != nil {
			return err
		}
	}
	a.Endpoint = coreWeaveEndpoint
	if err := checkName(CoreWeave, a.Bucket); err != nil {
		return err
	}
	q, err := parseQuery(CoreWeave, s)
	if err != nil {
		return err
	}
	if q.tls == no {
		return refuse(CoreWeave, "BYOB-ADDR-004", "query", "CoreWeave is reached by TLS 1.3 only", "write tls=true, or leave it out")
	}
	if q.pathStyle != unset {
		return refuse(CoreWeave, "BYOB-ADDR-013", "query", "CoreWeave has no path style", "leave forcePathStyle out")
	}
	a.TLS = true
	a.takeRegion(q)
	return nil
}

// checkCoreWeaveHost lets pass cwobject.com and the names below it, without a port.
func checkCoreWeaveHost(host endpoint) *Error {
	switch {
	case host.below(lotaEndpoint):
		return refuseLOTA(CoreWeave)
	case host.below("coreweave.com"):
		return refuse(CoreWeave, "BYOB-ADDR-003", "host", "the older endpoints below coreweave.com are not supported", "use cwobject.com")
	case !host.below(coreWeaveEndpoint):
		return refuse(CoreWeave, "BYOB-ADDR-003", "host", "this is not CoreWeave's endpoint", "use cwobject.com")
	case host.port != "":
		return refuse(CoreWeave, "BYOB-ADDR-003", "host", "CoreWeave's endpoint has no port", "use cwobject.com without a port")
	}
	return nil
}

func refuseLOTA(p Provider) *Error {
	return refuse(p, "BYOB-ADDR-002", "host", "LOTA endpoints (cwlota.com) are not supported", "use cwobject.com")
}

// takeRegion is for the providers that need no region and may be given one.
func (a *Address) takeRegion(q query) {
	if q.region != "" {
		a.Region, a.RegionFrom = q.region, FromQuery
	}
}
