package bucket

// codeKinds are the providers' own error codes: S3's (API reference, "Error responses"; also MinIO's and versitygw's),
// Google's (JSON API "HTTP status and error codes", XML API "Error responses") and Azure's (REST "Common error codes", "Blob
// service error codes"). What isn't here goes by its status. "" stands for codes that say no more than the status does.
var codeKinds = map[string]Kind{
	// who is asking
	"InvalidAccessKeyId":                 KindCredentials,
	"InvalidToken":                       KindCredentials,
	"ExpiredToken":                       KindCredentials,
	"ExpiredTokenException":              KindCredentials,
	"TokenRefreshRequired":               KindCredentials,
	"InvalidSecurity":                    KindCredentials,
	"NotSignedUp":                        KindCredentials,
	"AccountProblem":                     KindCredentials,
	"InactiveAccessKey":                  KindCredentials, // Ceph and its kin
	"XMinioInvalidIAMCredentials":        KindCredentials,
	"authError":                          KindCredentials, // Google, JSON
	"required":                           KindCredentials,
	"expired":                            KindCredentials,
	"UNAUTHENTICATED":                    KindCredentials,
	"accountDisabled":                    KindCredentials,
	"AuthenticationRequired":             KindCredentials, // Google, XML
	"InvalidAuthenticationInfo":          KindCredentials, // Azure
	"NoAuthenticationInformation":        KindCredentials,
	"AccountIsDisabled":                  KindCredentials,
	"KeyBasedAuthenticationNotPermitted": KindCredentials,

	// its signature
	"SignatureDoesNotMatch": KindSignature,
	"MissingSecurityHeader": KindSignature,
	"MissingFields":         KindSignature, // MinIO
	"AuthenticationFailed":  KindSignature, // Azure: a wrong key or a wrong or expired SAS
	"RequestTimeTooSkewed":  KindClock,

	// what it may do
	"AccessDenied":                      KindDenied,
	"AccessForbidden":                   KindDenied, // CORS
	"AllAccessDisabled":                 KindDenied,
	"Forbidden":                         KindDenied,
	"forbidden":                         KindDenied, // Google, JSON
	"insufficientPermissions":           KindDenied,
	"PERMISSION_DENIED":                 KindDenied,
	"retentionPolicyNotMet":             KindDenied,
	"objectUnderActiveHold":             KindDenied,
	"AuthorizationFailure":              KindDenied, // Azure: network rules; Azurite also for a wrong key
	"AuthorizationPermissionMismatch":   KindDenied,
	"AuthorizationProtocolMismatch":     KindDenied,
	"AuthorizationResourceTypeMismatch": KindDenied,
	"AuthorizationServiceMismatch":      KindDenied,
	"AuthorizationSourceIPMismatch":     KindDenied,
	"InsufficientAccountPermissions":    KindDenied,
	"PublicAccessNotPermitted":          KindDenied,
	"CorsPreflightFailure":              KindDenied,
	"BlobImmutableDueToPolicy":          KindDenied,
	"BlobImmutableDueToLegalHold":       KindDenied,
	"BlobOverwriteImmutableDueToPolicy": KindDenied,
	"SnapshotOperationRateExceeded":     KindThrottled,

	// what isn't there
	"NoSuchBucket":          KindNoSuchBucket,
	"ContainerNotFound":     KindNoSuchBucket,
	"ContainerBeingDeleted": KindNoSuchBucket,
	"NoSuchKey":             KindNoSuchKey,
	"NoSuchVersion":         KindNoSuchKey,
	"BlobNotFound":          KindNoSuchKey,
	"NoSuchUpload":          KindNoSuchUpload,
	"NotFound":              "", // what the SDKs call a HEAD's 404
	"notFound":              "", // Google, JSON: a bucket or an object
	"NOT_FOUND":             "",

	"ResourceNotFound": "", // Azure: a container or a blob

	// what isn't set
	"NoSuchBucketPolicy":                             KindNotConfigured,
	"NoSuchCORSConfiguration":                        KindNotConfigured,
	"NoSuchLifecycleConfiguration":                   KindNotConfigured,
	"NoSuchTagSet":                                   KindNotConfigured,
	"NoSuchTagSetError":                              KindNotConfigured,
	"NoSuchWebsiteConfiguration":                     KindNotConfigured,
	"NoSuchPublicAccessBlockConfiguration":           KindNotConfigured,
	"ServerSideEncryptionConfigurationNotFoundError": KindNotConfigured,
	"ObjectLockConfigurationNotFoundError":           KindNotConfigured,
	"ReplicationConfigurationNotFoundError":          KindNotConfigured,
	"OwnershipControlsNotFoundError":                 KindNotConfigured,

	// where it is
	"PermanentRedirect":                  KindRedirect, // KindRegion when a region is named
	"TemporaryRedirect":                  KindRedirect,
	"MovedPermanently":                   KindRedirect,
	"IllegalLocationConstraintException": KindRegion,
	"InvalidRegion":                      KindRegion,

	// what was sent
	"PreconditionFailed":          KindPrecondition,
	"ConditionNotMet":             KindPrecondition,
	"conditionNotMet":             KindPrecondition,
	"TargetConditionNotMet":       KindPrecondition,
	"ConditionalRequestConflict":  KindPrecondition,
	"BlobAlreadyExists":           KindPrecondition,
	"BadDigest":                   KindBadDigest,
	"InvalidDigest":               KindBadDigest,
	"Md5Mismatch":                 KindBadDigest,
	"InvalidMd5":                  KindBadDigest,
	"Crc64Mismatch":               KindBadDigest,
	"XAmzContentChecksumMismatch": KindBadDigest, // MinIO
	"XAmzContentSHA256Mismatch":   KindBadDigest,
	"MissingRequiredHeader":       KindInvalid,
	"NotImplemented":              KindNotImplemented,
	"notImplemented":              KindNotImplemented,
	"XNotImplemented":             KindNotImplemented,
	"FeatureNotSupported":         KindNotImplemented, // Azurite, with a 500

	// not now
	"SlowDown":              KindThrottled,
	"SlowDownRead":          KindThrottled,
	"SlowDownWrite":         KindThrottled,
	"RequestLimitExceeded":  KindThrottled,
	"TooManyRequests":       KindThrottled,
	"Throttling":            KindThrottled,
	"ThrottlingException":   KindThrottled,
	"rateLimitExceeded":     KindThrottled,
	"userRateLimitExceeded": KindThrottled,
	"ServerBusy":            KindThrottled,
	"RequestTimeout":        KindTimeout, // S3: 400, the body came too slowly
	"OperationTimedOut":     KindServer,
	"InternalError":         KindServer,
	"internalError":         KindServer,
	"backendError":          KindServer,
	"ServiceUnavailable":    KindServer,
}
