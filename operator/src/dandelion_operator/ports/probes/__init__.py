"""Questions to Services and pods, asked beside the reconciles that want to know the answers.

A reconcile is given what was last answered, at once, and its asking starts the next question where
the last is not of just now; an answer that says something else wakes the resource. So a Service
that does not answer takes nobody's time but its own. At most so many questions are under way, and
those to who did not answer last time have fewer places, of their own. So have those about drift:
nobody's readiness waits for what they bring. Used by `observe`.
"""

from __future__ import annotations

import asyncio
import operator
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.lookups import nobody
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.conclusions.image_drift import in_a_row
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.windows import WindowsOfSize

PLACES, PLACES_FOR_SILENT, PLACES_FOR_WINDOWS = 32, 8, 8
# Kubernetes makes an endpoint of a ready pod in this time, and mostly in a fraction of a second.
ENDPOINTS_LAG = 10.0
# An answer older than this is no proof that anything answers.
RECENT = 30.0
# After an answer, the next question may be asked this much later; longer after each failure.
PAUSE, LONGEST_PAUSE = 0.5, 8.0

ASKING = Answer(None, "the Service is being asked", pending=True)
NO_ENDPOINTS_YET = Answer(
    None, "the Service has no ready endpoints yet", pending=True, no_endpoints=True
)
NO_ENDPOINTS = Answer(
    None, "the Service has no ready endpoints, though pods are ready", no_endpoints=True
)
# What a pod is asked, which names its question together with its own name.
WHY, WINDOWS = "why", "windows"
# An address to what is answered there, and whether that is an answer.
Ask = Callable[[str], Awaitable[tuple[Any, bool]]]
# A pod's address and port to what it answers there, or None.
AskPod = Callable[[str, int], Awaitable[Any]]
# Whether an answer says something else than the one before.
IsNews = Callable[[Any, Any], bool]
log = structlog.get_logger(__name__)


@dataclass
class Question:
    """One that a resource has; with another address or `about` it is another one."""

    address: str
    since: float
    about: Hashable = None
    answer: Any = None
    answered_at: float | None = None
    due: float = float("-inf")
    failures: int = 0
    task: asyncio.Task[None] | None = None


