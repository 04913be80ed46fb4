//go:build !unix

package load

import "time"

// CPU is 0: nobody knows on this system.
func CPU() time.Duration { return 0 }
