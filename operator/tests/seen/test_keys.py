"""When a key beside a resource is due to be replaced, and when it may still be used."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.seen.keys import KeySeen

KEY = KeySeen(
    asked="this",
    intact=True,
    issued="2026-11-26T00:00:00Z",
    expires="2026-11-26T12:00:00Z",
)
BEFORE, HALF, ENDED = "2026-11-26T05:59:59Z", "2026-11-26T06:00:00Z", "2026-11-26T12:00:00Z"


@pytest.mark.parametrize(
    ("seen", "now", "due"),
    [
        pytest.param(KEY, BEFORE, False, id="in the first half of its life"),
        pytest.param(KEY, HALF, True, id="in the second half"),
        pytest.param(KEY, ENDED, True, id="at its end"),
        pytest.param(replace(KEY, asked="other"), BEFORE, True, id="asked for otherwise"),
        pytest.param(replace(KEY, intact=False), BEFORE, True, id="changed by somebody"),
        pytest.param(replace(KEY, expires="soon"), BEFORE, True, id="without an end"),
        pytest.param(replace(KEY, issued=""), BEFORE, True, id="without a beginning"),
        pytest.param(KeySeen(shared=True), BEFORE, True, id="the shared one"),
        pytest.param(KeySeen(), BEFORE, True, id="none at all"),
        pytest.param(KEY, "", True, id="at a moment that is not known"),
    ],
)
def test_a_key_is_due(seen: KeySeen, now: str, due: bool) -> None:
    assert seen.is_due("this", now) is due


@pytest.mark.parametrize(
    ("seen", "now", "usable"),
    [
        pytest.param(KEY, HALF, True, id="in the second half"),
        pytest.param(KEY, ENDED, False, id="at its end"),
        pytest.param(replace(KEY, asked="other"), HALF, True, id="asked for otherwise"),
        pytest.param(replace(KEY, intact=False), HALF, False, id="changed by somebody"),
        pytest.param(KeySeen(shared=True), HALF, False, id="the shared one is none for a while"),
        pytest.param(KeySeen(), HALF, False, id="none at all"),
    ],
)
def test_a_key_is_usable(seen: KeySeen, now: str, usable: bool) -> None:
    assert seen.is_usable(now) is usable


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        pytest.param(KeySeen(shared=True, former=True), True, id="it is there, and so are they"),
        pytest.param(KeySeen(shared=True), False, id="all pods take a session token"),
        pytest.param(replace(KEY, former=True), False, id="it is gone, whoever appears"),
        pytest.param(KeySeen(former=True), False, id="somebody took the Secret away"),
    ],
)
def test_the_shared_key_stays_for_pods_of_a_former_release(seen: KeySeen, held: bool) -> None:
    assert seen.held_shared is held
