package stores

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	vgw "github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// rooted is versitygw's posix backend freed from the working directory: posix takes a bucket's name for a path relative to
// the process's working directory and changes that directory when it is made, which no program that also writes reports
// can bear. rooted puts the working directory back and gives posix absolute paths for buckets, and takes them out of its
// answers again. What isn't forwarded here (copies, websites, select, restore) is answered NotImplemented.
type rooted struct {
	vgw.BackendUnsupported
	posix   *posix.Posix
	data    string // buckets
	version string // older versions
	sidecar string // metadata, where the file system has no extended attributes; else ""

	complain func(string) // hears of errors that a client sees as InternalError

	mu    sync.Mutex
	gates map[string]*sync.RWMutex // by bucket: held for reading by every operation, for writing by erase
}

// newRooted makes the backend below dir; beside keeps metadata beside the data even where extended attributes can be had.
func newRooted(dir string, beside bool, complain func(string)) (*rooted, error) {
	r := &rooted{complain: complain, data: filepath.Join(dir, "data"), version: filepath.Join(dir, "versions"), gates: map[string]*sync.RWMutex{}}
	for _, d := range []string{r.data, r.version} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the gateway's directories: %w", err)
		}
	}
	var storer meta.MetadataStorer = meta.XattrMeta{}
	if beside || !attributesHold(r.data) {
		r.sidecar = filepath.Join(dir, "sidecar")
		if err := os.Mkdir(r.sidecar, 0o700); err != nil {
			return nil, fmt.Errorf("make the gateway's directories: %w", err)
		}
		sc, err := meta.NewSideCar(r.sidecar)
		if err != nil {
			return nil, fmt.Errorf("keep metadata beside the data: %w", err)
		}
		storer = sc
	}
	o := posix.PosixOpts{VersioningDir: r.version, SideCarDir: r.sidecar, Concurrency: 256}
	o.SetNewDirPerm(0o700)
	o.SetNewFilePerm(0o600)
	be, err := quietPosix(r.data, storer, o)
	if err != nil {
		return nil, fmt.Errorf("open the gateway's directory: %w", err)
	}
	r.posix = be
	return r, nil
}

// attributesHold writes an attribute and reads it back: some file systems answer a read as if they had attributes.
func attributesHold(dir string) bool {
	x := meta.XattrMeta{}
	if x.StoreAttribute(nil, dir, "", "bucketproof", []byte("1")) != nil {
		return false
	}
	got, err := x.RetrieveAttribute(nil, dir, "", "bucketproof")
	return err == nil && string(got) == "1" && x.DeleteAttribute(dir, "", "bucketproof") == nil
}

// quietPosix makes the posix backend without what posix.New does to its process: it prints to standard output, where only
// results may stand, and changes the working directory. Both are put back at once; for that moment the change is seen by the
// whole process.
func quietPosix(dir string, m meta.MetadataStorer, o posix.PosixOpts) (*posix.Posix, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	before, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	stdout := os.Stdout
	os.Stdout = null
	be, err := posix.New(dir, m, o)
	os.Stdout = stdout
	if back := os.Chdir(before); back != nil {
		err = errors.Join(err, back)
	}
	return be, err
}

// path is where a bucket's data is, as posix wants to be told.
func (r *rooted) path(bucket string) string { return filepath.Join(r.data, bucket) }

// in is path for the pointers of the SDK's input types.
func (r *rooted) in(bucket *string) *string {
	if bucket == nil {
		return nil
	}
	p := r.path(*bucket)
	return &p
}

// out puts the bucket's name for its path in an error. An error that isn't S3's is made one here: the gateway would print it
// on standard error. Where a body ends early S3 has a word for it; the rest is told to whoever watches the stores.
func (r *rooted) out(bucket string, err error) error {
	var named s3err.BucketError
	var plain s3err.S3Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &named):
		named.BucketName = bucket
		return named
	case errors.As(err, &plain):
		return plain
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	r.complain(fmt.Sprintf("the S3 gateway failed in bucket %s: %v", bucket, err))
	return s3err.GetAPIError(s3err.ErrInternalError)
}

func (r *rooted) gate(bucket string) *sync.RWMutex {
	r.mu.Lock()
	defer r.mu.Unlock()
	g, ok := r.gates[bucket]
	if !ok {
		g = &sync.RWMutex{}
		r.gates[bucket] = g
	}
	return g
}

