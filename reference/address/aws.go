package address

import "strings"

// awsSuffixes are the domains of S3's endpoints by partition, as the AWS SDK's endpoint rules have them.
var awsSuffixes = [...]string{
	"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu",
	"c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
}

// suffixOf is the domain of a region's partition.
func suffixOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	case strings.HasPrefix(region, "us-iso-"):
		return "c2s.ic.gov"
	case strings.HasPrefix(region, "us-isob-"):
		return "sc2s.sgov.gov"
	case strings.HasPrefix(region, "eu-isoe-"):
		return "cloud.adc-e.uk"
	case strings.HasPrefix(region, "us-isof-"):
		return "csp.hci.ic.gov"
	}
	return "amazonaws.com"
}

// awsEndpoint takes the region out of an S3 endpoint of AWS: regional, dual-stack, FIPS, both, legacy with a hyphen,
// and interface endpoints (vpce). The global endpoint s3.amazonaws.com names no region. It refuses hosts that hold
// the bucket, and the endpoints of other things: access points, websites, acceleration, other services.
func awsEndpoint(host string) (region string, err *Error) {
	bad := func(rule, fix string) (string, *Error) { return "", refuse(AWS, "BYOB-ADDR-005", "host", rule, fix) }
	const regional = "use the regional endpoint, such as s3.us-east-1.amazonaws.com"
	suffix := ""
	for _, s := range awsSuffixes {
		if isBelow(host, s) {
			suffix = s
		}
	}
	if host == suffix {
		return bad("this is AWS's domain, not an endpoint", regional)
	}
	name := host[:len(host)-len(suffix)-1]
	if inner, ok := strings.CutSuffix(name, ".vpce"); ok {
		before, r, found := strings.Cut(inner, ".s3.")
		if !found || !strings.HasPrefix(before, "bucket.vpce-") && !strings.HasPrefix(before, "vpce-") {
			return bad("this is no interface endpoint for buckets", "use bucket.vpce-<id>.s3.<region>.vpce.amazonaws.com")
		}
		return checkEndpointRegion(r, suffix)
	}
	first, rest, more := strings.Cut(name, ".")
	switch {
	case first == "s3-accelerate":
		return bad("this is the transfer acceleration endpoint, which has no path style", regional)
	case strings.HasPrefix(first, "s3-website"):
		return bad("this is a website endpoint, which takes no pre-signed URLs", regional)
	case !more && first == "s3":
		return "", nil
	case !more && first == "s3-external-1":
		return "us-east-1", nil
	case more && (first == "s3" || first == "s3-fips"):
		return checkEndpointRegion(strings.TrimPrefix(rest, "dualstack."), suffix)
	case !more && strings.HasPrefix(first, "s3-fips-"):
		return checkEndpointRegion(first[len("s3-fips-"):], suffix)
	case !more && strings.HasPrefix(first, "s3-"):
		return checkEndpointRegion(first[len("s3-"):], suffix)
	case strings.Contains(name, ".s3-accesspoint"):
		return bad("this is an access point, not a bucket", regional+", and the bucket in the path")
	case strings.Contains(name, ".s3.") || strings.HasSuffix(name, ".s3") || strings.Contains(name, ".s3-"):
		return bad("the bucket stands before the endpoint", "write the regional endpoint and the bucket in the path: "+form(AWS))
	}
	return bad("this is an endpoint of AWS, yet not of S3", regional)
}

func checkEndpointRegion(region, suffix string) (string, *Error) {
	if !awsRegion(region) {
		return "", refuse(AWS, "BYOB-ADDR-005", "host", "this is no regional endpoint of S3", "use one such as s3.us-east-1.amazonaws.com")
	}
	if suffixOf(region) != suffix {
		return "", refuse(AWS, "BYOB-ADDR-005", "host", "the region "+region+" is not in this domain",
			"use s3."+region+"."+suffixOf(region))
	}
	return region, nil
}

// awsRegion says whether s has the shape of an AWS region: us-east-1, us-gov-west-1, eusc-de-east-1, us-isob-east-1.
// A message may repeat what has this shape.
func awsRegion(s string) bool {
	if len(s) < 6 || len(s) > 20 {
		return false
	}
	words, length := 0, 0
	last := strings.LastIndexByte(s, '-')
	if last < 0 || !isDigits(s[last+1:]) || len(s)-last > 3 {
		return false
	}
	for i := 0; i <= last; i++ {
		if s[i] == '-' {
			if length < 2 || words == 0 && length > 4 || length > 9 {
				return false
			}
			words, length = words+1, 0
			continue
		}
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
		length++
	}
	return words == 2 || words == 3
}
