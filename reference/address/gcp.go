package address

import "strings"

// parseGCS reads gs://<serviceAccountEmail>:<urlEncodedPrivateKey>@<bucket> (BYOB-ADDR-007) and gs://<bucket>
// (BYOB-ADDR-020).
func parseGCS(a *Address, s *parts) *Error {
	requirement := "BYOB-ADDR-020"
	if s.hasUserinfo {
		requirement = "BYOB-ADDR-007"
		id, secret, err := s.pair(GCP)
		if err != nil {
			return err
		}
		if !isEmail(id) {
			return refuse(GCP, "BYOB-ADDR-007", "credentials", "what stands before the colon is no service account's e-mail address",
				"write "+form(GCP))
		}
		secret, err = privateKey(secret)
		if err != nil {
			return err
		}
		a.Credentials = Credentials{ID: id, Secret: NewSecret(secret)}
	}
	switch {
	case s.host == "":
		return refuse(GCP, requirement, "bucket", "there is no bucket", "write gs://<bucketName>, or "+form(GCP))
	case strings.IndexByte(s.host, ':') >= 0 || isBelow(strings.ToLower(s.host), "googleapis.com"):
		return refuse(GCP, requirement, "host", "the bucket follows, not an endpoint", "write gs://<bucketName>, or "+form(GCP))
	}
	a.Bucket = s.host
	var err *Error
	if a.Path, err = subPath(GCP, strings.TrimPrefix(s.path, "/")); err != nil {
		return err
	}
	if err := checkName(GCP, a.Bucket); err != nil {
		return err
	}
	return a.finishWithoutStyle(s, "GCS")
}

// finishWithoutStyle reads the query of the two providers that have neither plain http nor a choice of style.
func (a *Address) finishWithoutStyle(s *parts, name string) *Error {
	q, err := parseQuery(a.Provider, s)
	if err != nil {
		return err
	}
	if q.tls == no {
		return refuse(a.Provider, "BYOB-ADDR-013", "query", name+" is reached by TLS only", "leave tls=false out")
	}
	if q.pathStyle != unset {
		return refuse(a.Provider, "BYOB-ADDR-013", "query", name+" has no path style", "leave forcePathStyle out")
	}
	a.TLS = true
	a.takeRegion(q)
	return nil
}

// isEmail asks for one "@" between two parts without white space or control characters.
func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	if at < 1 || at == len(s)-1 || strings.LastIndexByte(s, '@') != at {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ':' || s[i] == '/' {
			return false
		}
	}
	return true
}
