"""The gate's sentences: every verdict with the numbers that it rests on.

Differences and margins are told in points (hundredths of the metric), counts in images.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dandelion_operator.api.spec.promotion import OnUndecided
from dandelion_operator.loop.decide.gate.judge.evidence import (
    MACRO_F1,
    Difference,
    EvaluationFigures,
)
from dandelion_operator.seen.comparison import ClassFigures, Comparison

NAMED = 5
NAMES = {MACRO_F1: "macro F1"}


def sentences(*parts: str) -> str:
    """The parts that there are, each after the first with a capital letter."""
    first, *others = (part for part in parts if part)
    return ". ".join([first, *(part[0].upper() + part[1:] for part in others)])


def reached(metric: str, figures: EvaluationFigures, minimum: float) -> str:
    return f"{_alone(metric, figures, minimum)} reaches promotion.minimum {minimum:g}"


def below_minimum(metric: str, figures: EvaluationFigures, minimum: float) -> str:
    return f"{_alone(metric, figures, minimum)} is below promotion.minimum {minimum:g}: rejected"


def weak_classes(weak: Mapping[str, ClassFigures], minimum: float) -> str:
    named = listed(
        f"{name} {share(item.recall or 0.0, minimum)} on {images(item.images)}"
        for name, item in sorted(weak.items(), key=lambda pair: (pair[1].recall, pair[0]))
    )
    return f"recall is below promotion.minClassRecall {minimum:g}: {named}: rejected"


def measured(
    metric: str, champion: str, compared: int, found: Difference, confidence: float, margin: float
) -> str:
    """The two figures, their difference and its bounds."""
    lower, upper = points(found.lower, -margin), points(found.upper, 0.0)
    return (
        f"{_name(metric)} {share(found.challenger)} against champion {champion}'s "
        f"{share(found.champion)} on the same {images(compared)}: {points(found.value)} points, "
        f"one-sided {confidence * 100:g} % bounds {lower} and {upper}"
    )


def not_worse(found: Difference, margin: float) -> str:
    if margin <= 0:
        return "better than the champion"
    if found.upper < 0:
        return f"worse than the champion, but by less than the margin of {_of(margin)}"
    return f"not worse by the margin of {_of(margin)}"


def worse(found: Difference, margin: float) -> str:
    if margin > 0 and found.upper < -margin:
        return f"worse than the champion by more than the margin of {_of(margin)}"
    return "worse than the champion"


def too_little(minimum: float) -> str:
    return f"less than promotion.minImprovement, {_of(minimum)}"


def undecided(margin: float, on_undecided: str, passes: bool) -> str:
    """Why the evidence does not decide, and what `onUndecided` makes of that."""
    missing = (
        f"it may be worse by more than the margin of {_of(margin)}"
        if margin > 0
        else "it is not shown to be better"
    )
    if passes:
        done = f"it passes, because it is not lower and promotion.onUndecided is {on_undecided}"
    elif on_undecided == OnUndecided.PROMOTE_IF_NOT_WORSE:
        done = "the champion stays, because this version is lower"
    else:
        done = f"the champion stays, because promotion.onUndecided is {on_undecided}"
    return f"undecided: {missing}; {done}"


def resolution(told: float | None, needed: int | None, compared: int, margin: float) -> str:
    """What the holdout can tell, and how many more images would tell the margin."""
    if told is None:
        return ""
    said = f"this holdout can tell differences of {_of(told, margin)}"
    if needed is None or needed <= compared:
        return said
    more = images(_rounded(needed - compared), "more image")
    return f"{said}; about {more} would tell {_of(margin)}"


def not_comparable(champion: str, comparison: Comparison | None, metric: str) -> str:
    """Why there is no difference to weigh, and the way out."""
    if comparison is None:
        why = f"champion {champion} was not evaluated on the same images"
    elif not comparison.shared:
        why = f"it shares no class with champion {champion}"
    elif not comparison.counts.images:
        why = f"the holdout has no image of a class that it shares with champion {champion}"
    else:
        why = f"its comparison with champion {champion} holds no bootstrap of {_name(metric)}"
    return (
        f"undecided: {why}, so that nothing compares the two; the champion stays until a person "
        "sets the alias champion"
    )


def classes(comparison: Comparison, figures: EvaluationFigures) -> tuple[str, ...]:
    """What a changed set of classes means for the comparison."""
    if not (comparison.gained or comparison.lost):
        return ()
    said = f"compared on the {len(comparison.shared)} shared classes only"
    if len(comparison.shared) == 1:
        said = f"compared on the one shared class only, {comparison.shared[0]}"
    if comparison.gained:
        said += f"; new: {listed(_recall(name, figures) for name in comparison.gained)}"
    if comparison.lost:
        said += f"; lost: {listed(comparison.lost)}"
    return (said,)


def notes(figures: EvaluationFigures) -> tuple[str, ...]:
    """What people should know whatever the outcome is."""
    said = []
    if figures.never_answered:
        said.append(f"never answered: {listed(figures.never_answered)}")
    unseen = [name for name, item in figures.classes.items() if item.recall is None]
    if unseen:
        said.append(f"no holdout image, so that the recall is unknown: {listed(unseen)}")
    return tuple(said)


def share(value: float, against: float | None = None) -> str:
    """Three digits, and more where fewer would make it look like what it is compared with."""
    return f"{value:.{_digits(value, against, 3)}f}"


def points(value: float, against: float | None = None) -> str:
    """A difference in points with its sign, and one digit or as many as tell it from `against`."""
    scaled = value * 100
    digits = _digits(scaled, None if against is None else against * 100, 1)
    text = f"{abs(scaled):.{digits}f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def images(count: int, one: str = "image") -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def listed(names: Iterable[str]) -> str:
    """The first few, and how many there are besides."""
    every = list(names)
    shown = ", ".join(every[:NAMED])
    return shown if len(every) <= NAMED else f"{shown} and {len(every) - NAMED} more"


def _alone(metric: str, figures: EvaluationFigures, minimum: float) -> str:
    value = share(figures.value(metric), minimum)
    return f"{_name(metric)} {value} on {images(figures.images)}"


def _name(metric: str) -> str:
    return NAMES.get(metric, metric)


def _recall(name: str, figures: EvaluationFigures) -> str:
    item = figures.classes.get(name)
    if item is None or item.recall is None:
        return f"{name} (no holdout image)"
    return f"{name} (recall {item.recall:.2f} on {images(item.images)})"


def _of(value: float, against: float | None = None) -> str:
    scaled = value * 100
    digits = _digits(scaled, None if against is None else against * 100, 1)
    text = f"{scaled:.{digits}f}".removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"


def _digits(value: float, against: float | None, fewest: int) -> int:
    """As few digits as tell a value from what it is compared with."""
    if against is None or abs(value - against) < 1e-6:
        return fewest
    for digits in range(fewest, 7):
        if round(value, digits) != round(against, digits):
            return digits
    return fewest


def _rounded(count: int) -> int:
    """To two digits: it is an estimate."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step
