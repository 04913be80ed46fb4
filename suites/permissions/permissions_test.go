package permissions_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestPermissions(t *testing.T) { suitetest.Run(t, suites.Permissions, suites.Preflight) }
