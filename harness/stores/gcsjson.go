package stores

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// gcsRequest is a request of the JSON API that is understood and permitted.
type gcsRequest struct {
	w      http.ResponseWriter
	r      *http.Request
	query  url.Values
	caller gcsCaller
	key    string   // of the object, "" for the bucket
	rest   []string // of the path, decoded
}

// gcsMethod is a method of the JSON API: the permission it begins with (Cloud Storage documentation, "IAM permissions for JSON
// methods"), the scope and the parameters it takes (discovery document of storage v1).
type gcsMethod struct {
	permission string
	scope      grant
	params     []string
	do         func(*gcsFront, *gcsRequest) *gcsError
}

// gcsParams any method takes. Who pays and who is counted makes no difference here.
var gcsParams = []string{"alt", "fields", "key", "prettyPrint", "quotaUser", "userIp", "userProject", "projection", "uploadType", "$.xgafv"}

var (
	ifBucket = []string{"ifMetagenerationMatch", "ifMetagenerationNotMatch"}
	ifObject = []string{"ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch"}
	ifSource = []string{"ifSourceGenerationMatch", "ifSourceGenerationNotMatch", "ifSourceMetagenerationMatch", "ifSourceMetagenerationNotMatch"}
)

// gcsMethods are those of the JSON API that are done here, by HTTP method and path, objects as "*".
var gcsMethods = map[string]gcsMethod{
	"GET b/*":                      {"storage.buckets.get", reader, ifBucket, (*gcsFront).getBucket},
	"PATCH b/*":                    {"storage.buckets.update", controller, ifBucket, (*gcsFront).changeBucket},
	"PUT b/*":                      {"storage.buckets.update", controller, ifBucket, (*gcsFront).changeBucket},
	"GET b/*/iam":                  {"storage.buckets.getIamPolicy", controller, []string{"optionsRequestedPolicyVersion"}, (*gcsFront).getPolicy},
	"PUT b/*/iam":                  {"storage.buckets.setIamPolicy", controller, nil, (*gcsFront).setPolicy},
	"GET b/*/iam/testPermissions":  {"", reader, []string{"permissions"}, (*gcsFront).testPermissions},
	"GET b/*/storageLayout":        {"storage.objects.list", reader, nil, (*gcsFront).getLayout},
	"GET b/*/notificationConfigs":  {"storage.buckets.get", reader, nil, (*gcsFront).listNotifications},
	"GET b/*/acl":                  {"storage.buckets.get", controller, nil, (*gcsFront).refuseACL},
	"GET b/*/defaultObjectAcl":     {"storage.buckets.get", controller, nil, (*gcsFront).refuseACL},
	"POST b/*/acl":                 {"storage.buckets.update", controller, nil, (*gcsFront).refuseACL},
	"POST b/*/defaultObjectAcl":    {"storage.buckets.update", controller, nil, (*gcsFront).refuseACL},
	"GET b/*/o":                    {"storage.objects.list", reader, []string{"delimiter", "endOffset", "includeTrailingDelimiter", "maxResults", "pageToken", "prefix", "softDeleted", "startOffset", "versions"}, (*gcsFront).listJSON},
	"GET b/*/o/*":                  {"storage.objects.get", reader, slices.Concat(ifObject, []string{"generation", "softDeleted"}), (*gcsFront).getJSON},
	"PATCH b/*/o/*":                {"storage.objects.update", controller, slices.Concat(ifObject, []string{"generation"}), (*gcsFront).changeJSON},
	"PUT b/*/o/*":                  {"storage.objects.update", controller, slices.Concat(ifObject, []string{"generation"}), (*gcsFront).changeJSON},
	"DELETE b/*/o/*":               {"storage.objects.delete", writer, slices.Concat(ifObject, []string{"generation"}), (*gcsFront).deleteJSON},
	"POST b/*/o/*/restore":         {"storage.objects.restore", controller, slices.Concat(ifObject, []string{"generation", "copySourceAcl"}), (*gcsFront).restoreJSON},
	"POST b/*/o/*/rewriteTo/b/*/o": {"storage.objects.get", writer, slices.Concat(ifObject, ifSource, []string{"destinationKmsKeyName", "sourceGeneration", "maxBytesRewrittenPerCall"}), (*gcsFront).copyJSON},
	"POST b/*/o/*/copyTo/b/*/o":    {"storage.objects.get", writer, slices.Concat(ifObject, ifSource, []string{"destinationKmsKeyName", "sourceGeneration"}), (*gcsFront).copyJSON},
	"GET b/*/o/*/acl":              {"storage.objects.get", controller, nil, (*gcsFront).refuseACL},
	"POST b/*/o/*/acl":             {"storage.objects.update", controller, nil, (*gcsFront).refuseACL},
	"upload POST b/*/o":            {"storage.objects.create", writer, slices.Concat(ifObject, []string{"name", "contentEncoding", "kmsKeyName"}), (*gcsFront).insertJSON},
	"GET b":                        {"storage.buckets.list", reader, nil, (*gcsFront).refuseProject},
	"POST b":                       {"storage.buckets.create", writer, nil, (*gcsFront).refuseProject},
}

// aclParams set access control lists.
var aclParams = []string{"predefinedAcl", "predefinedDefaultObjectAcl", "destinationPredefinedAcl"}

