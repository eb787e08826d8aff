"""From a Service, its EndpointSlices and the disruption budgets: what stands before the pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.serving import BudgetSeen, ServiceSeen


def service(raw: Mapping[str, Any], uid: str) -> ServiceSeen:
    metadata = raw["metadata"]
    address = raw["spec"].get("clusterIP")
    return ServiceSeen(
        ours=is_owned(raw, uid),
        digest=(metadata.get("annotations") or {}).get(naming.SERVICE_DIGEST_ANNOTATION),
        address=address if address and address != "None" else None,
    )


def ready_endpoints(slices: Sequence[Mapping[str, Any]], service: str) -> frozenset[str] | None:
    """Whom a Service sends requests to: names of pods, or else addresses. None: not known.

    Where there is a selector, Kubernetes makes a slice even of no endpoint. An endpoint that does
    not say whether it is ready counts as ready.
    """
    own = [item for item in slices if _service_of(item) == service]
    if not own:
        return None
    return frozenset(
        (endpoint.get("targetRef") or {}).get("name") or ",".join(endpoint.get("addresses") or ())
        for item in own
        for endpoint in item.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
    )


def _service_of(raw: Mapping[str, Any]) -> str | None:
    return (raw["metadata"].get("labels") or {}).get(naming.SERVICE_NAME_LABEL)


def budget(raw: Sequence[Mapping[str, Any]], key: NamespacedName, uid: str) -> BudgetSeen:
    """`raw`: all budgets of the namespace."""
    name = naming.inference(key)
    named = next((item for item in raw if item["metadata"]["name"] == name), None)
    others = (item for item in raw if not is_owned(item, uid))
    pods = naming.labels(key, naming.INFERENCE)
    return BudgetSeen(
        exists=named is not None,
        ours=named is not None and is_owned(named, uid),
        digest=_annotation(named or {}, naming.BUDGET_DIGEST_ANNOTATION),
        another_covers=any(_selects(item["spec"].get("selector"), pods) for item in others),
    )


def _annotation(raw: Mapping[str, Any], name: str) -> str | None:
    found: str | None = ((raw.get("metadata") or {}).get("annotations") or {}).get(name)
    return found


def _selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """As Kubernetes matches a LabelSelector: no selector selects nothing, an empty one all."""
    if selector is None:
        return False
    wanted = (selector.get("matchLabels") or {}).items()
    return wanted <= labels.items() and all(
        _holds(item, labels) for item in selector.get("matchExpressions") or []
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    listed = value in (expression.get("values") or [])
    return {
        "Exists": value is not None,
        "DoesNotExist": value is None,
        "In": value is not None and listed,
        "NotIn": not listed,
    }.get(expression["operator"], False)
