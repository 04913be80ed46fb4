package availability_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestAvailability(t *testing.T) { suitetest.Connector(t, suites.Availability) }
