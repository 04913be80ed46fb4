package load

import "time"

// Slice is one case in one round. Times are in nanoseconds since the measurement began.
type Slice struct {
	Case, Round int
	Start, End  int64
	// From and To bound the time in which every worker is at work; Cut says that there is such a time. Otherwise they are
	// Start and End: the slice was too short to cut anything off.
	From, To int64
	Cut      bool
	Bytes    float64 // of content, moved between From and To
	Objects  float64 // the same in whole objects
	Requests float64 // the same in requests
	Moved    int     // transfers that came to a good end
	Failed   int     // transfers that didn't
	CPU      time.Duration
}

// MBps is the rate in 10^6 bytes a second.
func (s *Slice) MBps() float64 { return s.per(s.Bytes / 1e6) }

// PerSecond is the rate in requests a second.
func (s *Slice) PerSecond() float64 { return s.per(s.Requests) }

func (s *Slice) per(what float64) float64 {
	if s.To <= s.From {
		return 0
	}
	return what / time.Duration(s.To-s.From).Seconds()
}

// leastShare is the part of a slice that must be left when its ends are cut off.
const leastShare = 0.25

// cut finds the time in which every worker is at work: from when the last of them has ended its first transfer to when the
// first of them has ended its last.
func (s *Slice) cut(sheets []*Sheet) {
	s.From, s.To = s.Start, s.Start
	from, to := s.Start, s.End
	enough := true
	for _, sheet := range sheets {
		n, last := 0, s.Start
		sheet.each(func(op *Operation) {
			if !op.Kind.Transfer() {
				return
			}
			if n++; n == 1 {
				from = max(from, op.End)
			}
			last = op.End
			s.To = max(s.To, op.End)
		})
		to = min(to, last)
		enough = enough && n >= 3
	}
	if enough && float64(to-from) >= leastShare*float64(s.To-s.Start) {
		s.From, s.To, s.Cut = from, to, true
	}
}

// measure takes the figures of a slice from its workers' rows. A transfer that lies partly in the time that counts, counts in
// part.
func (s *Slice) measure(sheets []*Sheet) {
	s.cut(sheets)
	for _, sheet := range sheets {
		sheet.each(func(op *Operation) {
			within := 1.0
			if length := op.End - op.Start; length > 0 {
				within = float64(max(0, min(op.End, s.To)-max(op.Start, s.From))) / float64(length)
			} else if op.Start < s.From || op.Start > s.To {
				within = 0
			}
			if op.Outcome == Done && op.Kind.Request() {
				s.Requests += within
			}
			switch {
			case !op.Kind.Transfer():
			case op.Outcome == Done:
				s.Moved++
				s.Bytes += within * float64(op.Bytes)
				s.Objects += within
			default:
				s.Failed++
			}
		})
	}
}

// counts reports whether a transfer's latency counts: it began when every worker was at work.
func (s *Slice) counts(op *Operation) bool {
	return !s.Cut || (op.Start >= s.From && op.Start < s.To)
}
