package stores

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// gcsAdmin is the role that W&B's instructions ask for.
const gcsAdmin = "roles/storage.admin"

// What roles are made of.
var (
	gcsUploadPermissions = []string{"storage.multipartUploads.abort", "storage.multipartUploads.create", "storage.multipartUploads.list", "storage.multipartUploads.listParts"}
	gcsBucketPermissions = []string{
		"storage.buckets.create", "storage.buckets.createTagBinding", "storage.buckets.delete", "storage.buckets.deleteTagBinding",
		"storage.buckets.enableObjectRetention", "storage.buckets.get", "storage.buckets.getIamPolicy", "storage.buckets.getIpFilter",
		"storage.buckets.getObjectInsights", "storage.buckets.list", "storage.buckets.listEffectiveTags", "storage.buckets.listTagBindings",
		"storage.buckets.relocate", "storage.buckets.restore", "storage.buckets.setIamPolicy", "storage.buckets.setIpFilter", "storage.buckets.update",
	}
	gcsObjectPermissions = []string{
		"storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.getIamPolicy", "storage.objects.list",
		"storage.objects.move", "storage.objects.overrideUnlockedRetention", "storage.objects.restore", "storage.objects.setIamPolicy",
		"storage.objects.setRetention", "storage.objects.update",
	}
	gcsPermissions = slices.Concat(gcsBucketPermissions, gcsObjectPermissions, gcsUploadPermissions)
)

// gcsRoles are Google's predefined roles and what they hold of the permissions on buckets, objects and uploads (Cloud
// Storage documentation, "IAM roles for Cloud Storage"). Permissions on folders, caches, tags and projects are nothing here.
var gcsRoles = map[string][]string{
	gcsAdmin:                    gcsPermissions,
	"roles/storage.objectAdmin": slices.Concat(gcsObjectPermissions, gcsUploadPermissions),
	"roles/storage.objectUser": slices.Concat(gcsUploadPermissions, []string{"storage.objects.create", "storage.objects.delete", "storage.objects.get",
		"storage.objects.list", "storage.objects.move", "storage.objects.restore", "storage.objects.update"}),
	"roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
	"roles/storage.objectCreator": {"storage.multipartUploads.abort", "storage.multipartUploads.create", "storage.multipartUploads.listParts",
		"storage.objects.create"},
	"roles/storage.bucketViewer":       {"storage.buckets.get", "storage.buckets.list"},
	"roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.multipartUploads.list", "storage.objects.list"},
	"roles/storage.legacyBucketWriter": slices.Concat(gcsUploadPermissions, []string{"storage.buckets.get", "storage.objects.create", "storage.objects.delete",
		"storage.objects.list", "storage.objects.restore", "storage.objects.setRetention"}),
	"roles/storage.legacyBucketOwner": slices.Concat(gcsUploadPermissions, []string{"storage.buckets.enableObjectRetention", "storage.buckets.get",
		"storage.buckets.getIamPolicy", "storage.buckets.restore", "storage.buckets.setIamPolicy", "storage.buckets.update", "storage.objects.create",
		"storage.objects.delete", "storage.objects.list", "storage.objects.restore", "storage.objects.setRetention"}),
	"roles/storage.legacyObjectReader": {"storage.objects.get"},
	"roles/storage.legacyObjectOwner": {"storage.objects.get", "storage.objects.getIamPolicy", "storage.objects.overrideUnlockedRetention",
		"storage.objects.setIamPolicy", "storage.objects.setRetention", "storage.objects.update"},
}

// The members that make a bucket public.
const (
	allUsers              = "allUsers"
	allAuthenticatedUsers = "allAuthenticatedUsers"
)

// gcsCaller is who asks: a service account, or nobody in particular.
type gcsCaller struct {
	email string // "" for an anonymous caller
	grant grant  // what the scopes of a token leave of it
}

// allowed reports whether a caller holds a permission on the bucket. A permission is held through the bucket's own policy; the
// store's owner has his from the project (Cloud Storage documentation, "Overview of Identity and Access Management").
func (o *gcsOwner) allowed(c gcsCaller, permission string) bool {
	if c.email != "" && c.email == o.warden.email {
		return true
	}
	if permission == "storage.buckets.list" || permission == "storage.buckets.create" {
		return false // no role on a bucket gives what is the project's
	}
	public := !o.resource.publicPrevented()
	for _, b := range o.policy.list() {
		if !slices.Contains(gcsRoles[b.Role], permission) {
			continue
		}
		for _, m := range b.Members {
			switch {
			case m == allUsers && public, m == allAuthenticatedUsers && public && c.email != "":
				return true
			case c.email != "" && m == "serviceAccount:"+c.email:
				return true
			}
		}
	}
	return false
}

// permit refuses a caller who lacks a permission; nil if he may.
func (f *gcsFront) permit(c gcsCaller, permissions ...string) *gcsError {
	if f.unverified {
		return nil
	}
	for _, p := range permissions {
		if !f.owner.allowed(c, p) {
			return denied(c, p)
		}
	}
	return nil
}

// denied is Google's refusal, in its own words.
func denied(c gcsCaller, permission string) *gcsError {
	who := c.email
	if who == "" {
		who = "Anonymous caller"
	}
	what := "bucket"
	switch {
	case permission == "storage.buckets.list" || permission == "storage.buckets.create":
		what = "project"
	case strings.HasPrefix(permission, "storage.objects.") && permission != "storage.objects.list",
		strings.HasPrefix(permission, "storage.multipartUploads.") && permission != "storage.multipartUploads.list":
		what = "object"
	}
	service := "Google Cloud Storage "
	if what == "project" {
		service = "Google Cloud "
	}
	return &gcsError{status: http.StatusForbidden, Code: "AccessDenied", Message: "Access denied.", reason: "forbidden", anonymous: c.email == "",
		Details: fmt.Sprintf("%s does not have %s access to the %s%s. Permission '%s' denied on resource (or it may not exist).", who, permission, service, what, permission)}
}
