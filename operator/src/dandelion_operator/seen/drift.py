"""What others made of one of the operator's objects: which fields they hold, and who they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drift:
    """`fields` are those whose value is not the operator's, `writers` who has set them.

    `corrected` names whose writes were put right before; what they write again is left alone.
    `rival` is another installation that wrote the object last, or "".
    """

    fields: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    rival: str = ""

    @property
    def contested(self) -> bool:
        """Whether the fields were put right before, and it did not hold."""
        return bool(self.fields) and set(self.writers) <= set(self.corrected)

    @property
    def rival_came_back(self) -> bool:
        return bool(self.rival) and self.rival in self.corrected

    def correcting(self, *writers: str) -> tuple[str, ...]:
        """All whose writes are put right once these are."""
        return tuple(sorted({*self.corrected, *writers}))


NO_DRIFT = Drift()
