"""What the service can do right now: nothing yet, serve, or say goodbye.

Written by `loader.py` (from its thread) and `front/server.py`; read by the routes. Each attribute
is replaced whole, so readers need no lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_inference.errors import Code, Reason, RefusedError
from dandelion_inference.model.network import Model


@dataclass(frozen=True)
class Obstacle:
    reason: Reason
    detail: str


@dataclass
class Readiness:
    model: Model | None = None
    resident: int = 0
    """Bytes that the process held once the model was there."""
    obstacle: Obstacle = Obstacle(Reason.LOADING, "The model is being fetched and compiled.")
    draining: bool = False

    def require_model(self) -> Model:
        """The model to answer with. A draining service still answers."""
        if self.model is None:
            raise self._refusal(self.obstacle)
        return self.model

    def require_ready(self) -> Model:
        """The model, unless this pod should get no new clients."""
        if self.draining:
            raise self._refusal(Obstacle(Reason.DRAINING, "The pod is about to stop."))
        return self.require_model()

    @staticmethod
    def _refusal(obstacle: Obstacle) -> RefusedError:
        return RefusedError(
            Code.NOT_READY, obstacle.detail, headers={"Retry-After": "1"}, reason=obstacle.reason
        )
