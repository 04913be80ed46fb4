//go:build !unix

package connector_test

import "time"

func processorTime() time.Duration { return 0 }
