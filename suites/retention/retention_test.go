package retention_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestRetention(t *testing.T) { suitetest.Connector(t, suites.Retention) }
