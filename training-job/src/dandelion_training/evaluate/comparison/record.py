"""The comparison of two artifacts as a document, which the operator's gate reads.

Counts and quantiles, no verdict: what is good enough is the gate's to say, and it may be asked
again with other limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.evaluate.answers.record import Digest, Share
from dandelion_training.evaluate.comparison.bootstrap import QUANTILES
from dandelion_training.evaluate.documents import Unreadable, compact_json, refused, rounded

API_VERSION: Literal["dandelion.dev/comparison/v1"] = "dandelion.dev/comparison/v1"
ROUNDING = 2e-6


@dataclass(frozen=True)
class Both:
    """The compared images by who was right."""

    right: int  # both
    challenger_only: int
    champion_only: int
    wrong: int  # neither

    @property
    def images(self) -> int:
        return self.right + self.challenger_only + self.champion_only + self.wrong


@dataclass(frozen=True)
class ClassRecall:
    """The compared images of one class, and how many of them each model answered rightly."""

    images: int
    challenger: int
    champion: int


@dataclass(frozen=True)
class Comparison:
    """What two models' answers to one holdout say. Pairs are (challenger's, champion's).

    `dataset`, `challenger` and `champion` are digests, the latter of the contracts. `bootstrap` has
    the quantiles of challenger − champion in macro F1. `recall` names the shared classes that have
    images.
    """

    dataset: str
    challenger: str
    champion: str
    shared: tuple[str, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    both: Both
    macro_f1: tuple[float, float]
    bootstrap: tuple[float, ...]
    recall: Mapping[str, ClassRecall]
    never_answered: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def accuracy(self) -> tuple[float, float]:
        both = self.both
        return (
            (both.right + both.challenger_only) / both.images,
            (both.right + both.champion_only) / both.images,
        )


def file_name(challenger: str, champion: str) -> str:
    """Of the record, from the digests of the two contracts."""
    return f"{challenger.removeprefix('sha256:')}-{champion.removeprefix('sha256:')}.json"


def write_comparison(comparison: Comparison) -> bytes:
    """The document's exact bytes."""
    both = comparison.both
    return compact_json(
        {
            "apiVersion": API_VERSION,
            "dataset": comparison.dataset,
            "challenger": comparison.challenger,
            "champion": comparison.champion,
            "classes": {
                "shared": list(comparison.shared),
                "gained": list(comparison.gained),
                "lost": list(comparison.lost),
            },
            "images": both.images,
            "both": {
                "right": both.right,
                "challengerOnly": both.challenger_only,
                "championOnly": both.champion_only,
                "wrong": both.wrong,
            },
            "accuracy": _pair(comparison.accuracy),
            "macroF1": {
                **_pair(comparison.macro_f1),
                "bootstrap": [rounded(quantile) for quantile in comparison.bootstrap],
            },
            "recall": {
                name: {
                    "challenger": rounded(found.challenger / found.images),
                    "champion": rounded(found.champion / found.images),
                    "images": found.images,
                }
                for name, found in comparison.recall.items()
            },
            "neverAnswered": {
                "challenger": list(comparison.never_answered[0]),
                "champion": list(comparison.never_answered[1]),
            },
        }
    )


def _pair(values: tuple[float, float]) -> dict[str, float]:
    challenger, champion = values
    return {"challenger": rounded(challenger), "champion": rounded(champion)}


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Count = Annotated[int, Field(ge=0, lt=1 << 31)]
Names = tuple[Annotated[str, Field(min_length=1)], ...]
Difference = Annotated[float, Field(ge=-1, le=1)]


class _Classes(_Document):
    shared: Annotated[Names, Field(min_length=1)]
    gained: Names
    lost: Names


class _Both(_Document):
    right: Count
    challenger_only: Count = Field(alias="challengerOnly")
    champion_only: Count = Field(alias="championOnly")
    wrong: Count


class _Shares(_Document):
    challenger: Share
    champion: Share


class _MacroF1(_Shares):
    bootstrap: Annotated[
        tuple[Difference, ...], Field(min_length=len(QUANTILES), max_length=len(QUANTILES))
    ]


class _Recall(_Shares):
    images: Annotated[int, Field(gt=0, lt=1 << 31)]


class _NeverAnswered(_Document):
    challenger: Names
    champion: Names


class _Comparison(_Document):
    api_version: Literal["dandelion.dev/comparison/v1"] = Field(alias="apiVersion")
    dataset: Digest
    challenger: Digest
    champion: Digest
    classes: _Classes
    images: Annotated[int, Field(gt=0)]
    both: _Both
    accuracy: _Shares
    macro_f1: _MacroF1 = Field(alias="macroF1")
    recall: dict[str, _Recall]
    never_answered: _NeverAnswered = Field(alias="neverAnswered")


def read_comparison(content: bytes) -> Comparison | Unreadable:
    """The comparison, or why the content is none."""
    try:
        found = _Comparison.model_validate_json(content)
    except ValidationError as error:
        return refused("comparison", error)
    both, classes = found.both, found.classes
    comparison = Comparison(
        dataset=found.dataset,
        challenger=found.challenger,
        champion=found.champion,
        shared=classes.shared,
        gained=classes.gained,
        lost=classes.lost,
        both=Both(both.right, both.challenger_only, both.champion_only, both.wrong),
        macro_f1=(found.macro_f1.challenger, found.macro_f1.champion),
        bootstrap=found.macro_f1.bootstrap,
        recall={
            name: ClassRecall(
                images=recall.images,
                challenger=round(recall.challenger * recall.images),
                champion=round(recall.champion * recall.images),
            )
            for name, recall in found.recall.items()
        },
        never_answered=(found.never_answered.challenger, found.never_answered.champion),
    )
    contradiction = _contradiction(comparison, found)
    return Unreadable(f"comparison: {contradiction}") if contradiction else comparison


def _contradiction(comparison: Comparison, found: _Comparison) -> str:
    """What does not add up, or nothing."""
    images = comparison.both.images
    recall = comparison.recall.values()
    rights = (sum(item.challenger for item in recall), sum(item.champion for item in recall))
    written = (found.accuracy.challenger, found.accuracy.champion)
    named = [*comparison.shared, *comparison.gained, *comparison.lost]
    told = {*comparison.recall, *comparison.never_answered[0], *comparison.never_answered[1]}
    quantiles = comparison.bootstrap
    checks = {
        "a class is named twice": len(set(named)) < len(named),
        f"{images} images by who was right, {found.images} in all": images != found.images,
        "recall does not count every image once": sum(i.images for i in recall) != found.images,
        "a class is not among the shared ones": not told <= set(comparison.shared),
        "the quantiles do not ascend": any(
            later < earlier for earlier, later in pairwise(quantiles)
        ),
    }
    for sentence, wrong in checks.items():
        if wrong:
            return sentence
    if any(abs(a - b) > ROUNDING for a, b in zip(comparison.accuracy, written, strict=True)):
        return "accuracy does not follow from who was right"
    if any(
        abs(right / images - share) > ROUNDING
        for right, share in zip(rights, comparison.accuracy, strict=True)
    ):
        return "recall does not follow from who was right"
    return ""
