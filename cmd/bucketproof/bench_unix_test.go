//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkCertifyEmbeddedS3 certifies one embedded S3 bucket in a process of its own: start to reports, with the peak
// resident memory of that process. The budget is 5 s and 250 MiB on two cores.
func BenchmarkCertifyEmbeddedS3(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	peak := int64(0)
	for b.Loop() {
		cmd := exec.Command(self, "certify", "--embedded", "--provider", "s3-compatible", "--quiet", "--out", filepath.Join(b.TempDir(), "report"))
		cmd.Env = append(os.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != exitOK {
			b.Fatalf("exit code %d (%v):\n%s", code, err, out)
		}
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, usage.Maxrss)
		}
	}
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
}
