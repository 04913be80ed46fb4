package onboarding_test

import (
	"testing"

	"github.com/bucketproof/bucketproof/suites"
	"github.com/bucketproof/bucketproof/suites/suitetest"
)

func TestOnboarding(t *testing.T) { suitetest.Connector(t, suites.Onboarding) }
