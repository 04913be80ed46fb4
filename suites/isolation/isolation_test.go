package isolation_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestIsolation(t *testing.T) { suitetest.Connector(t, suites.Isolation) }
