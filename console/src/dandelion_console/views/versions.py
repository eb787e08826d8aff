"""The versions that a status tells of besides the champion, for those who choose another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dandelion_console.resource import ModelDeployment


@dataclass(frozen=True)
class Version:
    """`about`: what is known of it, in words; may be empty."""

    number: int
    about: str


def earlier(model: ModelDeployment) -> list[Version]:
    """Those before the champion, the newest first: most often the one that served before it."""
    champion = _champion(model)
    return [version for version in _known(model) if version.number < champion]


def later(model: ModelDeployment) -> list[Version]:
    """Those after the champion, the newest first."""
    champion = _champion(model)
    return [version for version in _known(model) if version.number > champion]


def is_earlier(model: ModelDeployment, number: int) -> bool:
    return number < _champion(model)


def is_later(model: ModelDeployment, number: int) -> bool:
    return number > _champion(model)


def _champion(model: ModelDeployment) -> int:
    champion = model.status.champion
    return int(champion.version) if champion is not None and champion.version.isdigit() else 0


def _known(model: ModelDeployment) -> list[Version]:
    """What was said first of each counts: the status as it is, then the history's newest entry."""
    found: dict[int, str] = {}
    for version, about in _told(model):
        if version.isdigit() and int(version):
            found[int(version)] = found.get(int(version)) or about
    return [Version(number, found[number]) for number in sorted(found, reverse=True)]


def _told(model: ModelDeployment) -> Iterator[tuple[str, str]]:
    status = model.status
    if status.challenger is not None:
        yield status.challenger.version, status.challenger.verdict or ""
    for entry in sorted(status.history, key=lambda entry: entry.time, reverse=True):
        yield entry.version or "", f"{entry.decision}, {entry.time}"
    if status.evaluation is not None:
        yield status.evaluation.champion or "", ""
