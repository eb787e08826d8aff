"""What a child may be changed to, and must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.rights.children import Json
from tests.api.rights.policy.installation import IMAGE


def pod(body: Json) -> Json:
    found: Json = body["spec"]["template"]["spec"]
    return found


def container(body: Json) -> Json:
    found: Json = pod(body)["containers"][0]
    return found


def renamed(body: Json) -> None:
    body["metadata"]["name"] = "kubernetes-dashboard"


def unowned(body: Json) -> None:
    del body["metadata"]["ownerReferences"]


def owned_by_a_deployment(body: Json) -> None:
    body["metadata"]["ownerReferences"][0] |= {"apiVersion": "apps/v1", "kind": "Deployment"}


def with_image(image: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        container(body)["image"] = image

    return change


def with_account(account: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        pod(body)["serviceAccountName"] = account

    return change


def with_pod(**fields: Any) -> Callable[[Json], None]:
    return lambda body: pod(body).update(fields)


def with_security(**fields: Any) -> Callable[[Json], None]:
    return lambda body: container(body)["securityContext"].update(fields)


def with_volume(**source: Any) -> Callable[[Json], None]:
    return lambda body: pod(body)["volumes"].append({"name": "more", **source})


def with_another_container(section: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        more = {"name": "more", "image": IMAGE, "securityContext": {"privileged": True}}
        pod(body).setdefault(section, []).append(more)

    return change


def of_type(kind: str) -> Callable[[Json], None]:
    return lambda body: body.update(
        type=kind,
        metadata=body["metadata"]
        | {"annotations": {"kubernetes.io/service-account.name": "default"}},
    )


def with_spec(**fields: Any) -> Callable[[Json], None]:
    return lambda body: body["spec"].update(fields)


def with_fields(**fields: Any) -> Callable[[Json], None]:
    return lambda body: body.update(fields)


def leading_to(**fields: Any) -> Callable[[Json], None]:
    """Changes the first backend of a route."""
    return lambda body: body["spec"]["rules"][0]["backendRefs"][0].update(fields)


def to_backend(**backend: Any) -> Callable[[Json], None]:
    """Changes where the first path of an Ingress leads."""
    return lambda body: body["spec"]["rules"][0]["http"]["paths"][0].update(backend=backend)


def under_host(host: str) -> Callable[[Json], None]:
    return lambda body: body["spec"]["rules"][0].update(host=host)


def nameless(body: Json) -> None:
    del body["spec"]["rules"][0]["host"]


def annotated(key: str, value: str) -> Callable[[Json], None]:
    return lambda body: body["metadata"]["annotations"].update({key: value})


def of_each_request(**what: Any) -> Callable[[Json], None]:
    return lambda body: body["spec"]["rules"][0].update(filters=[what])
