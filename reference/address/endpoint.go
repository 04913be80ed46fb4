package address

import (
	"net/netip"
	"strconv"
	"strings"
)

// The endpoints that have a native scheme, and the ones that must not be used.
const (
	coreWeaveEndpoint = "cwobject.com"
	lotaEndpoint      = "cwlota.com"
	googleEndpoint    = "storage.googleapis.com"
	azureDomain       = "blob.core.windows.net"
)

// endpoint is a host and port, checked.
type endpoint struct {
	host string // lower case, without brackets and trailing dot
	port string // "" when none was given
	ip   bool
}

// String is host[:port] as an URL has it.
func (e endpoint) String() string {
	h := e.host
	if e.ip && strings.IndexByte(h, ':') >= 0 {
		h = "[" + h + "]"
	}
	if e.port == "" {
		return h
	}
	return h + ":" + e.port
}

// bare says whether this is one label without a port: a bucket's name rather than a host.
func (e endpoint) bare() bool {
	return e.port == "" && !e.ip && e.host != "localhost" && strings.IndexByte(e.host, '.') < 0
}

// below says whether the host is domain or a name below it, by whole labels: evil-cwobject.com is not.
func (e endpoint) below(domain string) bool { return isBelow(e.host, domain) }

func isBelow(host, domain string) bool {
	return strings.HasSuffix(host, domain) && (len(host) == len(domain) || host[len(host)-len(domain)-1] == '.')
}

// parseEndpoint checks a host[:port]. Underscores pass: names inside a cluster have them.
func parseEndpoint(p Provider, requirement, s string) (e endpoint, err *Error) {
	bad := func(rule, fix string) (endpoint, *Error) {
		return endpoint{}, refuse(p, requirement, "host", rule, fix)
	}
	if s == "" {
		return bad("there is no host", "write "+form(p))
	}
	if isPlaceholder(s) {
		return bad("the host is a placeholder that was left in", "put in the endpoint's own name")
	}
	port, hasPort := "", false
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return bad("the bracket of an IPv6 address is not closed", "write [::1]:9000")
		}
		ip, perr := netip.ParseAddr(s[1:end])
		if perr != nil || !ip.Is6() || ip.Zone() != "" {
			return bad("what stands in brackets is no IPv6 address", "write [::1]:9000")
		}
		e.host, e.ip = ip.String(), true
		if after := s[end+1:]; after != "" {
			if after[0] != ':' {
				return bad("something other than a port follows the bracket", "write [::1]:9000")
			}
			port, hasPort = after[1:], true
		}
	} else {
		if strings.Count(s, ":") > 1 {
			return bad("there are several colons in the host", "write an IPv6 address in brackets, as in [::1]:9000")
		}
		e.host, port, hasPort = strings.Cut(s, ":")
		e.host = strings.ToLower(strings.TrimSuffix(e.host, "."))
		if !hostName(e.host) {
			return bad("this is no host's name", "a host is made of letters, digits, - and .")
		}
		if c := e.host[len(e.host)-1]; '0' <= c && c <= '9' {
			_, perr := netip.ParseAddr(e.host)
			if e.ip = perr == nil; !e.ip && isIPv4(e.host) {
				return bad("this is no IPv4 address", "write four numbers from 0 to 255")
			}
		}
	}
	if hasPort {
		n, perr := strconv.Atoi(port)
		if perr != nil || !isDigits(port) || len(port) > 5 || n < 1 || n > 65535 {
			return bad("the port is not a number from 1 to 65535", "write host:9000, and percent-encode the secret if it stands here")
		}
		e.port = strconv.Itoa(n)
	}
	return e, nil
}

// hostName checks labels of letters, digits, "-" and "_", at most 63 each and 253 in all.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case isLowerOrDigit(c), c == '-', c == '_':
			label++
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return label > 0
}

// isMachine says whether a name below amazonaws.com is a machine or a load balancer, where an S3-compatible store may
// run, and not a service of AWS.
func isMachine(host string) bool {
	return strings.Contains(host, ".compute.amazonaws.com") || strings.Contains(host, ".compute-1.amazonaws.com") ||
		strings.HasSuffix(host, ".elb.amazonaws.com") || strings.Contains(host, ".elb.") && isBelow(host, "amazonaws.com")
}

// isAWS says whether the host belongs to AWS, in any partition.
func isAWS(host string) bool {
	for _, suffix := range awsSuffixes {
		if isBelow(host, suffix) {
			return !isMachine(host)
		}
	}
	return false
}

// form is how an address of the provider is written.
func form(p Provider) string {
	switch p {
	case CoreWeave:
		return "cw://<accessKey>:<secretAccessKey>@cwobject.com/<bucketName>?tls=true"
	case AWS:
		return "s3://<accessKey>:<secretAccessKey>@<s3_regional_url_endpoint>/<bucketName>?region=<region>"
	case S3Compatible:
		return "s3://<accessKey>:<secretAccessKey>@<url_endpoint>/<bucketName>?region=<region>&tls=true"
	case GCP:
		return "gs://<serviceAccountEmail>:<urlEncodedPrivateKey>@<bucketName>"
	case Azure:
		return "az://:<urlEncodedAccessKey>@<storageAccountName>/<containerName>"
	}
	return "s3://<accessKey>:<secretAccessKey>@<endpoint>/<bucketName>?region=<region>"
}

// formOf is the requirement that gives a provider's form.
func formOf(p Provider) string {
	switch p {
	case CoreWeave:
		return "BYOB-ADDR-001"
	case S3Compatible:
		return "BYOB-ADDR-006"
	case GCP:
		return "BYOB-ADDR-007"
	case Azure:
		return "BYOB-ADDR-008"
	}
	return "BYOB-ADDR-005"
}
