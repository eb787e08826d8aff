"""What the cluster is, where pods have to be made differently for it. Asked once, at the start."""

from __future__ import annotations

from http import HTTPStatus

from dandelion_operator.ports.kube.cluster import Transport, UnreachableError
from dandelion_operator.process.settings import Settings

OPENSHIFT = "/apis/security.openshift.io"


async def resolved(settings: Settings, api: Transport) -> Settings:
    """With `fixed_ids` settled: OpenShift gives each namespace a range of IDs and refuses others.

    Raises OSError or UnreachableError where the API server does not say.
    """
    if settings.fixed_ids != "auto":
        return settings
    status, _ = await api.request("GET", OPENSHIFT)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise UnreachableError(f"the API server answers HTTP {status}")
    is_openshift = status == HTTPStatus.OK
    return settings.model_copy(update={"fixed_ids": "false" if is_openshift else "true"})
