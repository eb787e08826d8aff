"""The gate's reasons: the figures, what follows from them, and what people should know."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.loop.decide.gate.judge import evaluate_gate
from dandelion_operator.loop.decide.gate.judge.evidence import EvaluationFigures
from dandelion_operator.seen.comparison import ClassFigures, Comparison, PairedMacroF1
from given.evidence import BETTER, HOLD, MACRO, PLAIN, Asked, classes, compared, figures, macro


@pytest.mark.parametrize(
    ("rules", "seen", "outcome", "said"),
    [
        pytest.param(
            PLAIN,
            figures(accuracy=0.8),
            "promoted",
            "accuracy 0.800 on 412 images reaches promotion.minimum 0.8; there is no champion to "
            "compare with: it passes",
            id="promotes a first version that reaches the minimum",
        ),
        pytest.param(
            PLAIN,
            figures(accuracy=0.79996),
            "rejected",
            "accuracy 0.79996 on 412 images is below promotion.minimum 0.8: rejected",
            id="rejects a first version below the minimum, however little",
        ),
        pytest.param(
            Asked(metric="macroF1", minimum=0.95),
            figures(accuracy=0.99),
            "rejected",
            "macro F1 0.900 on 412 images is below promotion.minimum 0.95: rejected",
            id="looks at the metric that is asked for",
        ),
        pytest.param(
            Asked(min_class_recall=0.6),
            figures(classes=classes(fern=(0.55, 9), moss=(0.41, 23), daisy=(0.6, 30))),
            "rejected",
            "recall is below promotion.minClassRecall 0.6: moss 0.410 on 23 images, fern 0.550 on "
            "9 images: rejected",
            id="names the classes whose recall is too low, the lowest first",
        ),
        pytest.param(
            Asked(min_class_recall=0.6),
            figures(
                accuracy=0.5,
                classes=classes(fern=(0.0, 1)),
                never_answered=("fern",),
            ),
            "rejected",
            "accuracy 0.500 on 412 images is below promotion.minimum 0.8: rejected. Recall is "
            "below promotion.minClassRecall 0.6: fern 0.000 on 1 image: rejected. Never answered: "
            "fern",
            id="names all that is missing at once",
        ),
        pytest.param(
            Asked(min_class_recall=0.6),
            figures(classes=classes(daisy=(0.9, 30), moss=(None, 0))),
            "promoted",
            "accuracy 0.930 on 412 images reaches promotion.minimum 0.8; there is no champion to "
            "compare with: it passes. No holdout image, so that the recall is unknown: moss",
            id="says which class has no holdout image",
        ),
        pytest.param(
            Asked(minimum=0.0),
            figures(classes=classes(fern=(0.0, 8)), never_answered=("fern",)),
            "promoted",
            "accuracy 0.930 on 412 images reaches promotion.minimum 0; there is no champion to "
            "compare with: it passes. Never answered: fern",
            id="names classes that are never answered though nothing asks for them",
        ),
        pytest.param(
            Asked(min_class_recall=0.5),
            figures(classes={f"class {n}": ClassFigures(10, 0.1) for n in range(9)}),
            "rejected",
            "recall is below promotion.minClassRecall 0.5: class 0 0.100 on 10 images, class 1 "
            "0.100 on 10 images, class 2 0.100 on 10 images, class 3 0.100 on 10 images, class 4 "
            "0.100 on 10 images and 4 more: rejected",
            id="names the first classes of many",
        ),
    ],
)
def test_a_first_version(rules: Asked, seen: EvaluationFigures, outcome: str, said: str) -> None:
    found = evaluate_gate(rules, seen)
    assert (found.outcome, found.passes, found.reason) == (outcome, outcome == "promoted", said)


UNSEEN = ". No holdout image, so that the recall is unknown: ivy"
MOSSY = figures(classes=classes(moss=(0.913, 23), ivy=(None, 0)))


@pytest.mark.parametrize(
    ("rules", "comparison", "said"),
    [
        pytest.param(
            *(PLAIN, compared(9, 5, 412, wrong=22)),
            "accuracy 0.934 against champion 3's 0.925 on the same 412 images: +1.0 points, "
            "one-sided 95 % bounds −0.7 and +2.8; not worse by the margin of 2 points: it passes",
            id="passes by the evidence",
        ),
        pytest.param(
            *(HOLD, compared(4, 4, 100, wrong=6)),
            "accuracy 0.900 against champion 3's 0.900 on the same 100 images: 0.0 points, "
            "one-sided 95 % bounds −5.8 and +5.8; undecided: it may be worse by more than the "
            "margin of 2 points; the champion stays, because promotion.onUndecided is Hold. This "
            "holdout can tell differences of 9 points; about 1,400 more images would tell 2 "
            "points",
            id="Hold waits",
        ),
        pytest.param(
            *(PLAIN, compared(4, 4, 100, wrong=6)),
            "accuracy 0.900 against champion 3's 0.900 on the same 100 images: 0.0 points, "
            "one-sided 95 % bounds −5.8 and +5.8; undecided: it may be worse by more than the "
            "margin of 2 points; it passes, because it is not lower and promotion.onUndecided is "
            "PromoteIfNotWorse. This holdout can tell differences of 9 points; about 1,400 more "
            "images would tell 2 points",
            id="PromoteIfNotWorse lets an equal version through",
        ),
        pytest.param(
            *(PLAIN, compared(4, 5, 100, wrong=6)),
            "accuracy 0.890 against champion 3's 0.900 on the same 100 images: −1.0 points, "
            "one-sided 95 % bounds −7.1 and +5.0; undecided: it may be worse by more than the "
            "margin of 2 points; the champion stays, because this version is lower. This holdout "
            "can tell differences of 9.3 points; about 1,500 more images would tell 2 points",
            id="PromoteIfNotWorse holds a lower version back",
        ),
        pytest.param(
            *(HOLD, compared(4, 5, 100, wrong=6)),
            "accuracy 0.890 against champion 3's 0.900 on the same 100 images: −1.0 points, "
            "one-sided 95 % bounds −7.1 and +5.0; undecided: it may be worse by more than the "
            "margin of 2 points; the champion stays, because promotion.onUndecided is Hold. This "
            "holdout can tell differences of 9.3 points; about 1,500 more images would tell 2 "
            "points",
            id="Hold holds a lower version back",
        ),
        pytest.param(
            *(PLAIN, compared(20, 60)),
            "accuracy 0.940 against champion 3's 0.980 on the same 1,000 images: −4.0 points, "
            "one-sided 95 % bounds −5.6 and −2.5; worse than the champion by more than the margin "
            "of 2 points: rejected",
            id="worse by more than the margin",
        ),
        pytest.param(
            *(HOLD, compared(60, 100, 10_000)),
            "accuracy 0.990 against champion 3's 0.994 on the same 10,000 images: −0.4 points, "
            "one-sided 95 % bounds −0.6 and −0.2; worse than the champion, but by less than the "
            "margin of 2 points: it passes",
            id="worse by less than the margin",
        ),
        pytest.param(
            *(BETTER, compared(60, 20)),
            "accuracy 0.980 against champion 3's 0.940 on the same 1,000 images: +4.0 points, "
            "one-sided 95 % bounds +2.5 and +5.6; better than the champion: it passes",
            id="margin 0 and better",
        ),
        pytest.param(
            *(BETTER, compared(20, 20)),
            "accuracy 0.980 against champion 3's 0.980 on the same 1,000 images: 0.0 points, "
            "one-sided 95 % bounds −1.1 and +1.1; undecided: it is not shown to be better; the "
            "champion stays, because promotion.onUndecided is Hold. This holdout can tell "
            "differences of 1.7 points",
            id="margin 0 and equal",
        ),
        pytest.param(
            *(replace(PLAIN, min_improvement=0.02), compared(30, 20)),
            "accuracy 0.980 against champion 3's 0.970 on the same 1,000 images: +1.0 points, "
            "one-sided 95 % bounds −0.2 and +2.3; less than promotion.minImprovement, 2 points: "
            "rejected",
            id="improves too little",
        ),
        pytest.param(
            *(PLAIN, None),
            "accuracy 0.930 on 412 images reaches promotion.minimum 0.8. Undecided: champion 3 "
            "was not evaluated on the same images, so that nothing compares the two; the champion "
            "stays until a person sets the alias champion",
            id="no comparison",
        ),
        pytest.param(
            *(PLAIN, compared(images=0)),
            "accuracy 0.930 on 412 images reaches promotion.minimum 0.8. Undecided: the holdout "
            "has no image of a class that it shares with champion 3, so that nothing compares the "
            "two; the champion stays until a person sets the alias champion",
            id="no image of a shared class",
        ),
        pytest.param(
            *(PLAIN, compared(images=0, shared=(), gained=("moss",))),
            "accuracy 0.930 on 412 images reaches promotion.minimum 0.8. Undecided: it shares no "
            "class with champion 3, so that nothing compares the two; the champion stays until a "
            "person sets the alias champion",
            id="no shared class",
        ),
        pytest.param(
            *(MACRO, compared(60, 20, macro_f1=PairedMacroF1(0.9, 0.8))),
            "macro F1 0.900 on 412 images reaches promotion.minimum 0.5. Undecided: its "
            "comparison with champion 3 holds no bootstrap of macro F1, so that nothing compares "
            "the two; the champion stays until a person sets the alias champion",
            id="macro F1 without a bootstrap",
        ),
        pytest.param(
            *(MACRO, macro(0.89, 0.90, 0.005)),
            "macro F1 0.890 against champion 3's 0.900 on the same 4,000 images: −1.0 points, "
            "one-sided 95 % bounds −1.9 and −0.1; worse than the champion, but by less than the "
            "margin of 2 points: it passes",
            id="macro F1 that is worse by less than the margin",
        ),
        pytest.param(
            *(PLAIN, compared(20, 20, gained=("moss", "ivy"), lost=("clover",))),
            "accuracy 0.980 against champion 3's 0.980 on the same 1,000 images: 0.0 points, "
            "one-sided 95 % bounds −1.1 and +1.1; not worse by the margin of 2 points: it passes. "
            "Compared on the 2 shared classes only; new: moss (recall 0.91 on 23 images), ivy "
            "(no holdout image); lost: clover",
            id="classes that are new and lost",
        ),
        pytest.param(
            *(PLAIN, compared(20, 20, shared=("fern",), lost=("clover", "moss"))),
            "accuracy 0.980 against champion 3's 0.980 on the same 1,000 images: 0.0 points, "
            "one-sided 95 % bounds −1.1 and +1.1; not worse by the margin of 2 points: it passes. "
            "Compared on the one shared class only, fern; lost: clover, moss",
            id="one shared class",
        ),
        pytest.param(
            *(replace(HOLD, margin=0.01), compared(0, 1, 200, wrong=20)),
            "accuracy 0.895 against champion 3's 0.900 on the same 200 images: −0.5 points, "
            "one-sided 95 % bounds −2.6 and +1.3; undecided: it may be worse by more than the "
            "margin of 1 point; the champion stays, because promotion.onUndecided is Hold. This "
            "holdout can tell differences of 3 points; about 750 more images would tell 1 point",
            id="a figure that one digit would hide",
        ),
    ],
)
def test_the_reason_tells_the_figures_and_what_follows(
    rules: Asked, comparison: Comparison | None, said: str
) -> None:
    assert evaluate_gate(rules, MOSSY, "3", comparison).reason == said + UNSEEN
