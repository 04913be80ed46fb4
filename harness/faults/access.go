package faults

import (
	"net/http"
	"strings"

	"github.com/bucketproof/bucketproof/harness/stores"
)

// signed reports whether a request claims an identity.
func signed(r *http.Request) bool { return r.Header.Get("Authorization") != "" || presigned(r) }

// accessFaults break what the store says to the first signed requests.
func accessFaults() []Fault {
	reached := []string{"BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004"}
	return []Fault{
		{Name: "bucket-in-another-region", Does: "the store refuses every signature: the bucket is in eu-central-1", Profiles: s3family,
			Breaks: []string{"BYOB-NET-005"}, Blocks: after(append(reached, "BYOB-NET-005", "BYOB-NET-006")...),
			Setup: refuseSigned(map[string]refused{"": {http.StatusBadRequest, "AuthorizationHeaderMalformed",
				"the region 'us-east-1' is wrong; expecting 'eu-central-1'", "<Region>eu-central-1</Region>"}})},
		{Name: "location-disagrees", Does: "the bucket says that it is in eu-central-1, although it takes signatures for us-east-1",
			Profiles: []string{"aws", "s3-compatible"}, Breaks: []string{"BYOB-NET-005"}, Blocks: append([]string{"BYOB-NET-008"}, uses...),
			Setup: front(func(_ string, next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					a := ask(next, r)
					if r.URL.Query().Has("location") && a.status == http.StatusOK {
						a.body.Reset()
						a.body.WriteString(`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-central-1</LocationConstraint>`)
					}
					a.send(w, r)
				})
			})},
		{Name: "path-style-refused", Does: "the store redirects path-style requests to another endpoint", Profiles: []string{"aws", "s3-compatible"},
			Breaks: []string{"BYOB-NET-006"}, Blocks: after(append(reached, "BYOB-NET-006")...),
			Setup: refuseSigned(map[string]refused{"": {http.StatusMovedPermanently, "PermanentRedirect",
				"The bucket you are attempting to access must be addressed using the specified endpoint.", ""}})},
		{Name: "virtual-hosts-unknown", Does: "the store takes the first segment of the path for the bucket, whatever the host", Profiles: []string{"coreweave"},
			Breaks: []string{"BYOB-NET-006"}, Blocks: after(append(reached, "BYOB-NET-006")...), Setup: front(pathStyleOnly)},
		{Name: "credentials-refused", Does: "the store does not know the access key", Profiles: all,
			Breaks: []string{"BYOB-NET-007"}, Blocks: after(append(reached, "BYOB-NET-006", "BYOB-NET-007")...),
			Setup: refuseSigned(map[string]refused{
				"":      {http.StatusForbidden, "InvalidAccessKeyId", "The access key ID you provided does not exist in our records.", ""},
				"gcp":   {http.StatusUnauthorized, "authError", "Invalid Credentials", ""},
				"azure": {http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request.", ""},
			})},
		{Name: "bucket-missing", Does: "there is no bucket of that name", Profiles: all,
			Breaks: []string{"BYOB-NET-008"}, Blocks: append([]string{"BYOB-NET-005", "BYOB-NET-007"}, uses...), Setup: otherBucket},
	}
}

type refused struct {
	status              int
	code, message, more string
}

// refuseSigned refuses every request that claims an identity; "" is for all profiles that are not named.
func refuseSigned(by map[string]refused) func(string) stores.Setup {
	return front(func(profile string, next http.Handler) http.Handler {
		with, ok := by[profile]
		if !ok {
			with = by[""]
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !signed(r) {
				next.ServeHTTP(w, r)
				return
			}
			refusal(w, r, profile, with.status, with.code, with.message, with.more)
		})
	})
}

// pathStyleOnly is a store that doesn't look at the host.
func pathStyleOnly(profile string, _ http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "cwobject.com") {
			refusal(w, r, profile, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "")
			return
		}
		refusal(w, r, profile, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.", "")
	})
}

// otherBucket hands out an address whose bucket nobody made.
func otherBucket(profile string) stores.Setup {
	return stores.Setup{Hooks: stores.Hooks{Address: func(raw string) string {
		head, tail := raw, ""
		if i := strings.IndexByte(raw, '?'); i >= 0 {
			head, tail = raw[:i], raw[i:]
		}
		return head + "-gone" + tail
	}}}
}
