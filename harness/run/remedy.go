package run

import (
	"regexp"
	"strings"

	"github.com/bucketproof/bucketproof/harness/wire"
	"github.com/bucketproof/bucketproof/reference/address"
)

// plainName is what may stand in a command without quotation marks.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]+)?$`)

// filled puts what the run knows of its bucket into a remedy's placeholders (package catalogue), so that its commands can be
// copied. What isn't known, would mean something to a shell, or holds a secret that was put into the wrong part of the address,
// stays a placeholder.
func (s *Subject) filled(remedy string, hide *wire.Hider) string {
	if s.Kind != KindBucket || s.Address == nil || hide == nil {
		return remedy
	}
	a := s.Address
	names := map[string]string{"<bucket>": a.Bucket, "<region>": a.Region, "<account>": a.Account, "<path>": a.Path}
	switch a.Provider {
	case address.Azure:
		names["<container>"] = a.Bucket
		delete(names, "<bucket>")
	case address.S3Compatible:
		names["<endpoint>"] = a.Endpoint
	}
	for placeholder, name := range names {
		if plainName.MatchString(name) && hide.Clean(name) == name {
			remedy = strings.ReplaceAll(remedy, placeholder, name)
		}
	}
	if d := s.Documents; d != nil && plainOrigin.MatchString(d.FrontendOrigin) {
		remedy = strings.ReplaceAll(remedy, "<origin>", d.FrontendOrigin)
	}
	return remedy
}

// plainOrigin is a front end's origin as a browser writes it, and as it may stand in a command.
var plainOrigin = regexp.MustCompile(`^https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?$`)
