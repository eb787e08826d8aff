"""From a model's HTTPRoute or Ingress: whether it is the operator's, and whether the Gateway or an
ingress controller has taken it. An address is told only where requests for it are answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.words import foreign, steady
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.serving import RouteSeen

Raw = Mapping[str, Any]


def route(found: Raw | None, uid: str, scheme: str) -> RouteSeen:
    """`found`: the one by that name; `scheme` is https or http."""
    if found is None:
        return RouteSeen()
    parents = (found.get("status") or {}).get("parents") or ()
    troubles = [_trouble(parent, found) for parent in parents]
    taken = "" in troubles
    hostname = next(iter(found["spec"].get("hostnames") or ()), None)
    told = next(iter(filter(None, troubles)), "" if taken else _nobody(found))
    return _seen(found, uid, f"{scheme}://{hostname}" if taken and hostname else None, told)


def ingress(found: Raw | None, uid: str, scheme: str) -> RouteSeen:
    """`found`: the one by that name; `scheme` is https or http."""
    if found is None:
        return RouteSeen()
    status = (found.get("status") or {}).get("loadBalancer") or {}
    hostname = next((rule.get("host") for rule in found["spec"].get("rules") or ()), None)
    if status.get("ingress"):
        return _seen(found, uid, f"{scheme}://{hostname}" if hostname else None, "")
    named = found["spec"].get("ingressClassName")
    which = f"of class {named}" if named else "of the cluster's default class"
    return _seen(found, uid, None, f"no ingress controller {which} has written its address yet")


def _seen(found: Raw, uid: str, url: str | None, trouble: str) -> RouteSeen:
    ours = is_owned(found, uid)
    annotations = found["metadata"].get("annotations") or {}
    return RouteSeen(
        exists=True,
        ours=ours,
        digest=annotations.get(naming.ROUTE_DIGEST_ANNOTATION),
        url=url if ours else None,
        trouble=trouble,
    )


def _trouble(parent: Raw, found: Raw) -> str:
    """Why one Gateway does not lead to the Service; empty where it does."""
    gateway = f"its Gateway {_named(parent.get('parentRef') or {}, found)}".rstrip()
    conditions = [item for item in parent.get("conditions") or () if _is_current(item, found)]
    accepted, resolved = (_of_type(conditions, name) for name in ("Accepted", "ResolvedRefs"))
    if accepted is None:
        return f"{gateway} has not looked at it yet"
    if accepted.get("status") != "True":
        return f"{gateway} does not take it: {_words(accepted)}"
    if resolved is not None and resolved.get("status") == "False":
        return f"{gateway} does not find what it leads to: {_words(resolved)}"
    return ""


def _is_current(condition: Raw, found: Raw) -> bool:
    """Not about the route as it was before."""
    about, now = condition.get("observedGeneration"), found["metadata"].get("generation")
    return about is None or now is None or about == now


def _of_type(conditions: Sequence[Raw], name: str) -> Raw | None:
    return next((item for item in conditions if item.get("type") == name), None)


def _words(condition: Raw) -> str:
    said = f"{condition.get('reason') or ''}: {condition.get('message') or ''}"
    return foreign(steady(said)).strip(": ")


def _nobody(found: Raw) -> str:
    """Controllers pass over routes to Gateways that are not theirs, or are not there."""
    parents = found["spec"].get("parentRefs") or ()
    names = " or ".join(filter(None, (_named(parent, found) for parent in parents)))
    asked = f": is there a Gateway {names}, and who looks after it?" if names else ""
    return f"no Gateway has taken it yet{asked}"


def _named(parent: Raw, found: Raw) -> str:
    if not parent.get("name"):
        return ""
    namespace = parent.get("namespace") or found["metadata"].get("namespace")
    return "/".join(filter(None, (namespace, parent["name"])))
