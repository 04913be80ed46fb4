package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/bucketproof/bucketproof/harness/run"
	"github.com/bucketproof/bucketproof/reports"
)

// progress shows how far a run is: on a terminal one line a requirement, with what is being checked below it; elsewhere
// plain lines.
type progress struct {
	w     io.Writer
	tty   bool
	color bool
	width int
	quiet bool

	mu      sync.Mutex
	pending bool // a line that will be overwritten stands below
}

func newProgress(w io.Writer, quiet bool) *progress {
	width, tty := onTerminal(w)
	return &progress{w: w, tty: tty, color: colored(w), width: width, quiet: quiet}
}

// signs are how outcomes look in a line: a sign and a colour, never colour alone.
var signs = map[reports.Outcome]struct{ sign, color string }{
	reports.Passed:        {"✓", "32"},
	reports.Failed:        {"✗", "31"},
	reports.Errored:       {"!", "33"},
	reports.NotApplicable: {"–", "2"},
	reports.Unsupported:   {"–", "33"},
	reports.Unverified:    {"?", "33"},
	reports.Waived:        {"w", "36"},
	reports.NotRun:        {"·", "2"},
}

// event shows one spec's beginning or end.
func (p *progress) event(e run.Event) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	count := fmt.Sprintf("[%*d/%d]", len(fmt.Sprint(e.Total)), e.Done, e.Total)
	if e.Outcome == "" {
		if p.tty {
			p.transient(fmt.Sprintf("%s %s %s", count, e.Requirement, e.Text))
		}
		return
	}
	p.wipe()
	s := signs[e.Outcome]
	if !p.tty {
		fmt.Fprintln(p.w, hang(count+" ", strings.Repeat(" ", len(count)+1), fmt.Sprintf("%s %s: %s (%s)", e.Requirement, e.Outcome, e.Text, round(e.Elapsed)), columns))
		return
	}
	line := fmt.Sprintf("%s %s  %-14s %s", s.sign, e.Requirement, e.Outcome, e.Text)
	line = cut(line, p.width)
	if p.color {
		line = strings.Replace(line, s.sign, "\x1b["+s.color+"m"+s.sign+"\x1b[0m", 1)
	}
	fmt.Fprintln(p.w, line)
}

// say prints a line for good.
func (p *progress) say(format string, a ...any) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintln(p.w, hang("", "  ", fmt.Sprintf(format, a...), p.width))
}

// interrupted says at once what follows on Ctrl-C; what it returns calls it off.
func (p *progress) interrupted(ctx context.Context) (done func() bool) {
	return context.AfterFunc(ctx, func() {
		p.say("interrupted: removing what was written, at most %s; a second Ctrl-C ends at once, and leaves it to \"bucketproof sweep\"", run.CleanUpLimit)
	})
}

func (p *progress) transient(line string) {
	p.wipe()
	fmt.Fprint(p.w, cut(line, p.width-1))
	p.pending = true
}

func (p *progress) wipe() {
	if p.pending {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.pending = false
	}
}

func cut(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}
