package stores

// pin is a server that runs as a process of its own or in a container: what it is, where it comes from, under whose licence. Here
// and nowhere else its version is chosen; a test compares with what go.mod and the npm lock file say of the same servers.
type pin struct {
	name    string // as reports say it
	image   string // local name of its image; its tag is version
	version string
	module  string // Go package that is built into the image, at version; "" for Azurite, which comes from npm
	licence string // SPDX
	source  string
	port    string // it listens on in its container
	// replaced is the variable by which an operator names another image, by its digest.
	replaced string
}

// MinIO is AGPL and no longer published as an image: it is only ever built by its own module, for itself, and run as another
// program. Nothing of it is linked.
var (
	minioPin = pin{
		name: "MinIO", image: "bucketproof/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c", module: "github.com/minio/minio",
		licence: "AGPL-3.0-or-later", source: "https://github.com/minio/minio", port: "9000/tcp", replaced: "BUCKETPROOF_IMAGE_MINIO",
	}
	fakeGCSPin = pin{
		name: "fake-gcs-server", image: "bucketproof/fake-gcs-server", version: gcsVersion, module: "github.com/fsouza/fake-gcs-server",
		licence: "BSD-2-Clause", source: "https://github.com/fsouza/fake-gcs-server", port: "4443/tcp", replaced: "BUCKETPROOF_IMAGE_FAKE_GCS",
	}
	azuritePin = pin{
		name: "Azurite", image: "bucketproof/azurite", version: azuriteVersion,
		licence: "MIT", source: "https://github.com/Azure/Azurite", port: "10000/tcp", replaced: "BUCKETPROOF_IMAGE_AZURITE",
	}
	pins = []pin{minioPin, fakeGCSPin, azuritePin}
)

// reference is the image as an engine knows it.
func (p pin) reference() string { return p.image + ":" + p.version }
