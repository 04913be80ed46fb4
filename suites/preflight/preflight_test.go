package preflight_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestPreflight(t *testing.T) { suitetest.Run(t, suites.Preflight) }
