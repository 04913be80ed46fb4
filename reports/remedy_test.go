package reports_test

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketproof/bucketproof/reference/catalogue"
	"github.com/bucketproof/bucketproof/reports"
	"github.com/google/go-cmp/cmp"
)

func TestRemedyLines(t *testing.T) {
	for name, c := range map[string]struct{ remedy, want string }{
		"short lines stay":         {"Do this:\n  mc mb a/b", "Do this:\n  mc mb a/b"},
		"prose is wrapped":         {"Write the region of the bucket into its address.", "Write the region of the bucket into its\naddress."},
		"a command is continued":   {"  aws s3api get-bucket-location --bucket <bucket>", "  aws s3api get-bucket-location \\\n    --bucket <bucket>"},
		"not inside quotes":        {"  curl -sS -w '%{http_code} and more words than fit' x", "  curl -sS -w \\\n    '%{http_code} and more words than fit' \\\n    x"},
		"a document is no command": {"  \"Action\": [\"s3:PutObject\", \"s3:AbortMultipartUpload\"]", "  \"Action\": [\"s3:PutObject\",\n  \"s3:AbortMultipartUpload\"]"},
	} {
		got := strings.Join(reports.RemedyLines(c.remedy, 40), "\n")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A shell reads a command that was set into lines as it reads the one that was written.
func TestRemediesAreCopyable(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here")
	}
	read := func(script string) string {
		b, err := exec.Command(sh, "-c", "show() { for word; do printf '%s\\n' \"$word\"; done; }\nshow "+script).CombinedOutput()
		if err != nil {
			t.Errorf("the shell can't read this: %v\n%s\n%s", err, b, script)
		}
		return string(b)
	}
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for _, q := range c.All() {
		for provider, remedy := range q.Remedy {
			for _, l := range strings.Split(remedy, "\n") {
				lines := reports.RemedyLines(l, 66)
				if len(lines) < 2 || !strings.HasSuffix(lines[0], " \\") {
					continue
				}
				broken++
				plain := strings.NewReplacer("<", "", ">", "", "|", "", "&", "", ";", "", "(", "", ")", "", "$", "", "*", "")
				if diff := cmp.Diff(read(plain.Replace(l)), read(plain.Replace(strings.Join(lines, "\n")))); diff != "" {
					t.Errorf("%s on %s is read differently (-written +shown):\n%s", q.ID, provider, diff)
				}
				for _, shown := range lines {
					if one := !strings.Contains(strings.TrimSuffix(strings.TrimSpace(shown), " \\"), " "); utf8.RuneCountInString(shown) > 66 && !one && !strings.ContainsAny(shown, "'\"") {
						t.Errorf("%s on %s: wider than 66 columns: %q", q.ID, provider, shown)
					}
				}
			}
		}
	}
	if broken < 20 {
		t.Errorf("%d commands were broken: too few to show anything", broken)
	}
}
