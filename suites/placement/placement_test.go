package placement_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestPlacement(t *testing.T) { suitetest.Connector(t, suites.Placement) }
