// Command release makes what a release carries besides its binaries, and checks a finished one: the licences of everything
// that is linked (notices), a CycloneDX bill of materials of each binary (bill), and whether archives, bills and checksums
// in a folder agree with each other and with the binaries (check). It is run in a clone of the repository, from which it
// reads what is linked; a binary that links anything else is refused. What it writes depends on the commit alone.
package main

import (
	"errors"
	"fmt"
	"os"
)

const usage = `usage: release notices FILE                 write the licences of what is linked
       release bill BINARY FILE VERSION    write a binary's bill of materials
       release check FOLDER                check a finished release`

func main() {
	err := errors.New(usage)
	switch args := os.Args[1:]; {
	case len(args) == 2 && args[0] == "notices":
		err = writeNotices(args[1])
	case len(args) == 4 && args[0] == "bill":
		err = writeBill(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "check":
		err = check(args[1], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
