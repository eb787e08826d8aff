"""What stands for the token reviewer where threads and turns are the matter, not HTTP."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from dandelion_inference.intake.reviews import Place, ReviewError
from dandelion_inference.intake.verdicts import Action, Verdict


class FakeReviewer:
    """Knows everybody but nobodies; lets in whose name begins with "good"."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.nobodies: set[str] = set()
        self.withdrawn: set[str] = set()
        self.away = False
        self.gate = threading.Event()
        """Answers wait for it."""
        self.gate.set()
        self.held = ""
        """Only those to names that begin so."""
        self.begun = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def review(self, token: str, place: Place, action: Action, trace: Mapping[str, str]) -> Verdict:
        with self._lock:
            self.asked.append(token)
            self.begun.set()
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if token.startswith(self.held):
            self.gate.wait(60)
        with self._lock:
            self.at_once -= 1
        if self.away:
            raise ReviewError("nobody listens")
        if token in self.nobodies:
            return Verdict(None, allowed=False)
        good = token.startswith("good") and token not in self.withdrawn
        return Verdict(token, good and place.name == "lawn")
