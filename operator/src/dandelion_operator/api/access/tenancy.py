"""Which datasets a namespace may learn from with the installation's keys.

A rule of the installation. Pure. Keys that a ModelDeployment brings are its owner's matter, and so
is what those reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

EVERY = "*"
PLACEHOLDER = "{namespace}"
NAMESPACE = rf"^(\{EVERY}|[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?)$"
# A bucket, and maybe a folder in it. What means more in a policy cannot be in its name.
PREFIX = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$\x00-\x1f\x7f]*)?$"


class DatasetRule(BaseModel):
    """`*` is every namespace, and `{namespace}` in a prefix the name of the one that asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespaces: tuple[Annotated[str, Field(pattern=NAMESPACE)], ...] = Field(min_length=1)
    prefixes: tuple[Annotated[str, Field(pattern=PREFIX)], ...] = Field(min_length=1)


# None: there is no rule, and whatever the installation's key may read is learnt from.
Rules = Sequence[DatasetRule] | None


def prefixes(rules: Sequence[DatasetRule], namespace: str) -> tuple[str, ...]:
    """What that namespace may read, without the slash at the end."""
    granted = (
        prefix.replace(PLACEHOLDER, namespace).rstrip("/")
        for rule in rules
        if {EVERY, namespace} & set(rule.namespaces)
        for prefix in rule.prefixes
    )
    return tuple(dict.fromkeys(granted))


def may_learn_from(
    uri: str, rules: Sequence[DatasetRule], namespace: str, places: Sequence[str]
) -> bool:
    """`places` are those of models and logs, `s3://…`, of which each namespace has a folder of its
    own: whatever a rule says, those of others stay theirs.
    """
    for place in places:
        if _lies_below(uri, place) and not _lies_below(uri, f"{place}/{namespace}"):
            return False
    return any(_lies_below(uri, prefix) for prefix in prefixes(rules, namespace))


def readable(
    rules: Sequence[DatasetRule], namespace: str, places: Sequence[str]
) -> tuple[str, ...]:
    """Of `prefixes`, all that lies in no folder of another namespace: of one in which those of
    all namespaces lie, the folder of this one.
    """

    def kept(prefix: str) -> tuple[str, ...]:
        shared = [p for p in places if _lies_below(p, prefix) or _lies_below(prefix, p)]
        own = tuple(f"{place}/{namespace}" for place in shared)
        if all(_lies_below(prefix, folder) for folder in own):
            return (prefix,)
        return tuple(folder for folder in own if _lies_below(folder, prefix))

    found = (folder for prefix in prefixes(rules, namespace) for folder in kept(prefix))
    return tuple(dict.fromkeys(found))


def may_start_from(
    uri: str, rules: Sequence[DatasetRule], namespace: str, places: Sequence[str], models: str
) -> bool:
    """Weights may also be published ones, and those of models of the same namespace."""
    own = any(_lies_below(uri, f"{models}/{folder}") for folder in ("pretrained", namespace))
    return own or may_learn_from(uri, rules, namespace, places)


def _lies_below(uri: str, prefix: str) -> bool:
    return f"{uri.rstrip('/')}/".startswith(f"{prefix}/")
