package evaluator_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestEvaluator(t *testing.T) { suitetest.Evaluator(t, suites.Evaluator) }

func TestConnector(t *testing.T) { suitetest.Connector(t, suites.Evaluator) }
