"""The S3 keys next to a resource, one for each purpose: the chart's, or one for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.ports.s3.credentials import Credentials, encoded, signing_key
from dandelion_operator.seen.keys import TemporaryKey


def credentials_secret(
    resource: Resource, purpose: str, credentials: Credentials
) -> dict[str, Any]:
    return purpose_secret(resource, purpose, encoded(credentials))


def purpose_secret(resource: Resource, purpose: str, data: Mapping[str, str]) -> dict[str, Any]:
    """With other content than a key: what is signed with, or nothing."""
    name = {
        naming.TRAINING: naming.training_secret,
        naming.INFERENCE: naming.inference_secret,
        naming.LOG: naming.log_secret,
    }[purpose](resource.key)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": resource.namespace,
            "labels": naming.labels(resource.key, purpose),
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "data": dict(data),
    }


def temporary_secret(
    resource: Resource, purpose: str, key: TemporaryKey, installation: Credentials
) -> dict[str, Any]:
    """With what is signed with, which stays when the key does not."""
    given = Credentials(key.access_key, key.secret_key, key.session_token)
    wanted = credentials_secret(resource, purpose, given)
    data = wanted["data"] | signing_key(purpose, installation.secret_key)
    noted = {
        naming.KEY_ASKED_ANNOTATION: key.asked,
        naming.KEY_CONTENT_ANNOTATION: digests.key_content(data),
        naming.KEY_ISSUED_ANNOTATION: key.issued,
        naming.KEY_EXPIRES_ANNOTATION: key.expires,
    }
    return wanted | {"metadata": wanted["metadata"] | {"annotations": noted}, "data": data}
