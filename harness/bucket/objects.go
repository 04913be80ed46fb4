package bucket

import "context"

// Objects moves whole objects. Every call is one request, except that a List of more than a page asks for the pages.
// Errors are *Error.
type Objects interface {
	// Put stores body under key, replacing what is there. contentType "" leaves the type to the SDK.
	Put(ctx context.Context, key string, body []byte, contentType string) (Info, error)
	// Get reads the whole object. (Google decompresses one that was stored with Content-Encoding: gzip; Put stores none.)
	Get(ctx context.Context, key string) ([]byte, Info, error)
	// Head reads an object's properties.
	Head(ctx context.Context, key string) (Info, error)
	// List returns the keys that begin with prefix, in the store's order: at most max, or all when max is 0 or less.
	List(ctx context.Context, prefix string, max int) ([]string, error)
	// Delete removes the current object. S3 answers a missing key with success, Google and Azure with KindNoSuchKey.
	Delete(ctx context.Context, key string) error
}

// Info is what a store said about an object; what it didn't say is empty.
type Info struct {
	ETag        string // as the provider wrote it, quotes included
	ContentType string
	VersionID   string // S3 version ID, Google generation, Azure version ID
	Size        int64  // bytes
	MD5         string // base64 of the content's MD5, as in Content-MD5; never set by S3
	Encryption  string // S3: the algorithm ("aws:kms", "AES256"); Azure: the encryption scope
	KMSKey      string // the customer's key, as the provider names it
}
