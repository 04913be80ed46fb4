package scene

import "github.com/bucketproof/bucketproof/harness/run"

// costs are the most that a spec of a connector sends for each provider: requests, files that are uploaded, and bytes of them.
// They are what runs on the embedded stores took, twice over; what goes beyond them in all is refused at the buckets.
var costs = map[string][3]int{
	"BYOB-AVAIL-001": {200, 0, 0}, "BYOB-AVAIL-002": {10, 0, 0}, "BYOB-AVAIL-003": {20, 0, 0}, "BYOB-AVAIL-004": {60, 0, 0},
	"BYOB-AVAIL-005": {60, 0, 0}, "BYOB-AVAIL-006": {150, 0, 0},
	"BYOB-ISO-001": {2000, 100, 8192}, "BYOB-ISO-002": {250, 10, 1024}, "BYOB-ISO-003": {800, 40, 2048}, "BYOB-ISO-004": {900, 60, 4096},
	"BYOB-ISO-005": {300, 30, 2048}, "BYOB-ISO-006": {2000, 40, 4096}, "BYOB-ISO-007": {250, 30, 2048},
	"BYOB-PLACE-001": {100, 12, 1024}, "BYOB-PLACE-002": {100, 8, 1024}, "BYOB-PLACE-003": {80, 12, 1024}, "BYOB-PLACE-004": {150, 20, 2048},
	"BYOB-PLACE-005": {130, 14, 1024}, "BYOB-PLACE-006": {140, 20, 2048}, "BYOB-PLACE-007": {40, 4, 512}, "BYOB-PLACE-008": {100, 14, 1024},
	"BYOB-PLACE-009": {100, 8, 1024}, "BYOB-PLACE-010": {140, 20, 2048},
	"BYOB-TEAM-001": {80, 0, 0}, "BYOB-TEAM-002": {80, 0, 0}, "BYOB-TEAM-003": {100, 0, 0}, "BYOB-TEAM-004": {60, 6, 512},
	"BYOB-TEAM-005": {200, 6, 1024}, "BYOB-TEAM-006": {70, 6, 512},
	"BYOB-KEEP-004": {200, 20, 2048},
	"BYOB-SIGN-001": {50, 6, 512}, "BYOB-SIGN-002": {80, 8, 512}, "BYOB-SIGN-003": {90, 8, 512}, "BYOB-SIGN-004": {40, 4, 256},
	"BYOB-SIGN-005": {80, 12, 1024}, "BYOB-SIGN-006": {120, 4, 256}, "BYOB-SIGN-007": {50, 4, 256}, "BYOB-SIGN-008": {40, 4, 256},
	"BYOB-SIGN-009": {60, 4, 256}, "BYOB-SIGN-010": {80, 8, 512}, "BYOB-SIGN-011": {50, 6, 512},
}

// Costs bounds the spec of a requirement.
func Costs(id string) run.Option {
	c := costs[id]
	return run.PerProvider(c[0], c[1], int64(c[2]))
}
