"""The gate: what an evaluation and its comparison with the champion decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.loop.decide.gate.judge import evaluate_gate
from dandelion_operator.seen.comparison import Comparison, PairedCounts, PairedMacroF1
from given.evidence import BETTER, HOLD, MACRO, PLAIN, Asked, compared, figures, macro, spread
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

SKEWED = tuple(n * (0.0001 if n < 0 else 0.001) for n in range(-99, 100))
QUICK = settings(max_examples=80, deadline=None, database=None)


@pytest.mark.parametrize(
    ("rules", "comparison", "outcome", "passes"),
    [
        pytest.param(
            *(HOLD, compared(20, 20), "promoted", True),
            id="promotes an equal version on a holdout that can tell",
        ),
        pytest.param(
            *(HOLD, compared(60, 20), "promoted", True), id="promotes a version that is better"
        ),
        pytest.param(
            *(HOLD, compared(60, 100, 10_000), "promoted", True),
            id="promotes a version that is worse by surely less than the margin",
        ),
        pytest.param(
            *(PLAIN, compared(20, 60), "rejected", False), id="rejects a version that is worse"
        ),
        pytest.param(
            *(PLAIN, compared(0, 300), "rejected", False), id="rejects a version that is much worse"
        ),
        pytest.param(
            *(PLAIN, compared(20, 45), "rejected", False),
            id="rejects a version that is worse, by more than the margin or not",
        ),
        pytest.param(
            *(PLAIN, compared(4, 4, 100), "undecided", True),
            id="PromoteIfNotWorse promotes an equal version on a holdout that cannot tell",
        ),
        pytest.param(
            *(PLAIN, compared(5, 4, 100), "undecided", True),
            id="PromoteIfNotWorse promotes a version that looks better",
        ),
        pytest.param(
            *(PLAIN, compared(4, 5, 100), "undecided", False),
            id="PromoteIfNotWorse keeps the champion when the version looks worse",
        ),
        pytest.param(
            *(HOLD, compared(4, 4, 100), "undecided", False),
            id="Hold keeps the champion when nothing is shown",
        ),
        pytest.param(
            *(HOLD, compared(6, 3, 100), "undecided", False),
            id="Hold keeps the champion though the version looks better",
        ),
        pytest.param(
            *(HOLD, compared(0, 0, 400), "promoted", True),
            id="promotes a version that always agrees with the champion",
        ),
        pytest.param(
            *(HOLD, compared(0, 0, 100), "undecided", False),
            id="a hundred images on which both agree do not show it",
        ),
        pytest.param(
            *(HOLD, compared(0, 0, 400, wrong=400), "promoted", True),
            id="promotes a version that is as wrong as the champion",
        ),
        pytest.param(*(PLAIN, compared(0, 0, 1), "undecided", True), id="one image shows nothing"),
        pytest.param(
            *(PLAIN, compared(100, 0, 100), "promoted", True), id="promotes what is right alone"
        ),
        pytest.param(
            *(PLAIN, compared(0, 100, 100), "rejected", False), id="rejects what is wrong alone"
        ),
        pytest.param(
            *(BETTER, compared(20, 20), "undecided", False), id="margin 0 promotes no equal version"
        ),
        pytest.param(
            *(BETTER, compared(0, 0), "undecided", False),
            id="margin 0 promotes no version that always agrees",
        ),
        pytest.param(
            *(BETTER, compared(60, 20), "promoted", True),
            id="margin 0 promotes a version that is shown to be better",
        ),
        pytest.param(
            *(BETTER, compared(20, 60), "rejected", False),
            id="margin 0 rejects a version that is shown to be worse",
        ),
        pytest.param(
            *(replace(HOLD, margin=0.1), compared(4, 4, 100), "promoted", True),
            id="a wide margin is told by few images",
        ),
        pytest.param(
            *(replace(HOLD, confidence=0.8), compared(10, 10, 400), "promoted", True),
            id="less confidence is told by fewer images",
        ),
        pytest.param(
            *(replace(HOLD, confidence=0.999), compared(10, 10, 400), "undecided", False),
            id="more confidence takes more images",
        ),
        pytest.param(
            *(replace(PLAIN, min_improvement=0.02), compared(40, 20), "promoted", True),
            id="promotes a version that improves just enough",
        ),
        pytest.param(
            *(replace(PLAIN, min_improvement=0.02), compared(39, 20), "rejected", False),
            id="rejects a version that improves too little",
        ),
        pytest.param(
            *(replace(PLAIN, min_improvement=0.02), compared(5, 4, 100), "rejected", False),
            id="rejects a version that improves too little on a holdout that cannot tell",
        ),
        pytest.param(
            *(replace(PLAIN, min_improvement=0.02), compared(32, 30, 100), "undecided", True),
            id="PromoteIfNotWorse promotes what improves enough on a holdout that cannot tell",
        ),
        pytest.param(
            *(replace(HOLD, min_improvement=0.02), compared(32, 30, 100), "undecided", False),
            id="Hold keeps the champion though the version improves enough",
        ),
        pytest.param(
            *(PLAIN, compared(images=0), "undecided", False),
            id="keeps the champion when no image was compared",
        ),
        pytest.param(
            *(PLAIN, compared(images=0, shared=(), gained=("moss",)), "undecided", False),
            id="keeps the champion when no class is shared",
        ),
        pytest.param(
            *(PLAIN, None, "undecided", False), id="keeps a champion that nothing was compared with"
        ),
        pytest.param(
            *(MACRO, macro(0.90, 0.90, 0.005), "promoted", True),
            id="macro F1 promotes an equal version on a holdout that can tell",
        ),
        pytest.param(
            *(MACRO, macro(0.85, 0.90, 0.005), "rejected", False),
            id="macro F1 rejects a version that is worse",
        ),
        pytest.param(
            MACRO,
            compared(20, 20, 4000, macro_f1=PairedMacroF1(0.9, 0.9, SKEWED)),
            *("undecided", True),
            id="macro F1 is as unsure downwards as it is upwards",
        ),
        pytest.param(
            *(replace(MACRO, min_improvement=0.02), macro(0.83, 0.81, 0.001), "promoted", True),
            id="macro F1 that improves just enough does so after rounding",
        ),
        pytest.param(
            *(MACRO, macro(0.90, 0.90, 0.05), "undecided", True),
            id="macro F1 is undecided where it varies much",
        ),
        pytest.param(
            *(MACRO, macro(0.89, 0.90, 0.05), "undecided", False),
            id="macro F1 keeps the champion when the version looks worse",
        ),
        pytest.param(
            *(MACRO, compared(60, 20, macro_f1=PairedMacroF1(0.9, 0.8)), "undecided", False),
            id="macro F1 without a bootstrap shows nothing",
        ),
        pytest.param(
            MACRO,
            compared(0, 0, 50, macro_f1=PairedMacroF1(0.9, 0.9, spread(0, 0))),
            *("undecided", True),
            id="macro F1 is no surer than accuracy where no resample differs",
        ),
        pytest.param(
            *(replace(MACRO, confidence=0.999), macro(0.90, 0.90, 0.0001), "undecided", True),
            id="macro F1 is undecided where the bootstrap does not reach",
        ),
    ],
)
def test_gate(rules: Asked, comparison: Comparison | None, outcome: str, passes: bool) -> None:
    found = evaluate_gate(rules, figures(), "3", comparison)
    assert (found.outcome, found.passes) == (outcome, passes)


def test_a_failed_minimum_rejects_a_version_that_beats_the_champion() -> None:
    found = evaluate_gate(PLAIN, figures(accuracy=0.7), "3", compared(100, 0))
    assert (found.outcome, found.passes) == ("rejected", False)


@QUICK
@for_any(
    st.tuples(*[st.integers(0, 60)] * 4),
    st.builds(
        Asked,
        metric=st.sampled_from(["accuracy", "macroF1"]),
        minimum=st.floats(0, 1),
        margin=st.floats(0, 0.5),
        confidence=st.floats(0.5, 0.999),
        min_class_recall=st.none() | st.floats(0, 1),
        min_improvement=st.floats(0, 0.5),
        on_undecided=st.sampled_from(["PromoteIfNotWorse", "Hold"]),
    ),
)
def test_whatever_is_counted_the_gate_says_what_it_rests_on(
    counts: tuple[int, int, int, int], rules: Asked
) -> None:
    about = {"macro_f1": PairedMacroF1(0.8, 0.8, spread(0, 0.1)), "shared": ("daisy",)}
    found = evaluate_gate(rules, figures(), "3", Comparison(PairedCounts(*counts), **about))
    assert found.reason
    assert found.outcome == "undecided" or found.passes == (found.outcome == "promoted")
    if rules.on_undecided == "Hold" and found.passes:
        assert found.difference is not None
        assert found.difference.lower > -rules.margin
