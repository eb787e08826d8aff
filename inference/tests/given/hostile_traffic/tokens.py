"""Requests of callers who are nobody, the same ones every time."""

from __future__ import annotations

import random

from given.hostile_traffic import HostileRequest


def requests(number: int) -> dict[str, HostileRequest]:
    """So many invented tokens, and what is no token at all."""
    chance = random.Random(26)
    headers = {
        "nothing": "",
        "only the scheme": "Bearer",
        "blanks": "Bearer " + " " * 1_000 + "a",
        "another scheme": "Basic YTpi",
        "two tokens": "Bearer a, Bearer b",
        "a token of other letters": "Bearer größe",
        "a token of any bytes": "Bearer \x80\xff",
        "a long token": "Bearer " + "a" * 16_385,
        "a longer token": "Bearer " + "a" * 60_000,
        "a token of dots": "Bearer " + "." * 10_000,
        "a token of equals signs": "Bearer " + "=" * 10_000,
    }
    headers |= {
        f"invented {turn}": f"Bearer {chance.randbytes(30).hex()}" for turn in range(number)
    }
    return {
        name: HostileRequest("/predict", b"x" * 1_000, {"Authorization": value})
        for name, value in headers.items()
    }
