package address_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestAddress(t *testing.T) { suitetest.Run(t, suites.Address, suites.Preflight) }

func TestParser(t *testing.T) { suitetest.Parser(t, suites.Address) }

func TestConnector(t *testing.T) { suitetest.Connector(t, suites.Address) }
