package address

import "strings"

// parseS3 reads s3:// in its three forms: with credentials and endpoint for AWS (BYOB-ADDR-005) and for S3-compatible
// stores (BYOB-ADDR-006), and without either for AWS (BYOB-ADDR-020).
func parseS3(a *Address, s *parts, o Options) *Error {
	var host endpoint
	var endpointRegion string
	var err *Error
	if s.hasUserinfo {
		host, endpointRegion, err = parseS3Endpoint(a, s, o)
	} else {
		err = parseS3Bare(a, s, o)
	}
	if err != nil {
		return err
	}
	names := a.Provider
	if host.host == coreWeaveEndpoint {
		names = CoreWeave
	}
	if err := checkName(names, a.Bucket); err != nil {
		err.Provider = a.Provider
		return err
	}
	q, err := parseQuery(a.Provider, s)
	if err != nil {
		return err
	}
	if a.Provider == AWS {
		err = a.finishAWS(q, endpointRegion, o.Instance)
	} else {
		err = a.finishS3Compatible(q, host, o.Edition)
	}
	if err != nil {
		return err
	}
	return a.setStyle(q, host)
}

// parseS3Endpoint reads credentials, endpoint, bucket and sub-path.
func parseS3Endpoint(a *Address, s *parts, o Options) (host endpoint, region string, err *Error) {
	fail := func(err *Error) (endpoint, string, *Error) { return endpoint{}, "", err }
	if a.Credentials, err = s.keyPair(o.Provider); err != nil {
		err.Provider = ""
		return fail(err)
	}
	if host, err = parseEndpoint("", formOf(o.Provider), s.host); err != nil {
		return fail(err)
	}
	switch {
	case host.bare():
		return fail(refuse("", "BYOB-ADDR-020", "host", "with credentials, the endpoint stands after the @, not the bucket",
			"write "+form(o.Provider)+"; a host of one label needs its port"))
	case host.below(lotaEndpoint):
		return fail(refuseLOTA(CoreWeave))
	case host.below(coreWeaveEndpoint) && host.host != coreWeaveEndpoint:
		return fail(refuse(CoreWeave, "BYOB-ADDR-003", "host", "the bucket stands before CoreWeave's endpoint", "write "+form(CoreWeave)))
	case host.below(azureDomain):
		return fail(refuse(Azure, "BYOB-ADDR-012", "scheme", "Azure does not speak S3", "write az://: "+form(Azure)))
	}
	a.Provider, a.Endpoint = S3Compatible, host.String()
	if isAWS(host.host) {
		a.Provider = AWS
		if region, err = awsEndpoint(host.host); err != nil {
			return fail(err)
		}
	}
	if host.below(googleEndpoint) && host.host != googleEndpoint {
		return fail(refuse(a.Provider, "BYOB-ADDR-006", "host", "the bucket stands before the endpoint", "write "+form(GCP)))
	}
	if o.Provider != "" && o.Provider != a.Provider {
		return fail(refuse(a.Provider, formOf(o.Provider), "host", "this is no endpoint of the expected provider, "+known(o.Provider),
			"write "+form(o.Provider)))
	}
	if a.Bucket, a.Path, err = cutBucket(a.Provider, s.path); err != nil {
		return fail(err)
	}
	if a.Bucket == "" {
		return fail(refuse(a.Provider, formOf(a.Provider), "bucket", "there is no bucket after the endpoint", "write "+form(a.Provider)))
	}
	return host, region, nil
}

// parseS3Bare reads s3://<bucket>[/<path>]: without credentials the host is always the bucket. What looks like an
// endpoint is refused, since an S3-compatible store can't be meant without credentials.
func parseS3Bare(a *Address, s *parts, o Options) *Error {
	a.Provider = AWS
	bad := func(part, rule, fix string) *Error { return refuse(AWS, "BYOB-ADDR-020", part, rule, fix) }
	if o.Provider == S3Compatible {
		a.Provider = S3Compatible
		return refuse(S3Compatible, "BYOB-ADDR-006", "credentials", "an S3-compatible store needs endpoint and credentials", "write "+form(S3Compatible))
	}
	host := strings.ToLower(s.host)
	switch {
	case host == "":
		return bad("bucket", "there is no bucket", "write s3://<bucketName>, or "+form(""))
	case strings.IndexByte(host, ':') >= 0 || host[0] == '[':
		return bad("host", "without credentials, the bucket follows s3://, which has no colon",
			"write s3://<bucketName>, or "+form(S3Compatible))
	case isBelow(host, lotaEndpoint):
		return refuseLOTA(CoreWeave)
	case isBelow(host, coreWeaveEndpoint):
		return refuse(CoreWeave, "BYOB-ADDR-020", "host", "this is CoreWeave's endpoint, not a bucket", "write cw://<bucketName>.cwobject.com")
	case isBelow(host, googleEndpoint):
		return refuse(GCP, "BYOB-ADDR-020", "host", "this is Google's endpoint, not a bucket", "write gs://<bucketName>")
	case isBelow(host, azureDomain):
		return refuse(Azure, "BYOB-ADDR-012", "scheme", "Azure does not speak S3", "write az://<storageAccountName>/<containerName>")
	case isAWS(host):
		return bad("host", "this is an endpoint of AWS, not a bucket", "write s3://<bucketName>, or "+form(AWS))
	case strings.IndexByte(host, '.') >= 0 && strings.Trim(s.path, "/") != "":
		return bad("host", "this looks like an endpoint with a bucket, and there are no credentials",
			"write "+form("")+"; a bucket with dots in its name and a sub-path needs its endpoint, too")
	}
	a.Bucket = s.host
	var err *Error
	a.Path, err = subPath(AWS, strings.TrimPrefix(s.path, "/"))
	return err
}

