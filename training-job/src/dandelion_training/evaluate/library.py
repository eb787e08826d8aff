"""Where evaluations and comparisons are kept: made once for an artifact and a dataset version.

The answers are written before the evaluation that names them; a comparison follows from two lists
of answers alone. What is there and whole is not made again.
"""

from dandelion_training.evaluate.answers.record import FILE as ANSWERS
from dandelion_training.evaluate.answers.record import Answers, read_answers
from dandelion_training.evaluate.comparison.impossible import (
    Impossible,
    read_impossible,
    write_impossible,
)
from dandelion_training.evaluate.comparison.record import (
    Comparison,
    file_name,
    read_comparison,
    write_comparison,
)
from dandelion_training.evaluate.documents import Unreadable
from dandelion_training.evaluate.result import FILE, EvaluationResult, read_result, write_result
from dandelion_training.ports.documents import digest
from dandelion_training.ports.storage import Location, ObjectStore

JSON, GZIP = "application/json", "application/gzip"


class Evaluations:
    """The evaluations below `root`, by digests of the dataset version and of the contract."""

    def __init__(self, store: ObjectStore, root: Location) -> None:
        self._store = store
        self._root = root

    def find(self, dataset: str, contract: str) -> tuple[EvaluationResult, Answers] | None:
        """The evaluation and its answers; nothing where either is missing or not whole."""
        place = self.place(dataset, contract)
        content, stored = (
            self._store.read(place.child(FILE)),
            self._store.read(place.child(ANSWERS)),
        )
        if content is None or stored is None:
            return None
        result, answers = read_result(content), read_answers(stored)
        if not isinstance(result, EvaluationResult) or not isinstance(answers, Answers):
            return None
        return (result, answers) if result.answers == digest(stored) else None

    def digest(self, dataset: str, contract: str) -> str:
        """Of evaluation.json, empty where there is none."""
        content = self._store.read(self.place(dataset, contract).child(FILE))
        return "" if content is None else digest(content)

    def keep(self, result: EvaluationResult, answers: bytes) -> None:
        place = self.place(result.dataset, result.contract)
        self._store.write(place.child(ANSWERS), answers, GZIP)
        self._store.write(place.child(FILE), write_result(result), JSON)

    def comparison(
        self, dataset: str, challenger: str, champion: str
    ) -> Comparison | Impossible | None:
        """The comparison, or that there can be none; nothing where neither is known."""
        content = self._store.read(self.comparison_place(dataset, challenger, champion))
        if content is None:
            return None
        for found in (read_comparison(content), read_impossible(content)):
            if not isinstance(found, Unreadable):
                return found
        return None

    def keep_comparison(self, comparison: Comparison) -> None:
        place = self.comparison_place(
            comparison.dataset, comparison.challenger, comparison.champion
        )
        self._store.write(place, write_comparison(comparison), JSON)

    def keep_impossible(self, found: Impossible) -> None:
        place = self.comparison_place(found.dataset, found.challenger, found.champion)
        self._store.write(place, write_impossible(found), JSON)

    def place(self, dataset: str, contract: str) -> Location:
        """The folder of an evaluation and its answers."""
        return self._root.child(f"{_hex(dataset)}/{_hex(contract)}")

    def comparison_place(self, dataset: str, challenger: str, champion: str) -> Location:
        """The document of a comparison."""
        return self._root.child(f"{_hex(dataset)}/{file_name(challenger, champion)}")


def _hex(name: str) -> str:
    return name.removeprefix("sha256:")
