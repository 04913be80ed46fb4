package reports

// What a store may be seen to enforce: the words a spec asks for. A requirement whose fidelity is "no" or "unknown" ends
// unverified on that store.
const (
	FidelitySignatures  = "signatures"  // a tampered signature is refused
	FidelityIdentity    = "identity"    // an unknown access key and an unsigned request are refused
	FidelityRegion      = "region"      // a signature for another region is refused
	FidelityContentMD5  = "content-md5" // a body that doesn't match its Content-MD5 is refused, and not stored
	FidelityMultipart   = "multipart"   // multipart uploads can be begun and aborted
	FidelityCORS        = "cors"        // the bucket's own CORS policy decides preflights
	FidelityVersioning  = "versioning"  // the bucket says whether it keeps versions
	FidelitySoftDelete  = "soft-delete" // a removed object is kept, and listed, as long as the bucket says
	FidelityLifecycle   = "lifecycle"   // the bucket's lifecycle rules can be read
	FidelityPermissions = "permissions" // an action that wasn't granted is refused
	FidelityEncryption  = "encryption"  // the bucket's encryption can be read, so that headers about it mean something
	FidelityClock       = "clock"       // a signing date far in the future is refused

	FidelityExpiry     = "expiry"             // an expired URL is refused
	FidelityLifetime   = "longest-life"       // a URL that is to live longer than the provider lets one is refused
	FidelityMethod     = "method"             // a URL used with another method is refused
	FidelityObject     = "object"             // a URL used for another object is refused
	FidelityHost       = "host"               // a URL used at another host is refused
	FidelityQuery      = "query"              // a URL whose query was changed is refused
	FidelityRepeated   = "repeated-parameter" // a URL with a signed parameter said twice is refused
	FidelityHeaders    = "signed-headers"     // a header field that was signed can't be changed or dropped
	FidelityUnsigned   = "unsigned-headers"   // a header field of the provider's that wasn't signed is refused
	FidelityAge        = "request-age"        // a signed request 20 minutes old is refused
	FidelityBodyHash   = "body-hash"          // another body than the one whose hash was signed is refused
	FidelityChecksum   = "checksum"           // another body than a signed checksum's is refused
	FidelityIPRange    = "ip-range"           // a SAS for other addresses is refused
	FidelityBlobType   = "blob-type"          // a PUT without x-ms-blob-type is refused
	FidelitySSE        = "sse-headers"        // what a request says of its encryption is done or refused, not ignored
	FidelityDefaultKey = "default-encryption" // the bucket's default key encrypts what says nothing
	FidelityVersions   = "versions"           // an overwritten object can be read by its version
)
