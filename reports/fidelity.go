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
)
