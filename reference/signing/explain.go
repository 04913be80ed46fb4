package signing

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong with a request.
type Finding struct {
	Stage Stage
	Cause Cause
	// Part is the parameter or header in question, "" if none.
	Part string
	// Certain says that the finding is proven: with that one thing undone, the signature holds, or no other reading of
	// the request exists. Otherwise it is the likeliest of what is left.
	Certain bool
	// Sentence says what is wrong, Remedy what to do.
	Sentence, Remedy string
}

// String is the finding in one line, without secrets.
func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s", f.Stage, f.Sentence)
	if f.Remedy != "" {
		s += " (" + f.Remedy + ")"
	}
	return s
}

// Known is what a URL may have been minted with, besides what Explain thinks of itself. No signature tells what it was
// made for; it can only be compared with what somebody names. All fields may be empty.
type Known struct {
	// Hosts are other names of the store, host[:port]: the one inside the cluster, the one behind the proxy. Where a
	// proxy passes X-Forwarded-Host or Forwarded, the names in there are tried too.
	Hosts []string
	// Buckets and Keys are what else the URL may have been for.
	Buckets, Keys []string
	// Values are tried for every parameter and signed header: a user's name, an upload's ID, a content type.
	Values []string
}

// Explain says why a request is refused, with the likeliest reason first; nothing if it is accepted. Where the signature
// is wrong and a key is known, it looks for the one change that makes it right: another method, host, style, encoding,
// key, header, parameter, region, time, lifetime. Without a key only what the URL says can be told. It never shows
// secrets, header values or whole signatures.
func Explain(in Input, known Known) []Finding {
	v := Verify(in)
	if v.OK {
		return nil
	}
	var found []Finding
	if v.Cause != CauseSignature {
		found = append(found, Finding{v.Stage, v.Cause, v.Part, true, v.Sentence, remedy(v.Cause)})
	}
	if v.Cause == CauseHeaderMissing || v.Stage == StagePermission {
		return found
	}
	var deeper []Finding
	switch v.Claim.Scheme {
	case S3:
		deeper = explainV4(&s3Dialect, &in, known, v.Cause)
	case GCS:
		deeper = explainV4(&gcsDialect, &in, known, v.Cause)
	case AzureService, AzureDelegation, AzureAccount:
		deeper = explainAzure(&in, known, v.Cause)
	}
	if len(deeper) > 0 && deeper[0].Cause == CauseEdited && aboutTime(deeper[0].Part) {
		return append(deeper, found...) // the edit is why the URL seems to be of another time
	}
	return append(found, deeper...)
}

// aboutTime says whether a parameter decides on date, scope or expiry.
func aboutTime(name string) bool {
	switch name {
	case "X-Amz-Date", "X-Amz-Expires", "X-Amz-Credential", "X-Goog-Date", "X-Goog-Expires", "X-Goog-Credential", "st", "se", "skt", "ske":
		return true
	}
	return false
}

// remedy is what to do about a cause.
func remedy(c Cause) string {
	switch c {
	case CauseAnonymous:
		return "use the whole URL, with everything after the question mark"
	case CauseMissing, CauseMalformed, CauseSignatureCut, CauseRepeated:
		return "copy the URL again, whole and in one line; quote it in a shell, since & ends a command"
	case CauseExpired:
		return "mint a new URL; W&B's live 1 hour for reading and 24 hours for writing"
	case CauseFuture, CauseScope:
		return "set both clocks by NTP"
	case CauseRegion, CauseService:
		return "mint with the bucket's own region"
	case CauseLifetime:
		return "ask for 7 days at most"
	case CauseHeaderMissing, CauseHeader:
		return "send the header exactly as it was signed, and let no proxy drop or change it"
	case CauseHeaderUnsigned:
		return "sign the header, or don't send it"
	case CauseKeyUnknown, CauseSecret:
		return "compare the credential the URL was minted with to the one the store has; rotated keys sign no more"
	case CauseToken:
		return "mint with the session token that came with the temporary credentials"
	case CauseMethod:
		return "use the URL with the method it was minted for"
	case CauseHost, CauseStyle:
		return "mint with the host that clients use, or let the proxy pass Host unchanged"
	case CauseObject, CauseBucket, CauseAccount:
		return "mint a URL for that object"
	case CauseEncoding:
		return "encode the key once, and let no client or proxy encode, decode or normalise the path"
	case CauseEdited, CauseDropped, CauseSignatureEdited, CauseSignatureCase:
		return "use the URL as it was minted; nothing in it may be changed"
	case CauseAdded:
		return "leave the parameter off, or have it in the URL when it is minted"
	case CausePermission, CauseResource:
		return "mint with the permission and the resource that the request needs"
	case CausePolicy:
		return "store the access policy again, or mint with another"
	case CauseProtocol:
		return "use https"
	case CauseAddress:
		return "come from an address the SAS allows, or mint without an IP range"
	case CausePayload:
		return "sign UNSIGNED-PAYLOAD, as pre-signed URLs do"
	case CauseSecretShown:
		return "put only the key's ID and the signature into a URL, and rotate the secret that was shown"
	case CausePlain:
		return "mint the URL from the address's TLS setting"
	case CauseOtherLife:
		return "let URLs for reading live 1 hour and URLs for writing 24 hours; mind the unit"
	case CauseTooWide:
		return "mint a SAS for the one blob (sr=b), with the one permission that the request needs"
	case CauseRequester:
		return "have X-User (S3, Google) or scid (Azure) in what is signed"
	case CauseLayout:
		return "mint with a library that signs the layout of the version it names"
	}
	return ""
}

func certain(s Stage, c Cause, part, format string, args ...any) []Finding {
	return []Finding{{s, c, part, true, fmt.Sprintf(format, args...), remedy(c)}}
}

// distance counts differing bytes of two strings of one length, -1 if the lengths differ.
func distance(a, b string) int {
	if len(a) != len(b) {
		return -1
	}
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// cut says whether one text is the beginning of another, and shorter.
func cut(got, want string) bool { return len(got) < len(want) && strings.HasPrefix(want, got) }
