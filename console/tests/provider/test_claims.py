"""Whom an ID token is about: by the rules of kube-apiserver's flags."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_console.ports.oidc import Oidc
from dandelion_console.provider.claims import ClaimError, identity
from fakes.provider import CLIENT, ISSUER
from pydantic import ValidationError

CLAIMS: dict[str, Any] = {
    "sub": "17",
    "email": "ada@example.com",
    "preferred_username": "ada",
    "groups": ["gardeners", "foremen"],
}


def settings(**more: Any) -> Oidc:
    return Oidc.model_validate({"issuer": ISSUER, "client_id": CLIENT} | more)


NAMES: dict[str, tuple[dict[str, str], str]] = {
    "the subject, after the issuer": ({}, f"{ISSUER}#17"),
    "another claim, after the issuer": (
        {"username_claim": "preferred_username"},
        f"{ISSUER}#ada",
    ),
    "an email address as it is": ({"username_claim": "email"}, "ada@example.com"),
    "after a prefix": (
        {"username_claim": "email", "username_prefix": "sso:"},
        "sso:ada@example.com",
    ),
    "as it is": ({"username_prefix": "-"}, "17"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_person_is_called(case: str) -> None:
    more, name = NAMES[case]
    assert identity(settings(**more), CLAIMS).username == name


GROUPS: dict[str, tuple[dict[str, str], Any, tuple[str, ...]]] = {
    "none without a claim for them": ({}, ["gardeners"], ()),
    "those of the claim": ({"groups_claim": "groups"}, ["a", "b"], ("a", "b")),
    "one that is no list": ({"groups_claim": "groups"}, "a", ("a",)),
    "after a prefix": ({"groups_claim": "groups", "groups_prefix": "sso:"}, ["a"], ("sso:a",)),
    "never Kubernetes' own": ({"groups_claim": "groups"}, ["system:masters", "a"], ("a",)),
    "after a prefix, whatever they are": (
        {"groups_claim": "groups", "groups_prefix": "sso:"},
        ["system:masters"],
        ("sso:system:masters",),
    ),
    "nor by a prefix": ({"groups_claim": "groups", "groups_prefix": "system:"}, ["masters"], ()),
}


@pytest.mark.parametrize("case", GROUPS)
def test_and_is_in_the_groups(case: str) -> None:
    more, sent, wanted = GROUPS[case]
    found = identity(settings(**more), CLAIMS | {"groups": sent}).groups
    assert found == (*wanted, "system:authenticated")


NOBODY: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "no claim of that name": ({"username_claim": "upn"}, {}),
    "an empty one": ({}, {"sub": ""}),
    "a number": ({}, {"sub": 17}),
    "two lines": ({}, {"sub": "ada\nroot"}),
    "one without end": ({}, {"sub": "a" * 600}),
    "an address that is not verified": ({"username_claim": "email"}, {"email_verified": False}),
    "an address of which that is unclear": ({"username_claim": "email"}, {"email_verified": "no"}),
    "a name of Kubernetes' own": ({"username_prefix": "-"}, {"sub": "system:admin"}),
    "groups that are no names": ({"groups_claim": "groups"}, {"groups": [1]}),
}


@pytest.mark.parametrize("case", NOBODY)
def test_nobody_is(case: str) -> None:
    more, claims = NOBODY[case]
    with pytest.raises(ClaimError):
        identity(settings(**more), CLAIMS | claims)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "http://sso.example.com"}, {"issuer": ISSUER, "client_id": ""}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Oidc.model_validate(wrong)