class Probes:
    def __init__(
        self,
        probe: Probe,
        wake: Callable[[NamespacedName], None] = nobody,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._wake = wake
        self._monotonic = monotonic
        self._questions: dict[NamespacedName, dict[str, Question]] = {}
        self._places = asyncio.Semaphore(PLACES)
        self._places_for_silent = asyncio.Semaphore(PLACES_FOR_SILENT)
        self._places_for_windows = asyncio.Semaphore(PLACES_FOR_WINDOWS)

    def service(self, key: NamespacedName, address: str, ready: Hashable) -> Answer:
        """What the Service answered since these pods and endpoints are ready; never waits."""
        question = self._question(key, "", address, ready)
        self._ask(key, question, self._of_service)
        at = question.answered_at
        if at is None or self._monotonic() - at > RECENT:
            return ASKING
        found: Answer = question.answer
        return found

    def without_endpoints(
        self, key: NamespacedName, address: str, ready_pods: frozenset[str]
    ) -> Answer:
        """What is known of a Service that has no ready endpoint, since these pods are ready."""
        question = self._question(key, "", address, (ready_pods, "no endpoints"))
        lags = self._monotonic() - question.since < ENDPOINTS_LAG
        return NO_ENDPOINTS_YET if lags else NO_ENDPOINTS

    def pods(
        self, key: NamespacedName, addresses: Mapping[str, tuple[str, int]]
    ) -> dict[str, tuple[str, str] | None]:
        """Why these pods, by their names, said that they are not ready, as far as it is known.

        Each is asked at its address and port.
        """
        asked = self._of_each(key, WHY, addresses, self._probe.pod)
        return {name: question.answer for name, question in asked.items()}

    def windows(
        self, key: NamespacedName, addresses: Mapping[str, tuple[str, int]]
    ) -> dict[str, tuple[bool, tuple[WindowsOfSize, ...] | None]]:
        """Of these pods, by their names: whether one answered at all, and what it told last of its
        windows of answers. Never waits; only drift that begins or ends wakes the resource.
        """
        ask, places = self._probe.drift, self._places_for_windows
        asked = self._of_each(key, WINDOWS, addresses, ask, places, _drift_is_news)
        return {
            name: (question.answered_at is not None, question.answer)
            for name, question in asked.items()
        }

    def forget(self, key: NamespacedName) -> None:
        for question in self._questions.pop(key, {}).values():
            _cancel(question)

    def close(self) -> None:
        for key in tuple(self._questions):
            self.forget(key)

    def _question(
        self, key: NamespacedName, name: str, address: str, about: Hashable = None
    ) -> Question:
        of_resource = self._questions.setdefault(key, {})
        found = of_resource.get(name)
        if found is None or (found.address, found.about) != (address, about):
            if found is not None:
                _cancel(found)
            found = of_resource[name] = Question(address, self._monotonic(), about)
        return found

    async def _of_service(self, address: str) -> tuple[Answer, bool]:
        try:
            answer = await self._probe.service(address)
        except Exception:
            log.exception("a question to a Service failed")
            answer = Answer(None, "the Service could not be asked")
        return answer, answer.version is not None

    def _of_each(
        self,
        key: NamespacedName,
        what: str,
        addresses: Mapping[str, tuple[str, int]],
        ask: AskPod,
        places: asyncio.Semaphore | None = None,
        is_news: IsNews = operator.ne,
    ) -> dict[str, Question]:
        """One to each of these pods, by their names; those to others are forgotten."""
        questions: dict[str, Question] = {}
        for name, (address, port) in addresses.items():
            questions[name] = question = self._question(key, f"{what}/{name}", address, port)
            self._ask(key, question, partial(_of_pod, what, ask, port), places, is_news)
        self._forget_others(key, what, addresses)
        return questions

    def _ask(
        self,
        key: NamespacedName,
        question: Question,
        ask: Ask,
        places: asyncio.Semaphore | None = None,
        is_news: IsNews = operator.ne,
    ) -> None:
        under_way = question.task is not None and not question.task.done()
        if under_way or self._monotonic() < question.due:
            return
        usual = self._places_for_silent if question.failures else self._places
        asking = self._asked(key, question, ask, places or usual, is_news)
        question.task = asyncio.create_task(asking)

    async def _asked(
        self,
        key: NamespacedName,
        question: Question,
        ask: Ask,
        places: asyncio.Semaphore,
        is_news: IsNews,
    ) -> None:
        async with places:
            answer, is_answer = await ask(question.address)
        now = self._monotonic()
        question.failures = 0 if is_answer else question.failures + 1
        question.due = now + min(PAUSE * 2.0 ** min(question.failures, 16), LONGEST_PAUSE)
        is_first = question.answered_at is None
        before, question.answer, question.answered_at = question.answer, answer, now
        if is_first or is_news(before, answer):
            self._wake(key)

    def _forget_others(self, key: NamespacedName, what: str, names: Iterable[str]) -> None:
        """Of this kind of question, all but those to these pods."""
        known, kept = self._questions.get(key, {}), {f"{what}/{name}" for name in names}
        for gone in [name for name in known if name.startswith(f"{what}/") and name not in kept]:
            _cancel(known.pop(gone))


async def _of_pod(what: str, ask: AskPod, port: int, address: str) -> tuple[Any, bool]:
    try:
        answer = await ask(address, port)
    except Exception:
        log.exception("a question to a pod failed", about=what)
        answer = None
    return answer, answer is not None


def _drift_is_news(
    before: tuple[WindowsOfSize, ...] | None, now: tuple[WindowsOfSize, ...] | None
) -> bool:
    """Pods that are busy have new numbers at every look."""
    return _drifts(before) != _drifts(now)


def _drifts(windows: tuple[WindowsOfSize, ...] | None) -> bool | None:
    if windows is None:
        return None
    return any((lowest := in_a_row(window)) is not None and lowest.ratio > 1 for window in windows)


def _cancel(question: Question) -> None:
    if question.task is not None:
        question.task.cancel()
