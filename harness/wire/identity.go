package wire

import (
	"net/http"
	"regexp"
	"strings"
)

// tokenRequests are the requests, each with its method, host and path, by which a provider's credential chain gets a token.
// They change nothing. A host alone would not do: "sts.s3.amazonaws.com" is a bucket, and the metadata services take writes.
var tokenRequests = regexp.MustCompile(`^(?:` + strings.ReplaceAll(strings.Join([]string{
	`POST https://oauth2\.googleapis\.com/token`,
	`POST https://accounts\.google\.com/o/oauth2/token`,
	`POST https://www\.googleapis\.com/oauth2/v4/token`,
	`POST https://sts\.googleapis\.com/v1/(?:oauth)?token`,
	`POST https://iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/[^/]+:generateAccessToken`,
	`POST https://login\.(?:microsoftonline\.(?:com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)/[^/]+/oauth2/v2\.0/token`,
	`POST https://sts(?:-fips)?(?:\.REGION)?\.amazonaws\.com(?:\.cn)?/`,
	`POST https://oidc\.REGION\.amazonaws\.com(?:\.cn)?/token`,
	`POST https://signin\.REGION\.amazonaws\.com(?:\.cn)?/v1/token`,
	`PUT http://(?:169\.254\.169\.254|\[fd00:ec2::254\])/latest/api/token`, // Amazon EC2 user guide, IMDSv2
}, "|"), `REGION`, `[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}`) + `)$`)

// isTokenRequest reports a request that asks for a token.
func isTokenRequest(req *http.Request) bool {
	u := req.URL
	host := spelled(u.Scheme, u.Host)
	if req.Host != "" && spelled(u.Scheme, req.Host) != host {
		return false
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return tokenRequests.MatchString(req.Method + " " + u.Scheme + "://" + host + path)
}
