"""Whom an ID token is about, as the API server would name them.

The settings mean what the flags of kube-apiserver mean (`--oidc-username-claim` and so on), so the
same person has the same name by both ways. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_console.ports.oidc import Oidc

# Names of Kubernetes' own, which no provider gives: kube-apiserver leaves it to the prefixes.
RESERVED = "system:"
AUTHENTICATED = "system:authenticated"
EMAIL = "email"
NAME_CHARACTERS = 512


class ClaimError(Exception):
    """The token names nobody; the message says which claim is missing or of another kind."""


@dataclass(frozen=True)
class Identity:
    username: str
    groups: tuple[str, ...]


def identity(settings: Oidc, claims: Mapping[str, Any]) -> Identity:
    """Raises ClaimError."""
    name = claims.get(settings.username_claim)
    if not isinstance(name, str) or not name:
        raise ClaimError(f"its ID token has no claim {settings.username_claim} with a name")
    if settings.username_claim == EMAIL and claims.get("email_verified", True) is not True:
        raise ClaimError("it has not verified the email address")
    username = prefix(settings) + name
    if not name.isprintable() or len(username) > NAME_CHARACTERS:
        raise ClaimError("the name is too long, or has characters that cannot be shown")
    if username.startswith(RESERVED):
        raise ClaimError(f"{RESERVED} begins the names that are Kubernetes' own")
    return Identity(username, (*_groups(settings, claims), AUTHENTICATED))


def prefix(settings: Oidc) -> str:
    """Before a username: what is set, `-` for none, or the issuer where it is no email address."""
    if settings.username_prefix == "-":
        return ""
    if settings.username_prefix or settings.username_claim == EMAIL:
        return settings.username_prefix
    return f"{settings.issuer}#"


def _groups(settings: Oidc, claims: Mapping[str, Any]) -> tuple[str, ...]:
    if not settings.groups_claim:
        return ()
    found = claims.get(settings.groups_claim, ())
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise ClaimError(f"the claim {settings.groups_claim} of its ID token is no list of names")
    named = (settings.groups_prefix + item for item in listed)
    return tuple(group for group in named if group and not group.startswith(RESERVED))
