"""The comparison of two artifacts on one dataset version, as training writes it, or that there can
be none.

Counts and quantiles; the verdict is the gate's. Called by `storage`.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.documents.parsing import parsing
from dandelion_operator.seen.comparison import (
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Difference = Annotated[float, Field(ge=-1, le=1)]


class ComparisonError(Exception):
    """The content is no comparison, or not the one that was asked for."""


class ComparisonImpossible(Exception):  # noqa: N818 - an outcome, found where a comparison would be
    """The two cannot be compared: found out by a run or by a Job, in words for people."""


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Classes(Part):
    shared: tuple[str, ...]
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class Both(Part):
    right: Count
    challenger_only: Count = Field(alias="challengerOnly")
    champion_only: Count = Field(alias="championOnly")
    wrong: Count


class MacroF1(Part):
    challenger: Share
    champion: Share
    bootstrap: tuple[Difference, ...]


class NeverAnswered(Part):
    challenger: tuple[str, ...] = ()


class Document(Part):
    api_version: Literal["dandelion.dev/comparison/v1"] = Field(alias="apiVersion")
    dataset: str
    challenger: str
    champion: str
    classes: Classes
    images: Count
    both: Both
    macro_f1: MacroF1 = Field(alias="macroF1")
    never_answered: NeverAnswered = Field(default=NeverAnswered(), alias="neverAnswered")


class Outcome(Part):
    """In place of a comparison that cannot be made."""

    api_version: Literal["dandelion.dev/no-comparison/v1"] = Field(alias="apiVersion")
    dataset: str
    challenger: str
    champion: str
    message: Annotated[str, Field(min_length=1, max_length=1024)]


def read_comparison(content: bytes, name: ComparisonName) -> Comparison:
    """Raises ComparisonError, LargeError, and ComparisonImpossible where that is what is stored."""
    with parsing(content):
        impossible = _impossible(content)
    if impossible is not None and name == ComparisonName(
        impossible.dataset, impossible.challenger, impossible.champion
    ):
        raise ComparisonImpossible(foreign(impossible.message, 600))
    try:
        with parsing(content):
            found = Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ComparisonError(foreign(f"{where}: {first['msg']}")) from None
    both = found.both
    counts = PairedCounts(both.right, both.challenger_only, both.champion_only, both.wrong)
    quantiles = found.macro_f1.bootstrap
    for sentence, wrong in {
        "it is of other artifacts or of another dataset": name
        != ComparisonName(found.dataset, found.challenger, found.champion),
        f"it counts {counts.images} images by who was right, {found.images} in all": counts.images
        != found.images,
        "its quantiles do not ascend": any(b < a for a, b in pairwise(quantiles)),
    }.items():
        if wrong:
            raise ComparisonError(sentence)
    return Comparison(
        counts,
        PairedMacroF1(found.macro_f1.challenger, found.macro_f1.champion, quantiles),
        shared=found.classes.shared,
        gained=found.classes.gained,
        lost=found.classes.lost,
        never_answered=found.never_answered.challenger,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )


def _impossible(content: bytes) -> Outcome | None:
    try:
        return Outcome.model_validate_json(content)
    except ValidationError:
        return None
