package transfer_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestTransfer(t *testing.T) { suitetest.Run(t, suites.Transfer, suites.Preflight) }
