"""Where the trials of one run's search are kept: `basis.json`, and for each trial, in a folder of
its number, `parameters.json`, `curve.json` and `result.json`. At the end `winner.json`.

Only the pod of a trial writes into its folder, and a curve is all that it writes twice. Parameters
and results stay as they were written first: a pod that follows a killed one goes on with the same
parameters, and no trial is counted twice. `run/model_selection` uses it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.settings.search import Search, Value
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.search.records import (
    Basis,
    BegunTrial,
    LearningCurve,
    Outcome,
    Record,
    TrialResult,
    Winner,
    read,
    written,
)

Found = TypeVar("Found", bound=Record)
JSON = "application/json"
TRIALS, BASIS, WINNER = "trials", "basis.json", "winner.json"
PARAMETERS, CURVE, RESULT = "parameters.json", "curve.json", "result.json"


@dataclass
class Trials:
    """The trials below `root`, of which there will be `search.max_trials`."""

    store: ObjectStore
    root: Location
    search: Search
    _results: dict[int, TrialResult] = field(default_factory=dict)  # they do not change

    def place(self, trial: int) -> Location:
        """The folder of a trial."""
        return self.root.child(f"{TRIALS}/{trial}")

    def basis(self) -> Basis | None:
        """Nothing before the first trial has settled it."""
        return read(Basis, self.store.read(self.root.child(BASIS)))

    def settle(self, basis: Basis) -> Basis:
        """The same, once it is settled: this, unless another trial was first."""
        return self._once(Basis, self.root.child(BASIS), lambda: basis)

    def begin(self, trial: int, propose: Callable[[], Mapping[str, Value]]) -> dict[str, Value]:
        """The parameters of a trial: those that it was begun with, or these from now on."""
        place = self.place(trial).child(PARAMETERS)
        begun = self._once(BegunTrial, place, lambda: BegunTrial(parameters=dict(propose())))
        return dict(begun.parameters)

    def tell(self, trial: int, values: Mapping[int, float]) -> None:
        """How far a trial is."""
        curve = LearningCurve(values=dict(values))
        self.store.write(self.place(trial).child(CURVE), written(curve), JSON)

    def curve(self, trial: int) -> dict[int, float]:
        """How far a trial was when it last told."""
        known = read(LearningCurve, self.store.read(self.place(trial).child(CURVE)))
        return dict(known.values) if known is not None else {}

    def finish(self, result: TrialResult) -> TrialResult:
        """The result of a trial: the one that there is, or this one from now on."""
        return self._once(TrialResult, self.place(result.trial).child(RESULT), lambda: result)

    def result(self, trial: int) -> TrialResult | None:
        known = self._results.get(trial)
        if known is None:
            known = read(TrialResult, self.store.read(self.place(trial).child(RESULT)))
            if known is not None:
                self._results[trial] = known
        return known

    def results(self) -> list[TrialResult]:
        """Of all trials that are over, by their number."""
        numbers = sorted({*self._results, *self._numbers(RESULT)})
        return [found for number in numbers if (found := self.result(number)) is not None]

    def tried(self) -> list[dict[str, Value]]:
        """The parameters of all trials that were begun."""
        places = (self.place(number).child(PARAMETERS) for number in self._numbers(PARAMETERS))
        begun = (read(BegunTrial, self.store.read(place)) for place in places)
        return [dict(found.parameters) for found in begun if found is not None]

    def curves(self, besides: int) -> list[dict[int, float]]:
        """How far the other trials are, or came. One that failed is no measure."""
        results = {found.trial: found for found in self.results()}
        under_way = [number for number in self._numbers(CURVE) if number not in results]
        curves = {number: self.curve(number) for number in under_way} | {
            number: dict(found.values)
            for number, found in results.items()
            if found.outcome is not Outcome.FAILED
        }
        return [curve for number, curve in curves.items() if curve and number != besides]

    def winner(self) -> Winner:
        """The best of the trials that are complete, of equal ones the first; made once.

        Raises TrainingFailure where a trial is missing, or none is complete.
        """
        return self._once(Winner, self.root.child(WINNER), self._best)

    def _best(self) -> Winner:
        results, basis = self.results(), self.basis()
        missing = self.search.max_trials - len(results)
        if missing or basis is None:
            gone = f"{missing} left no result" if missing else f"nobody left {BASIS}"
            raise TrainingFailure(
                Reason.SEARCH_FAILED,
                f"Of {self.search.max_trials} trials, {gone} below {self.root}."
                " Somebody removed it; annotate dandelion.dev/retrain to search again.",
            )
        complete = [
            (found.value, found)
            for found in results
            if found.value is not None and found.dataset == basis.dataset
        ]
        if not complete:
            said = next((found.message for found in results if found.message), "none was complete.")
            raise TrainingFailure(
                Reason.SEARCH_FAILED,
                f"None of {self.search.max_trials} trials came to an end: {said}"
                " Lower the bounds of training.search.parameters.",
            )
        value, best = max(complete, key=lambda item: (item[0], -item[1].trial))
        pruned = sum(found.outcome is Outcome.PRUNED for found in results)
        return Winner(
            trial=best.trial,
            parameters=best.parameters,
            metric=self.search.metric,
            value=value,
            trials=len(results),
            pruned=pruned,
            failed=len(results) - pruned - len(complete),
        )

    def _numbers(self, file: str) -> list[int]:
        """The trials that have such a file."""
        names = {item.name for item in self.store.list(self.root.child(TRIALS))}
        return [n for n in range(self.search.max_trials) if f"{n}/{file}" in names]

    def _once(self, kind: type[Found], place: Location, make: Callable[[], Found]) -> Found:
        """What is stored in a place, made where there is nothing."""
        found = read(kind, self.store.read(place))
        if found is not None:
            return found
        made = make()
        found = read(kind, self.store.read(place))  # making may have taken long
        if found is not None:
            return found
        self.store.write(place, written(made), JSON)
        return made
