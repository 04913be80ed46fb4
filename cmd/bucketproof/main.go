// Command bucketproof certifies that a bucket does what W&B's "Bring your own bucket" needs. Results go to standard
// output, everything else to standard error; the exit code is 0 certified, 1 not certified, 2 usage, 3 errored,
// 4 incomplete.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	keepPipes()
	code := execute(ctx, streams{in: os.Stdin, out: pipe{os.Stdout}, err: pipe{os.Stderr}}, os.Args[1:])
	stop()
	os.Exit(code)
}
