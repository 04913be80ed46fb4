package load

import (
	"fmt"
	"math"
	"time"

	"github.com/bucketproof/bucketproof/fixtures/budgets"
	"github.com/bucketproof/bucketproof/reports"
)

// Bound is the most that a budget's load sends.
type Bound struct {
	Requests int
	Objects  int
	Written  int64 // bytes
	Read     int64 // bytes
	Time     time.Duration
}

// around is what beginnings and ends of slices may take besides the slices and digests: URLs, removals, transfers on their way.
const around = time.Second

// BoundOf computes the bound of a budget: all cases in as many rounds as there may be, each with as much as it may move.
func BoundOf(b *budgets.Budget) Bound {
	var out Bound
	for i := range b.Cases {
		c := &b.Cases[i]
		n, seeds := c.Transfers(), seedsOf(c)
		writes, reads := n, 0
		if c.Does == budgets.Get || c.Does == budgets.Ranges {
			writes, reads = 0, n
		}
		if c.Does == budgets.Mixed {
			writes = n - n/(2*c.Concurrency)*c.Concurrency
			reads = n - writes + c.Concurrency
		}
		each, perSeed := 1, 1
		if c.Split() > 1 || c.Does == budgets.Multipart {
			each = c.Split() + 2 // an upload is begun, and joined or aborted
		}
		if seedKind(c) == Multipart {
			perSeed = c.Split() + 2
		}
		checks, checkParts := 0, 0
		if writes > 0 {
			checks, checkParts = 1, 1
			if c.Size > 64<<20 {
				checkParts = c.Split()
			}
		}
		rounds := b.Rounds.Most
		out.Requests += seeds*(perSeed+1) + rounds*(writes*(each+1)+reads*each+checks*checkParts)
		out.Objects += seeds + rounds*writes
		out.Written += int64(c.Size) * int64(seeds+rounds*writes)
		out.Read += int64(c.Size) * int64(rounds*(reads+checks))
		digested := time.Duration(float64(c.Size) * float64(seeds+rounds*writes) / digestRate * float64(time.Second))
		out.Time += time.Duration(rounds)*(time.Duration(b.Slice)+around) + digested
	}
	out.Written += 64 << 10 * int64(len(b.Cases)) // lists of blocks
	out.Time = (out.Time + calibrationTime(b) + 30*time.Second).Round(time.Second)
	return out
}

// String says the bound before it starts.
func (b Bound) String() string {
	return fmt.Sprintf("at most %s written (and removed again), %s read, %d requests and %s", size(b.Written), size(b.Read), b.Requests, b.Time)
}

// size is rounded up: a bound that says less than it is would be none.
func size(n int64) string {
	up := func(unit, parts int64) float64 {
		return math.Ceil(float64(n)/float64(unit)*float64(parts)) / float64(parts)
	}
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.0f GiB", up(1<<30, 1))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", up(1<<30, 10))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", up(1<<20, 1))
	}
	return fmt.Sprintf("%.0f KiB", up(1<<10, 1))
}

func (b Bound) report() reports.ThroughputBound {
	return reports.ThroughputBound{Requests: b.Requests, Objects: b.Objects, Written: b.Written, Read: b.Read, Seconds: b.Time.Seconds()}
}