// serveJSON is the JSON API. Its own CORS rules have nothing to do with the bucket's (Cloud Storage documentation,
// "Cross-origin resource sharing", "Cloud Storage CORS support").
func (f *gcsFront) serveJSON(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Add("Vary", "Origin")
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "DELETE,GET,HEAD,PATCH,POST,PUT")
		w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		w.WriteHeader(http.StatusOK)
		return
	}
	if m := r.Header.Get("X-Http-Method-Override"); m != "" && r.Method == http.MethodPost {
		r.Method = m // before anybody asks what it needs
	}
	if err := f.dispatch(w, r); err != nil {
		err.writeJSON(w, r)
	}
}

// dispatch finds a request's method and does it, if the caller may.
func (f *gcsFront) dispatch(w http.ResponseWriter, r *http.Request) *gcsError {
	q := &gcsRequest{w: w, r: r, query: r.URL.Query()}
	name, bucket, err := q.route()
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "upload PUT ") || strings.HasPrefix(name, "upload DELETE ") || strings.HasPrefix(name, "upload POST ") && q.query.Get("upload_id") != "" {
		return f.session(q) // its URI is its credential
	}
	m, known := gcsMethods[name]
	if !f.unverified {
		if q.caller, err = f.authenticate(r, m.scope); err != nil {
			return err
		}
	}
	switch {
	case bucket != "" && bucket != f.owner.bucket:
		return noBucket()
	case !known:
		return unimplemented(strings.ReplaceAll(name, "*", "_"))
	}
	if m.permission != "" {
		if err := f.permit(q.caller, m.permission); err != nil {
			return err
		}
	}
	if err := q.checkParams(m.params); err != nil {
		return err
	}
	if err := refuseSuppliedKeys(r.Header); err != nil {
		return err
	}
	return m.do(f, q)
}

// authenticate says who asks. Signed URLs are for the XML API alone.
func (f *gcsFront) authenticate(r *http.Request, need grant) (gcsCaller, *gcsError) {
	c, known := f.bearer(r, time.Now())
	switch {
	case known && c.grant == nobody:
		return c, &gcsError{status: http.StatusUnauthorized, reason: "authError", Message: "Invalid Credentials"}
	case known && c.grant < max(need, reader):
		return c, outOfScope()
	}
	return c, nil
}

// route takes a path apart before it is decoded: an encoded slash is part of a name.
func (q *gcsRequest) route() (name, bucket string, refusal *gcsError) {
	path := q.r.URL.EscapedPath()
	kind := ""
	switch {
	case strings.HasPrefix(path, "/upload/storage/v1/"):
		kind, path = "upload ", strings.TrimPrefix(path, "/upload")
	case strings.HasPrefix(path, "/download/storage/v1/"):
		q.query.Set("alt", "media")
		path = strings.TrimPrefix(path, "/download")
	}
	path, ok := strings.CutPrefix(path, "/storage/v1/")
	if !ok {
		return "", "", unimplemented(q.r.URL.Path)
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(segments) > 3 && segments[2] == "o" && segments[3] == "" {
		return "", "", invalid("Required")
	}
	method := q.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	name = kind + method
	sep := " "
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return "", "", invalid("The path can't be read.")
		}
		switch {
		case segments[0] == "b" && i == 1 && decoded == "":
			return "", "", invalid("Required")
		case segments[0] == "b" && i == 1:
			bucket, s = decoded, "*"
		case segments[0] == "b" && i == 3 && segments[2] == "o":
			q.key, s = decoded, "*"
		case segments[0] == "b" && i >= 6 && segments[2] == "o" && segments[5] == "b":
			q.rest = append(q.rest, decoded)
			switch i {
			case 6:
				s = "*"
			case 8:
				continue
			}
		}
		name += sep + s
		sep = "/"
	}
	return name, bucket, nil
}

// checkParams refuses what would otherwise be dropped.
func (q *gcsRequest) checkParams(known []string) *gcsError {
	for name, values := range q.query {
		switch {
		case strings.Join(values, "") == "" || values[0] == "false": // clients send parameters by which they ask for nothing
		case slices.Contains(aclParams, name):
			return uniform("insert legacy ACL for an object")
		case name == "projection" && values[0] != "full" && values[0] != "noAcl":
			return invalid("Invalid value for projection: %q.", values[0])
		case !slices.Contains(gcsParams, name) && !slices.Contains(known, name):
			return unimplemented("the parameter " + name)
		case len(values) > 1 && name != "permissions":
			return invalid("The parameter %s is given more than once.", name)
		}
	}
	return nil
}

// documentCap is how long a resource in a request may be.
const documentCap = 1 << 20

func (q *gcsRequest) body() []byte {
	body, err := io.ReadAll(io.LimitReader(q.r.Body, documentCap))
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	return body
}

// answer writes a resource, or the fields of it that were asked for.
func (q *gcsRequest) answer(v any) *gcsError {
	text, err := json.Marshal(v)
	if err != nil {
		return broken("written")
	}
	if selection := q.query.Get("fields"); selection != "" {
		fields, ok := parseFields(selection)
		var document any
		if !ok || json.Unmarshal(text, &document) != nil {
			return invalid("Invalid field selection %s", selection)
		}
		if text, err = json.Marshal(fields.of(document)); err != nil {
			return broken("written")
		}
	}
	q.w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = q.w.Write(append(text, '\n'))
	return nil
}
