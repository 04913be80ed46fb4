package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/bucketproof/bucketproof/reports"
)

// repeated are the flags that say what is tested and how, none of which holds a secret: what a command that runs the same
// again may name. How results are delivered, and which requirements were picked, is left to whoever runs it.
var repeated = []string{"accept-retention", "account", "account-properties", "address-file", "aws-profile", "browser", "buckets", "bucket",
	"ca-file", "cors", "deployment", "describe-key", "driver", "edition", "embedded", "endpoint", "federated", "frontend-origin",
	"instance-aws-region", "key-policy", "kms-key", "lifecycle", "long", "org-id", "path", "plain-http", "policy", "principal", "profile",
	"provider", "roles", "timeout", "token-file", "versioning", "waivers"}

// again is the command that runs the same once more. An address is read from standard input again, unless it was an
// argument, which holds no secret.
func (d *delivery) again(profile string) string {
	if d.cmd == nil {
		return ""
	}
	may := map[string]bool{}
	for _, name := range repeated {
		may[name] = true
	}
	fl := d.cmd.Flags()
	words := []string{"bucketproof", d.cmd.Name()}
	if d.cmd.Name() == "certify" && !fl.Changed("embedded") && !fl.Changed("address-file") {
		address := "-"
		if args := fl.Args(); len(args) == 1 {
			address = args[0]
		}
		words = append(words, reports.ShellWord(address))
	}
	fl.Visit(func(f *pflag.Flag) {
		switch list, several := f.Value.(pflag.SliceValue); {
		case !may[f.Name], d.several && f.Name == "provider":
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name+map[bool]string{true: "", false: "=false"}[f.Value.String() == "true"])
		case several:
			for _, v := range list.GetSlice() {
				words = append(words, "--"+f.Name, reports.ShellWord(v))
			}
		default:
			words = append(words, "--"+f.Name, reports.ShellWord(f.Value.String()))
		}
	})
	if d.several {
		words = append(words, "--provider", reports.ShellWord(profile))
	}
	return strings.Join(words, " ")
}
