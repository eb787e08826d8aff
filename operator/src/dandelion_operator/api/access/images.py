"""Which images a ModelDeployment may train with, beside the installation's own.

A rule of the installation. Pure. An entry is the beginning of a name, with its registry: it ends
with `/` or `*`; or it is a whole name with a digest. Names are compared as they are written, so
`python` is not `docker.io/library/python`: what is short for something else is not allowed by it.
"""

from __future__ import annotations

from collections.abc import Sequence


def may_be_used(image: str, allowed: Sequence[str]) -> bool:
    """Nothing allowed is no rule: every image may."""
    return not allowed or any(_fits(image, entry) for entry in allowed)


def _fits(image: str, entry: str) -> bool:
    if "@" in entry:
        return image == entry
    return image.startswith(entry.removesuffix("*"))
