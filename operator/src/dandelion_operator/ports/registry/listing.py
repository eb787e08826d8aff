"""What all models' aliases name, read together: at once where MLflow can, in pages where not.

This project's image of MLflow lists everything in one answer, and says by its ETag that nothing has
changed at a hundredth of the cost of the pages that every MLflow has. Where namespaces are
workspaces there are no pages of all. Used by `registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from dandelion_operator.api.naming import RESTORING_TAG
from dandelion_operator.ports.registry.calls import (
    Mlflow,
    ModelsAnswer,
    NamedModel,
    RegisteredModel,
    RegistryError,
    SilentRegistryError,
    TroubledRegistryError,
)
from dandelion_operator.ports.registry.memory import Pulse
from dandelion_operator.ports.registry.moves import moved

# MLflow makes a page of so many models in a tenth of a second. No installation has more in all.
PAGE_MODELS, MAX_PAGES = 200, 500
# An MLflow that cannot list at once is asked again after so long: it may have been replaced.
AT_ONCE_AGAIN_SECONDS = 600.0

log = structlog.get_logger(__name__)


class Listing:
    def __init__(self, mlflow: Mlflow, monotonic: Callable[[], float]) -> None:
        self._mlflow = mlflow
        self._monotonic = monotonic
        self._pages_until = float("-inf")
        self._etag = ""
        self._listed: dict[str, Pulse] = {}
        self.at_once = False

    async def pulses(self) -> dict[str, Pulse]:
        """Raises RegistryError if MLflow cannot be asked, or has no answer for one of the pages."""
        self.at_once = False
        if self._monotonic() >= self._pages_until:
            try:
                return await self._at_once()
            except SilentRegistryError:
                raise
            except TroubledRegistryError:
                if self._mlflow.by_namespace:
                    raise
                # For this once in pages.
            except RegistryError as error:
                if self._mlflow.by_namespace:
                    raise  # pages are those of one namespace
                self._pages_until = self._monotonic() + AT_ONCE_AGAIN_SECONDS
                log.info("MLflow lists its models in pages only", cause=str(error))
        return await self._pages()

    async def _at_once(self) -> dict[str, Pulse]:
        answer = await self._mlflow.listing(self._etag)
        if answer is not None:
            found, self._etag = answer
            self._listed = _pulses(found.registered_models)
        self.at_once = True
        return self._listed

    async def _pages(self) -> dict[str, Pulse]:
        found: dict[str, Pulse] = {}
        query = {"max_results": str(PAGE_MODELS)}
        for _ in range(MAX_PAGES):
            page = await self._mlflow.call(
                "GET", "/registered-models/search", ModelsAnswer, params=query
            )
            found |= _pulses(page.registered_models)
            if not page.next_page_token:
                break
            query |= {"page_token": page.next_page_token}
        return found


def _pulses(models: Iterable[NamedModel]) -> dict[str, Pulse]:
    return {model.name: pulse_of(model) for model in models}


def pulse_of(found: RegisteredModel) -> Pulse:
    return Pulse(
        aliases=tuple(sorted(found.by_alias.items())),
        updated=found.last_updated_timestamp or 0,
        created=(found.creation_timestamp or 0) // 1000,
        restoring=any(item.key == RESTORING_TAG for item in found.tags or ()),
        moved=moved(found.tags or ()),
    )
