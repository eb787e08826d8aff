"""What an account was given, held against what it did: each verb on each resource that is to spare.

From the roles of a cluster and its API server's audit log. Used on the API server of these tests,
and at the end of the end-to-end tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Get = Callable[..., Any]  # kubectl get … -o json, parsed


class Right(NamedTuple):
    """`resource` is GROUP/RESOURCE or GROUP/RESOURCE/SUBRESOURCE; the core group is empty."""

    verb: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource.lstrip('/')}"


def granted(get: Get, namespace: str, account: str) -> set[Right]:
    """All that the account's roles let it do anywhere."""
    found: set[Right] = set()
    for kind in ("clusterrolebindings", "rolebindings"):
        for binding in get(kind, "-A")["items"]:
            if _is_for(binding, namespace, account):
                found |= set(_rights(_role(get, binding)))
    return found


def _is_for(binding: Mapping[str, Any], namespace: str, account: str) -> bool:
    return any(
        (item["kind"], item.get("namespace"), item["name"])
        == ("ServiceAccount", namespace, account)
        for item in binding.get("subjects") or []
    )


def _role(get: Get, binding: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = binding["roleRef"]
    where = [] if reference["kind"] == "ClusterRole" else ["-n", binding["metadata"]["namespace"]]
    role: Mapping[str, Any] = get(reference["kind"].lower(), reference["name"], *where)
    return role


def _rights(role: Mapping[str, Any]) -> Iterator[Right]:
    for rule in role.get("rules") or []:
        for group in rule.get("apiGroups", ()):
            for resource in rule.get("resources", ()):
                for verb in rule["verbs"]:
                    yield Right(verb, f"{group}/{resource}")


def written(log: Path) -> list[str]:
    """The lines of an audit log that is written to: the last one may be there in part."""
    whole, _, _ = log.read_bytes().rpartition(b"\n")
    return whole.decode().splitlines()


def used(log: Iterable[str], namespace: str, account: str) -> set[Right]:
    """What the account did and was allowed to, by the lines of an audit log."""
    user, found = f"system:serviceaccount:{namespace}:{account}", set[Right]()
    for line in log:
        event = json.loads(line)
        allowed = (event.get("annotations") or {}).get("authorization.k8s.io/decision") == "allow"
        about = event.get("objectRef") or {}
        if event["user"]["username"] != user or not allowed or "resource" not in about:
            continue
        resource = f"{about.get('apiGroup', '')}/{about['resource']}"
        if about.get("subresource"):
            resource = f"{resource}/{about['subresource']}"
        found.add(Right(event["verb"], resource))
        # An apply that finds nothing makes it, for which it needs the right to create.
        if event["verb"] == "patch" and (event.get("responseStatus") or {}).get("code") == 201:
            found.add(Right("create", resource))
    return found
