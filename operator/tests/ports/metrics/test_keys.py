"""What Prometheus is told of temporary keys, so that somebody hears when they are not renewed."""

from __future__ import annotations

from datetime import datetime

import pytest
from dandelion_operator.ports.metrics import keys
from dandelion_operator.seen.keys import KeyLook, KeySeen, NoSts
from given import seen

ISSUED, EXPIRES = "2026-01-10T00:00:00Z", "2026-01-10T12:00:00Z"
END = datetime.fromisoformat(EXPIRES).timestamp()


def key(asked: str = "digest", issued: str = ISSUED, expires: str = EXPIRES) -> KeySeen:
    return KeySeen(asked=asked, intact=True, issued=issued, expires=expires)


def told(**looks: KeyLook) -> dict[tuple[str, tuple[str, ...]], float]:
    found = keys.figures(seen(keys=looks))
    return {(item.family.removeprefix("dandelion_key_"), item.labels): item.value for item in found}


def test_a_temporary_key_is_told_by_its_purpose_its_end_and_its_life() -> None:
    assert told(training=KeyLook(key()), log=KeyLook(key(issued="2026-01-10T11:00:00Z"))) == {
        ("expiration_timestamp_seconds", ("training",)): END,
        ("lifetime_seconds", ("training",)): 12 * 3600,
        ("expiration_timestamp_seconds", ("log",)): END,
        ("lifetime_seconds", ("log",)): 3600,
    }


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(KeyLook(), id="none yet"),
        pytest.param(KeyLook(KeySeen(shared=True), NoSts("no STS")), id="the installation's own"),
        pytest.param(KeyLook(key(expires="some day")), id="one that says nothing of its end"),
        pytest.param(KeyLook(key(issued="")), id="one that says nothing of its beginning"),
    ],
)
def test_what_does_not_end_is_not_told(look: KeyLook) -> None:
    assert told(training=look) == {}
