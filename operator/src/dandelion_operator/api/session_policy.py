"""What a key may do that is for one purpose of one ModelDeployment: an IAM policy of the session.

What the key may do in the end is what both this and the policy of the installation's key allow, so
nothing here grants more than the installation has. Pure; asked for by `observe`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location, folder_of, split_uri
from dandelion_operator.api.resource import Resource

READ = ("s3:GetObject", "s3:GetObjectVersion")
WRITE = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
LIST = "s3:ListBucket"
# In a policy these stand for other characters. Any single one takes their place: more than the name
# itself, and nothing beyond the folder that it lies in.
WILDCARDS = re.compile(r"[*?$]")

Place = tuple[str, str]  # a bucket, and a key or the beginning of keys with a star


def session_policy(resource: Resource, location: Location, purpose: str) -> str:
    """As JSON in ASCII, which AWS wants.

    What a resource is denied is not in it. A pinned dataset version may have been made from another
    folder than the spec names, so whatever the namespace may read is.
    """
    own = f"{resource.namespace}/{resource.name}"
    models = (location.bucket, f"{own}/*")
    log = location.log and _below(f"{location.log.uri}/{own}")
    match purpose:
        case naming.TRAINING:
            read = (*_learnt_from(resource, location), models, *([log] if log else []))
            statements = [_allow(READ, read), *_lists(read), _allow(WRITE, [models])]
        case naming.INFERENCE:
            statements = [_allow(READ, [models]), *_lists([models])]
        case _:
            statements = [_allow(("s3:PutObject",), [log])] if log else []
    policy = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(policy, separators=(",", ":"))


def _learnt_from(resource: Resource, location: Location) -> Iterator[Place]:
    """Images, tables and weights that a run is told of."""
    dataset, weights = resource.spec.dataset, resource.spec.training.initial_weights
    yield location.bucket, "pretrained/*"
    if location.denied is not None:
        return
    if dataset.version is not None:
        yield from map(_below, location.readable)
    yield _below(folder_of(dataset.storage_uri))
    if dataset.urls is not None and dataset.urls.storage_uri is not None:
        yield _object(dataset.urls.storage_uri)
    if weights.startswith("s3://"):
        yield _object(weights)
        yield _contract(weights)


def _below(uri: str) -> Place:
    bucket, key = split_uri(uri)
    return bucket, f"{_literal(key)}/*" if key else "*"


def _object(uri: str) -> Place:
    bucket, key = split_uri(uri)
    return bucket, _literal(key)


def _contract(weights: str) -> Place:
    """Beside weights that a run made stands what they learnt from."""
    bucket, key = split_uri(weights)
    folder, slash, _ = key.rpartition("/")
    return bucket, f"{_literal(folder)}{slash}contract.json"


def _literal(key: str) -> str:
    return WILDCARDS.sub("?", key)


def _allow(actions: Sequence[str], places: Iterable[Place]) -> dict[str, Any]:
    names = dict.fromkeys(f"arn:aws:s3:::{bucket}/{key}" for bucket, key in places)
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(names)}


def _lists(places: Iterable[Place]) -> Iterator[dict[str, Any]]:
    """Of each bucket what lies below these places, and no other name."""
    prefixes: dict[str, dict[str, None]] = {}
    for bucket, key in places:
        prefixes.setdefault(bucket, {})[key] = None
    for bucket, keys in prefixes.items():
        yield {
            "Effect": "Allow",
            "Action": LIST,
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringLike": {"s3:prefix": list(keys)}},
        }
