package bucket

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// s3Roots are the root elements of what S3 answers (Amazon S3 API reference, response syntax of each operation). Those are
// listed from whose emptiness something follows.
var s3Roots = map[string]string{
	"GetBucketLocation":               "LocationConstraint",
	"GetBucketVersioning":             "VersioningConfiguration",
	"GetBucketLifecycleConfiguration": "LifecycleConfiguration",
	"GetBucketEncryption":             "ServerSideEncryptionConfiguration",
	"GetBucketCors":                   "CORSConfiguration",
	"GetObjectLockConfiguration":      "ObjectLockConfiguration",
	"ListObjectsV2":                   "ListBucketResult",
	"ListObjectVersions":              "ListVersionsResult",
	"ListMultipartUploads":            "ListMultipartUploadsResult",
	"CreateMultipartUpload":           "InitiateMultipartUploadResult",
}

// notDocumentError is a success without the document that it should bring: nothing was answered.
type notDocumentError struct {
	status int
	root   string
}

func (e *notDocumentError) Error() string { return fmt.Sprintf("the answer is no %s document", e.root) }

// rootOf is the name of an XML document's root element, "" where the body is no whole document.
func rootOf(body []byte) string {
	root, depth := "", 0
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 {
			return root
		}
		if err != nil {
			return ""
		}
		switch x := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				if root != "" {
					return ""
				}
				root = x.Name.Local
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(bytes.TrimPrefix(x, []byte("\ufeff")))) > 0 {
				return ""
			}
		}
	}
}

// regionForm is what a region's name looks like; stores other than Amazon's have any name.
var regionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// locationOf reads an answer to GetBucketLocation. An empty element is us-east-1 and "EU" is eu-west-1 (Amazon S3 API
// reference, GetBucketLocation).
func locationOf(raw []byte) (string, error) {
	not := &notDocumentError{status: http.StatusOK, root: s3Roots["GetBucketLocation"]}
	var x struct {
		Text string `xml:",chardata"`
	}
	if rootOf(raw) != not.root || xml.Unmarshal(raw, &x) != nil {
		return "", not
	}
	switch text := strings.TrimSpace(x.Text); {
	case text == "":
		return defaultRegion, nil
	case text == string(types.BucketLocationConstraintEu):
		return "eu-west-1", nil
	case !regionForm.MatchString(text):
		return "", not
	default:
		return text, nil
	}
}
