package stores

import (
	"net/http"
	"strings"
)

// kmsHeader names an object's Cloud KMS key in requests and answers of the XML API (XML API reference,
// "x-goog-encryption-kms-key-name").
const kmsHeader = "X-Goog-Encryption-Kms-Key-Name"

// keyVersion follows a key's name in an object's metadata: which of its versions the object is encrypted with.
const keyVersion = "/cryptoKeyVersions/1"

// kmsKey is the key a new object gets: the one that was asked for or the bucket's default, "" for Google's own. There is no
// Cloud KMS here: that the key exists, and that the bucket's service agent may use it, isn't looked at.
func (o *gcsOwner) kmsKey(wanted string) (string, *gcsError) {
	if wanted == "" {
		wanted = o.resource.kmsKey()
	} else if err := checkKMSKey(wanted); err != nil {
		return "", err
	}
	if wanted == "" {
		return "", nil
	}
	return wanted + keyVersion, nil
}

// refuseSuppliedKeys refuses customer-supplied keys: an object stored without one although it was sent would be readable by
// everybody who may read the bucket.
func refuseSuppliedKeys(h http.Header) *gcsError {
	for name := range h {
		n := strings.TrimPrefix(strings.TrimPrefix(name, "X-Goog-Copy-Source-Encryption-"), "X-Goog-Encryption-")
		if n == "Algorithm" || n == "Key" || n == "Key-Sha256" {
			return unimplemented("customer-supplied encryption keys")
		}
	}
	return nil
}