// enter begins an operation on a bucket, which the returned function ends.
func (r *rooted) enter(bucket string) (leave func()) {
	g := r.gate(bucket)
	g.RLock()
	return g.RUnlock
}

// erase removes a bucket with everything that belongs to it, whatever locks hold it: the store is ours. It waits for
// operations under way: one that loses the ground under its feet would complain on standard error and leave parts behind.
func (r *rooted) erase(bucket string) error {
	g := r.gate(bucket)
	g.Lock()
	defer g.Unlock()
	path := r.path(bucket)
	locks := fmt.Sprintf("%x", sha256.Sum256([]byte(path))) // posix: <root>/.vgwlocks/<sha256 of the bucket>
	dirs := []string{path, filepath.Join(r.version, path), filepath.Join(r.data, ".vgwlocks", locks)}
	if r.sidecar != "" {
		dirs = append(dirs, filepath.Join(r.sidecar, path), filepath.Join(r.sidecar, r.version, path))
	}
	var errs []error
	for _, d := range dirs {
		errs = append(errs, os.RemoveAll(d))
	}
	r.mu.Lock()
	delete(r.gates, bucket)
	r.mu.Unlock()
	return errors.Join(errs...)
}

func (r *rooted) String() string { return r.posix.String() }
func (r *rooted) Shutdown()      { r.posix.Shutdown() }

func (r *rooted) NormalizeObjectKey(bucket, object string) string {
	return r.posix.NormalizeObjectKey(r.path(bucket), object)
}

// names lists the buckets there are.
func (r *rooted) names() ([]os.DirEntry, error) {
	entries, err := os.ReadDir(r.data)
	if err != nil {
		return nil, fmt.Errorf("list buckets: %w", err)
	}
	var buckets []os.DirEntry
	for _, e := range entries {
		if e.IsDir() && utils.IsValidBucketName(e.Name()) {
			buckets = append(buckets, e)
		}
	}
	return buckets, nil
}

func (r *rooted) ownerOf(ctx context.Context, bucket string) (string, error) {
	name := bucket
	raw, err := r.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &name})
	if err != nil {
		return "", err
	}
	acl, err := auth.ParseACL(raw)
	return acl.Owner, err
}

func (r *rooted) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	result := s3response.ListAllMyBucketsResult{Owner: s3response.CanonicalUser{ID: in.Owner}, Prefix: in.Prefix}
	entries, err := r.names()
	if err != nil {
		return result, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), in.Prefix) || e.Name() <= in.ContinuationToken {
			continue
		}
		if n := len(result.Buckets.Bucket); in.MaxBuckets > 0 && n == int(in.MaxBuckets) {
			result.ContinuationToken = result.Buckets.Bucket[n-1].Name
			break
		}
		if !in.IsAdmin {
			if owner, err := r.ownerOf(ctx, e.Name()); err != nil || owner != in.Owner {
				continue
			}
		}
		info, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		result.Buckets.Bucket = append(result.Buckets.Bucket, s3response.ListAllMyBucketsEntry{Name: e.Name(), CreationDate: info.ModTime()})
	}
	return result, nil
}

func (r *rooted) ListBucketsAndOwners(ctx context.Context) ([]s3response.Bucket, error) {
	entries, err := r.names()
	if err != nil {
		return nil, err
	}
	var buckets []s3response.Bucket
	for _, e := range entries {
		owner, err := r.ownerOf(ctx, e.Name())
		if err != nil {
			return nil, err
		}
		buckets = append(buckets, s3response.Bucket{Name: e.Name(), Owner: owner})
	}
	return buckets, nil
}

func (r *rooted) ChangeBucketOwner(ctx context.Context, bucket, owner string) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.ChangeBucketOwner(ctx, r.path(bucket), owner))
}

func (r *rooted) PutBucketVersioning(ctx context.Context, bucket string, status types.BucketVersioningStatus) error {
	defer r.enter(bucket)()
	return r.out(bucket, r.posix.PutBucketVersioning(ctx, r.path(bucket), status))
}

func (r *rooted) GetBucketVersioning(ctx context.Context, bucket string) (s3response.GetBucketVersioningOutput, error) {
	defer r.enter(bucket)()
	o, err := r.posix.GetBucketVersioning(ctx, r.path(bucket))
	return o, r.out(bucket, err)
}
