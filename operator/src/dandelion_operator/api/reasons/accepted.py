"""Reasons about the spec, and about the storage and the dataset that it names."""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import (
    ACCEPTED,
    FALSE,
    PROMOTED,
    READY,
    ROLLED_OUT,
    TRUE,
    UNKNOWN,
    Facts,
    ToldBy,
)

VALID = Facts(
    "Valid",
    "The spec is understood, the dataset can be listed and is not empty.",
    {ACCEPTED: TRUE},
)
INVALID_SPEC = Facts(
    "InvalidSpec",
    "The spec contradicts itself; the message names the field.",
    {ACCEPTED: FALSE},
)
NAMESPACE_NOT_ENABLED = Facts(
    "NamespaceNotEnabled",
    "The operator does not look after this namespace; the message has the command that turns it "
    "on. What serves goes on serving, and nobody looks at it.",
    {ACCEPTED: FALSE, READY: UNKNOWN},
    event=ToldBy.NOBODY,  # it has no right to write one there
)
STORAGE_UNREACHABLE = Facts(
    "StorageUnreachable",
    "The S3 endpoint does not answer. Tried again by itself; what serves goes on serving.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
    may_pass=True,
)
CREDENTIALS_REJECTED = Facts(
    "CredentialsRejected",
    "The S3 endpoint refuses the keys. Mend the Secret that the message names.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
)
BUCKET_NOT_FOUND = Facts(
    "BucketNotFound",
    "The bucket of dataset.storageUri does not exist.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
)
DATASET_EMPTY = Facts("DatasetEmpty", "No object lies below dataset.storageUri.", {ACCEPTED: FALSE})
DATASET_LISTING = Facts(
    "DatasetListing",
    "The dataset is being listed, which takes a while if it is large or its endpoint slow. "
    "Training starts once that is done; what serves goes on serving.",
    {ACCEPTED: UNKNOWN},
)
DATASET_NOT_ALLOWED = Facts(
    "DatasetNotAllowed",
    "The installation does not let this namespace learn from there with its keys; the message says "
    "from where it does, and how to get more. What serves goes on serving.",
    {ACCEPTED: FALSE},
)
IMAGE_NOT_ALLOWED = Facts(
    "ImageNotAllowed",
    "The installation does not let this image train; the message says which it does. A run in "
    "flight ends by itself, and what serves goes on serving.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN},
)
SECRET_MISSING = Facts(
    "SecretMissing",
    "The Secret with the S3 keys, or one of its two keys, does not exist in the namespace.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
)
IDENTITY_MISSING = Facts(
    "IdentityMissing",
    "S3 is reached by ServiceAccounts, and the operator's was given no token, or it may not look "
    "after those of pods; the message says what is missing. What serves goes on serving.",
    {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
)
LOG_UNAVAILABLE = Facts(
    "LogUnavailable",
    "spec.serving.logging asks for a log that nothing is set up for; the message says what to "
    "write. What serves goes on serving.",
    {ACCEPTED: FALSE},
)
