"""What was read of models before, for as long as a listing of all models says that it still holds.

A thousand resources at rest would otherwise ask MLflow two questions each whenever one looks after
them, and so would a restart. Used by `registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dandelion_operator.seen.versions import RegistrySeen

# A listing vouches for so long, and tags, which no listing shows, are read again after that.
VOUCHED_SECONDS = 600.0


@dataclass(frozen=True)
class Pulse:
    """What changes when somebody moves an alias or registers a version.

    `updated` is in milliseconds of the epoch, `created` in seconds, 0 where there is no model.
    """

    aliases: tuple[tuple[str, int], ...]
    updated: int
    created: int = 0
    restoring: bool = False
    # Who gave the alias champion to which version, as MLflow noted it.
    moved: tuple[int, str] | None = None


class Memory:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.now = monotonic
        self._listed: Mapping[str, Pulse] = {}
        self._listed_at = float("-inf")
        self._read: dict[str, tuple[RegistrySeen, Pulse, float]] = {}
        self._written: dict[str, float] = {}

    def listed(self, pulses: Mapping[str, Pulse], begun: float) -> None:
        """All models there are, asked for from `begun` on."""
        self._listed, self._listed_at = pulses, begun
        self._written = {model: at for model, at in self._written.items() if at >= begun}
        self._read = {
            model: read for model, read in self._read.items() if pulses.get(model) == read[1]
        }

    def pulse(self, model: str) -> Pulse | None:
        return self._listed.get(model)

    def of(self, model: str) -> RegistrySeen | None:
        """None: it has to be asked for."""
        recently = self.now() - VOUCHED_SECONDS
        if self._listed_at < recently or model in self._written:
            return None
        if model not in self._listed:
            return RegistrySeen()
        found, _, read_at = self._read.get(model, (None, None, recently))
        return found if read_at > recently else None

    def read(self, model: str, found: RegistrySeen, pulse: Pulse | None) -> None:
        """`pulse` as it was listed before the model was read.

        Where a listing has shown another one since, what was read may be from before that change.
        """
        if pulse is not None and pulse == self._listed.get(model) and model not in self._written:
            self._read[model] = (found, pulse, self.now())

    def wrote(self, model: str) -> None:
        self._written[model] = self.now()
        self._read.pop(model, None)