// finishAWS settles region and TLS (BYOB-ADDR-005).
func (a *Address) finishAWS(q query, endpointRegion string, instance *Instance) *Error {
	bad := func(rule, fix string) *Error { return refuse(AWS, "BYOB-ADDR-005", "query", rule, fix) }
	switch {
	case q.hasRegion && !awsRegion(q.region):
		return bad("this is no region of AWS", "write one such as region=us-east-1, not an availability zone")
	case q.hasRegion && endpointRegion != "" && q.region != endpointRegion:
		return bad("the endpoint is in "+endpointRegion+", and region says "+q.region, "write the bucket's region in both")
	case q.hasRegion:
		a.Region, a.RegionFrom = q.region, FromQuery
	case instance != nil && !instance.OnAWS:
		return bad("the region is missing, and the W&B instance is not on AWS", "add ?region=<region>")
	case instance != nil && instance.AWSRegion == "":
		return bad("the region is missing, and the W&B instance has no AWS_REGION", "add ?region=<region>")
	case instance != nil && endpointRegion != "" && instance.AWSRegion != endpointRegion:
		return bad("the region is missing, and the W&B instance's AWS_REGION is not the endpoint's, "+endpointRegion, "add ?region="+endpointRegion)
	case instance != nil:
		a.Region, a.RegionFrom = instance.AWSRegion, FromInstance
	case endpointRegion != "":
		a.Region, a.RegionFrom = endpointRegion, FromEndpoint
		a.warn("BYOB-ADDR-005", "query", "the region is missing, and is taken from the endpoint",
			"add ?region="+endpointRegion+", unless the W&B instance is on AWS and its AWS_REGION is the same")
	case !a.HasCredentials():
		a.warn("BYOB-ADDR-005", "query", "the region is missing, and nothing else names one", "add ?region=<region>")
	default:
		return bad("the region is missing, and the global endpoint names none", "add ?region=<region>")
	}
	if a.TLS = q.tls != no; !a.TLS {
		a.warnPlain("BYOB-ADDR-005", "leave tls=false out")
	}
	return nil
}

// finishS3Compatible settles region, TLS and the hint at a native scheme (BYOB-ADDR-006, 014).
func (a *Address) finishS3Compatible(q query, host endpoint, edition string) *Error {
	if !q.hasRegion {
		return refuse(S3Compatible, "BYOB-ADDR-006", "query", "the region is missing, which is mandatory for S3-compatible storage",
			"add ?region=<region>&tls=true")
	}
	a.Region, a.RegionFrom = q.region, FromQuery
	before2025 := edition == edition2024Connector || edition == edition2024BYOB
	switch {
	case host.host == coreWeaveEndpoint && !before2025:
		a.warn("BYOB-ADDR-014", "scheme", "CoreWeave has a scheme of its own", "use cw://: "+form(CoreWeave))
	case host.host == googleEndpoint:
		a.warn("BYOB-ADDR-014", "scheme", "GCS has a scheme of its own", "use gs://: "+form(GCP))
	}
	a.TLS = q.tls == yes
	if !a.TLS && host.host == coreWeaveEndpoint {
		return refuse(S3Compatible, "BYOB-ADDR-004", "query", "CoreWeave is reached by TLS 1.3 only", "write tls=true")
	}
	if !a.TLS {
		a.warnPlain("BYOB-ADDR-006", "add tls=true if the endpoint has TLS")
	}
	return nil
}

func (a *Address) warnPlain(requirement, fix string) {
	a.warn(requirement, "query", "the store is reached by plain http, which anyone on the way can read", fix)
}

// setStyle settles the addressing style (BYOB-ADDR-018).
func (a *Address) setStyle(q query, host endpoint) *Error {
	bad := func(requirement, rule, fix string) *Error { return refuse(a.Provider, requirement, "query", rule, fix) }
	a.PathStyle = a.defaultPathStyle()
	dotted := strings.IndexByte(a.Bucket, '.') >= 0
	switch {
	case host.host == coreWeaveEndpoint && q.pathStyle != unset:
		return bad("BYOB-ADDR-013", "CoreWeave has no path style", "leave forcePathStyle out")
	case q.pathStyle == yes:
		a.PathStyle = true
	case q.pathStyle == no && host.ip:
		return bad("BYOB-ADDR-018", "an IP address has no virtual-hosted style", "leave forcePathStyle=false out")
	case q.pathStyle == no && dotted && a.TLS:
		return bad("BYOB-ADDR-018", "a bucket with dots in its name has no virtual-hosted style under TLS, for no certificate covers it",
			"leave forcePathStyle=false out")
	case q.pathStyle == no:
		a.PathStyle = false
	}
	if a.Endpoint == "" && dotted && a.PathStyle {
		a.warn("BYOB-ADDR-018", "bucket", "the bucket's name has dots, and so it is addressed in path style",
			"no certificate covers the virtual-hosted style of such a name; new buckets should have no dots")
	}
	return nil
}

// defaultPathStyle is the style without forcePathStyle: virtual-hosted at CoreWeave and at AWS without an endpoint,
// unless dots in the bucket's name forbid it; path style at any other endpoint, AWS's own included.
func (a *Address) defaultPathStyle() bool {
	switch {
	case a.Provider == GCP || a.Provider == Azure:
		return false
	case a.Endpoint == "":
		return strings.IndexByte(a.Bucket, '.') >= 0
	}
	host := a.Endpoint
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return host != coreWeaveEndpoint
}
