package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketproof/bucketproof/harness/stores"
)

func newStoresBuild(s streams) *cobra.Command {
	return &cobra.Command{Use: "build", Short: "Build the images of the container stores on this machine", Args: cobra.NoArgs,
		Long: `Build makes the images of MinIO, fake-gcs-server and Azurite on this machine,
from their Go modules and npm package at the pinned versions, and gives them to
the container engine under Bucketproof's own names, labelled with version and
licence. No registry of images is asked, and none is ever pulled from. It needs
Go, Node.js with npm, and a container engine. What was compiled is kept in your
cache folder (BUCKETPROOF_CACHE): the first time takes minutes, another seconds.

MinIO is AGPL. It is built by its own module and run as another program; nothing
of it is in bucketproof. To use an image of yours, fetch it and name it by its
digest in BUCKETPROOF_IMAGE_MINIO, BUCKETPROOF_IMAGE_FAKE_GCS or
BUCKETPROOF_IMAGE_AZURITE (NAME@sha256:...).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			built, err := stores.BuildImages(cmd.Context(), func(line string) { fmt.Fprintln(s.err, hang("", "  ", line, columns)) })
			for _, b := range built {
				state := "was there"
				if b.Made {
					state = "built in " + b.Took.Round(100*time.Millisecond).String()
				}
				fmt.Fprintln(s.out, hang("", "  ", fmt.Sprintf("%s (%s): %s", b.Image, b.Licence, state), columns))
			}
			if errors.Is(err, stores.ErrUnavailable) {
				return &exitError{exitIncomplete, err}
			}
			if err != nil {
				return &exitError{exitErrored, err}
			}
			return nil
		}}
}

func newStoresSweep(s streams) *cobra.Command {
	return &cobra.Command{Use: "sweep", Short: "Remove containers that a killed run left behind", Args: cobra.NoArgs,
		Long: `Sweep removes the containers of a bucketproof that was killed. It goes by their
labels, and removes only those whose process is seen to be gone; nobody else's
containers are looked at. A run that starts containers does the same first.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			swept, err := stores.Sweep(cmd.Context())
			for _, c := range swept {
				state := "removed"
				if !c.Removed {
					state = "kept: " + c.Why
				}
				fmt.Fprintln(s.out, hang("", "  ", fmt.Sprintf("%s %s: %s", c.ID, c.Image, state), columns))
			}
			if err != nil {
				return &exitError{exitErrored, err}
			}
			if len(swept) == 0 {
				fmt.Fprintln(s.out, "there are no containers of bucketproof")
			}
			return nil
		}}
}
