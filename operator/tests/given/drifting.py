"""Windows of answers, as serving pods tell of them."""

from __future__ import annotations

from typing import Any

from dandelion_operator.seen.windows import PodWindows, WindowCompared, WindowsOfSize

from given import NOW


def windows(*ratios: float, answers: int = 20, at: str = NOW) -> WindowsOfSize:
    """The newest first, all of them full at that moment."""
    return WindowsOfSize(answers, tuple(WindowCompared(at, each, "logDensity") for each in ratios))


def told(*sizes: WindowsOfSize, pod: str = "lawn-inference-3", version: int = 3) -> PodWindows:
    return PodWindows(pod, version, sizes)


def silent(version: int = 3, **about: Any) -> PodWindows:
    """One that tells nothing."""
    return PodWindows("lawn-inference-3", version, None, **about)


def condition(state: str, reason: str, message: str = "as before") -> dict[str, str]:
    """What was told before."""
    words = {"type": "DriftDetected", "status": state, "reason": reason, "message": message}
    return words | {"lastTransitionTime": NOW}
