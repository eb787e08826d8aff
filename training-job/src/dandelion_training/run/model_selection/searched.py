"""What a run makes of its search: how far it is, which parameters won, and training with these.

`trial` reports with it, and `job` begins a run with what was found.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.progress import Progress
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.publish.validation import report_trials
from dandelion_training.search.library import Trials
from dandelion_training.search.records import Outcome, TrialResult, Winner

log = structlog.get_logger()

SEARCHING = "searching"


@dataclass(frozen=True)
class Searched:
    """A search that is over."""

    winner: Winner
    results: tuple[TrialResult, ...]

    @property
    def best(self) -> TrialResult:
        return next(found for found in self.results if found.trial == self.winner.trial)


def trials_of(store: ObjectStore, settings: Settings) -> Trials | None:
    """The trials of a run; None where it has no search."""
    if settings.search is None or settings.search_uri is None:
        return None
    return Trials(store, settings.search_uri, settings.search)


def searched(store: ObjectStore, settings: Settings) -> tuple[Settings, Searched | None]:
    """The settings that a run learns with: those of the winner where there was a search, and the
    dataset version and the starting weights of its trials.

    Raises TrainingFailure where the search has no winner.
    """
    trials = trials_of(store, settings)
    if trials is None:
        return settings, None
    winner, basis = trials.winner(), trials.basis()
    assert basis is not None, "there is a winner"
    log.info("search", trial=winner.trial, value=winner.value, **winner.parameters)
    update = {
        **winner.parameters,
        "dataset_version": basis.dataset,
        "initial_weights": basis.initial_weights,
    }
    return settings.model_copy(update=update), Searched(winner, tuple(trials.results()))


def search_facts(results: Sequence[TrialResult], trials: int) -> dict[str, Any]:
    """What a status shows of a search."""
    outcomes = Counter(found.outcome for found in results)
    values = [
        found.value
        for found in results
        if found.outcome is Outcome.COMPLETE and found.value is not None
    ]
    return {
        "trials": trials,
        "finished": len(results),
        "pruned": outcomes[Outcome.PRUNED],
        "failed": outcomes[Outcome.FAILED],
        **({"best": max(values)} if values else {}),
    }


def report_search(store: ObjectStore, settings: Settings, trials: Trials) -> None:
    """How far the search is, where the run tells how far it is. Telling it must not end a trial."""
    try:
        results, most = trials.results(), trials.search.max_trials
        status = {
            "state": "running",
            "stage": SEARCHING,
            "percent": 100 * len(results) // most,
            "search": search_facts(results, most),
        }
        store.write(settings.status_uri, json.dumps(status).encode(), "application/json")
    except TrainingFailure as failure:
        log.warning("the status could not be written", error=failure.message)


def tell_of(found: Searched, registry: Registry, run: str, progress: Progress) -> None:
    """What a search came to, where the run that trains with it is looked at."""
    winner = found.winner
    parameters = {name: str(value) for name, value in winner.by_spec.items()}
    facts = search_facts(found.results, winner.trials) | {"parameters": parameters}
    progress.facts["search"] = facts
    report_trials(registry, run, winner.metric, found.results)
