// Package urls is what the families share that work by pre-signed URLs: what they stand on, and how long W&B lets a URL
// live. It sends nothing.
package urls

import (
	"net/http"
	"time"
)

// Lifetimes that W&B gives its URLs: reading 1 h, writing 24 h (Pre-signed URLs, "Pre-signed URL", 2026-08; wandb client,
// artifact downloader).
const (
	Reading = time.Hour
	Writing = 24 * time.Hour
)

// Lifetime is how long a URL for a method lives.
func Lifetime(method string) time.Duration {
	if method == http.MethodPut {
		return Writing
	}
	return Reading
}

// Preflight are the requirements without which no URL can be used: the bucket is reached, and what a URL does may be done by
// whoever signs it. A bucket from which nothing may be removed is not written to.
func Preflight() []string {
	return []string{"BYOB-NET-001", "BYOB-NET-002", "BYOB-NET-003", "BYOB-NET-004", "BYOB-NET-005", "BYOB-NET-006", "BYOB-NET-007", "BYOB-NET-008",
		"BYOB-PERM-001", "BYOB-PERM-003", "BYOB-PERM-006", "BYOB-PERM-007", "BYOB-PERM-008"}
}
