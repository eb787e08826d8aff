"""What a trace tells: a link after the other, from an answer to what it rests on.

A digest that several places name is believed as most of them have it, so that the one that was
changed is told, and not the others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NAME, STATE = 11, 7  # characters of the first two columns
MISSING = "nothing"


class State(StrEnum):
    """What was found out about a link."""

    OK = "ok"
    BROKEN = "BROKEN"
    TOLD = "told"  # written down, and there is nothing to hold it against
    UNKNOWN = "unknown"  # what would tell is not there


@dataclass(frozen=True)
class Link:
    """One link; `place` is the address of what was looked at, `words` are for people. `expected`
    and `found` are given of a broken one.
    """

    name: str
    state: State
    place: str
    words: str = ""
    expected: str = ""
    found: str = ""


@dataclass(frozen=True)
class Witness:
    """What one place says."""

    place: str
    value: str


def broken(name: str, place: object, expected: str, found: str, words: str = "") -> Link:
    return Link(name, State.BROKEN, str(place), words, expected, found or MISSING)


def agreed(name: str, witnesses: Iterable[Witness]) -> tuple[str, list[Link]]:
    """What most witnesses say, of two the first, and a broken link for each that says otherwise.
    A witness that says nothing says otherwise too.
    """
    asked = list(witnesses)
    told = Counter(witness.value for witness in asked if witness.value)
    if not told:
        return "", []
    value = max(told, key=lambda said: told[said])
    others = [witness for witness in asked if witness.value != value]
    return value, [broken(name, other.place, value, other.value) for other in others]


def document(answer: str, links: Sequence[Link]) -> dict[str, Any]:
    """A trace as JSON."""
    return {
        "answer": answer,
        "whole": is_whole(links),
        "links": [
            {
                "link": link.name,
                "state": link.state.value,
                "place": link.place,
                **{
                    key: value
                    for key, value in (
                        ("words", link.words),
                        ("expected", link.expected),
                        ("found", link.found),
                    )
                    if value
                },
            }
            for link in links
        ],
    }


def is_whole(links: Sequence[Link]) -> bool:
    return all(link.state is not State.BROKEN for link in links)


def text(links: Sequence[Link]) -> list[str]:
    """The same for people: a line a link, and more below it where there is more to say."""
    lines = []
    for link in links:
        lines.append(f"{link.state.value:<{STATE}} {link.name:<{NAME}} {plain(link.place)}")
        more = [plain(link.words)] if link.words else []
        if link.state is State.BROKEN:
            more += [f"expected {plain(link.expected)}", f"found    {plain(link.found)}"]
        lines += [" " * (STATE + NAME + 2) + line for line in more]
    counts = Counter(link.state for link in links)
    if counts[State.BROKEN]:
        return [*lines, "", f"BROKEN: {counts[State.BROKEN]} of {len(links)} links."]
    rest = f", {counts[State.UNKNOWN]} cannot be" if counts[State.UNKNOWN] else ""
    return [*lines, "", f"Whole: {counts[State.OK]} links checked{rest}."]


def plain(value: str) -> str:
    """On one line, and nothing in it that a terminal would act on."""
    line = " ".join(value.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)
