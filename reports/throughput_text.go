package reports

import (
	"fmt"
	"strings"
)

// throughput prints a table of what a load came to: medians of rounds, MB/s with the interval in which they lie.
func (p *printer) throughput(t *Throughput) {
	if t == nil {
		return
	}
	p.line("")
	p.line(p.paint(bold, "THROUGHPUT"))
	const form = "  %-17s %-18s %6s %6s %6s %6s  %s"
	p.line(fmt.Sprintf(form, "load", "MB/s (95 %)", "req/s", "p50 ms", "p99 ms", "client", "budget"))
	for _, c := range t.Cases {
		verdict := c.Verdict
		switch c.Verdict {
		case "reached":
			verdict = p.paint(green, verdict)
		case "missed":
			verdict = p.paint(red, verdict)
		default:
			verdict = p.paint(yellow, verdict)
		}
		name := c.Name
		if len(name) > 17 {
			name = name[:16] + "…"
		}
		client := number(c.ClientMBps)
		if c.ClientMBps == 0 {
			client = "-"
		}
		if c.Bound {
			client += "*"
		}
		p.line(fmt.Sprintf(form, name, fmt.Sprintf("%s (%s-%s)", number(c.MBps.Median), number(c.MBps.Low), number(c.MBps.High)), number(c.PerSecond.Median),
			number(c.Latency.P50), number(c.Latency.P99), client, verdict))
		if r := c.Ratio; r != nil {
			p.wrapped(strings.Repeat(" ", 20), strings.Repeat(" ", 20), fmt.Sprintf("%s of the baseline (%s to %s): %s", number(r.Value), number(r.Low), number(r.High), r.Verdict))
		}
	}
	against := "not compared with an earlier run"
	if t.Baseline != "" {
		against = "compared with run " + t.Baseline
	}
	p.wrapped("  ", "  ", fmt.Sprintf("%d rounds in %s: %s written, %s read, %d requests, %d failed; budget %s; %s. client: MB/s on a loopback; *: the client's machine was the bottleneck.",
		t.Rounds, secondsOf(t.Seconds), size(t.Written), size(t.Read), t.Requests, t.Failed, t.Budget, against))
}
