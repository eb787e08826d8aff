"""What is to be told of the keys beside a resource: what stands in the way, and what is noteworthy.

Of the log alone nothing stands in the way: a model serves without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure
from dandelion_operator.seen.keys import KeyLook, NoSts


def obstacle(keys: Mapping[str, KeyLook], now: str) -> Failure | None:
    """Why there is no key that pods could work with."""
    found = (keys[purpose].obstacle(now) for purpose in _needed(keys))
    return next(filter(None, found), None)


def notes(keys: Mapping[str, KeyLook]) -> tuple[str, ...]:
    """What people should know of keys that can be worked with."""
    return tuple(dict.fromkeys(_notes(keys)))


def _notes(keys: Mapping[str, KeyLook]) -> Iterator[str]:
    for purpose, look in keys.items():
        if isinstance(look.given, NoSts) and look.is_shared:
            yield (
                f"there are no keys for a while ({look.given.message}), so the Secrets here hold "
                "the installation's own, with which whoever may read them reaches the data and "
                "models of every namespace"
            )
        elif look.seen.held_shared and not look.insists:
            yield (
                "pods of a former release hold the installation's own keys until their next "
                "rollout; s3.sts.enabled: true replaces them now"
            )
        elif look.trouble is not None and look.seen.temporary:
            yield (
                f"the key for {purpose} ends at {look.seen.expires} and is not renewed: "
                f"{look.trouble.message}"
            )
        elif look.trouble is not None:
            yield f"there is no key of its own for {purpose}: {look.trouble.message}"


def _needed(keys: Mapping[str, KeyLook]) -> Iterator[str]:
    return (purpose for purpose in (naming.TRAINING, naming.INFERENCE) if purpose in keys)
