package stores

import "slices"

// Sound is a setup with everything that W&B's documents ask of a bucket, or advise: what was deleted is kept (Delete an
// artifact, "How to enable garbage collection"), and whoever runs the checks may remove the versions that they leave.
func Sound() Setup { return Setup{}.Sound() }

// Sound adds to a setup what a sound bucket has, unless the setup is about that very thing.
func (s Setup) Sound() Setup {
	s.Versioning = !s.Suspended
	if !slices.Contains(s.MoreActions, deleteVersion) {
		s.MoreActions = append(slices.Clone(s.MoreActions), deleteVersion)
	}
	if s.GCS.Lifecycle == "" {
		s.GCS.Lifecycle = noncurrent
	}
	return s
}

// noncurrent removes old versions after a while, which edition 2026-08 of the rules asks for.
const noncurrent = `{"rule": [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30}}]}`

// deleteVersion is not among W&B's eleven actions; without it old versions of what a run writes remain.
const deleteVersion = "s3:DeleteObjectVersion"
