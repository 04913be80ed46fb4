// Package placement says what is stored where: which kinds of data lie in a bucket and which in the central database, which
// bucket the files of a team go to, under which keys, who may reach them, and which fields set a team's storage up
// (requirements BYOB-PLACE-001 to 009, BYOB-ISO-001 to 006, BYOB-TEAM-001, 002 and 005; "Data stored in the central
// database vs buckets", "Bucket scopes" and "Team level BYOB" of the edition's page). It is pure and fails closed: a team
// whose own bucket can't be had has no bucket, and never the instance's. A refusal is an *availability.Refusal that names
// the requirement; every other error wraps availability.ErrUnknown. No error holds a secret.
package placement

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketproof/bucketproof/reference/availability"
)

// Refusal is why something isn't allowed; it is the one of package availability.
type Refusal = availability.Refusal

// Kind is a kind of data that W&B stores.
type Kind string

// What is stored in a bucket (BYOB-PLACE-001).
const (
	ExperimentFile     Kind = "experiment-file" // experiment files and metrics
	ArtifactFile       Kind = "artifact-file"
	MediaFile          Kind = "media-file"
	RunFile            Kind = "run-file"
	HistoryExport      Kind = "history-export"       // exported history metrics, in Parquet
	SystemEventsExport Kind = "system-events-export" // exported system events, in Parquet
)

// What is stored in the central database, and never in a bucket (BYOB-PLACE-002).
const (
	UserMetadata       Kind = "user-metadata"
	TeamMetadata       Kind = "team-metadata"
	ArtifactMetadata   Kind = "artifact-metadata"
	ExperimentMetadata Kind = "experiment-metadata"
	ProjectMetadata    Kind = "project-metadata"
	Report             Kind = "report"
	ExperimentLog      Kind = "experiment-log"
	SystemMetrics      Kind = "system-metrics"
	ConsoleLog         Kind = "console-log"
)

// BucketKinds and DatabaseKinds are all kinds, each in the order of the page.
var (
	BucketKinds   = []Kind{ExperimentFile, ArtifactFile, MediaFile, RunFile, HistoryExport, SystemEventsExport}
	DatabaseKinds = []Kind{UserMetadata, TeamMetadata, ArtifactMetadata, ExperimentMetadata, ProjectMetadata, Report, ExperimentLog, SystemMetrics, ConsoleLog}
)

// Home is where a kind of data is stored.
type Home string

// The homes.
const (
	Bucket   Home = "bucket"
	Database Home = "database"
)

// Where returns the home of a kind. It is the same in every edition; Specified says where the edition's page says so.
func Where(k Kind, edition string) (Home, error) {
	if err := knownEdition(edition); err != nil {
		return "", err
	}
	switch {
	case slices.Contains(BucketKinds, k):
		return Bucket, nil
	case slices.Contains(DatabaseKinds, k):
		return Database, nil
	}
	return "", unknown("kind", string(k), slices.Concat(BucketKinds, DatabaseKinds))
}

// Specified says whether the edition's page says where a kind is stored. The split is published from 2025-09 on; the older
// pages say that artifacts and the files of runs lie in the bucket, and are silent on the rest, so that nobody may be judged
// by it there.
func Specified(k Kind, edition string) (bool, error) {
	if _, err := Where(k, edition); err != nil {
		return false, err
	}
	return !before202509(edition) || k == ArtifactFile || k == RunFile, nil
}

// before202509 says whether an edition, which is known, is older than the rules on kinds, sub-paths and fields.
func before202509(edition string) bool { return strings.HasPrefix(edition, "2024-") }

func knownEdition(edition string) error {
	if edition == "" {
		return nil
	}
	return knownWord("edition", edition, availability.Editions())
}

func knownWord[T ~string](what string, word T, list []T) error {
	if slices.Contains(list, word) {
		return nil
	}
	return unknown(what, string(word), list)
}

func unknown[T ~string](what, word string, list []T) error {
	return fmt.Errorf("%w: %s %q: known are %s", availability.ErrUnknown, what, word, strings.Trim(fmt.Sprint(list), "[]"))
}
