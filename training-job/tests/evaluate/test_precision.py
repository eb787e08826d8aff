"""The choice of the precision, as a table over a holdout of a thousand images."""

import numpy as np
import pytest
from dandelion_training.evaluate.precision.choice import Answered, Evidence, evidence
from dandelion_training.export.engine import Precision

FP32, BF16, INT8 = Precision.FP32, Precision.BF16, Precision.INT8
GOOD = Answered(right=900, same=1000)


@pytest.mark.parametrize(
    ("int8", "bf16", "chosen"),
    [
        pytest.param(GOOD, GOOD, INT8, id="int8 that answers as fp32 does"),
        pytest.param(Answered(897, 990), GOOD, INT8, id="int8 at both limits"),
        pytest.param(Answered(896, 1000), GOOD, BF16, id="int8 that loses one image too many"),
        pytest.param(Answered(900, 989), GOOD, BF16, id="int8 that differs in one image too many"),
        pytest.param(Answered(910, 990), GOOD, INT8, id="int8 that is right more often"),
        pytest.param(Answered(910, 980), GOOD, BF16, id="int8 that is right more often, elsewhere"),
        pytest.param(Answered(700, 700), Answered(896, 995), FP32, id="neither is as accurate"),
        pytest.param(Answered(700, 700), Answered(900, 980), FP32, id="neither agrees"),
        pytest.param(None, GOOD, BF16, id="quantisation failed"),
        pytest.param(None, Answered(700, 700), FP32, id="quantisation failed, and bf16 is bad"),
        pytest.param(GOOD, None, INT8, id="int8, on a machine without bf16"),
        pytest.param(Answered(700, 700), None, FP32, id="bad int8, and bf16 could not be measured"),
        pytest.param(None, None, FP32, id="nothing but fp32 could be measured"),
    ],
)
def test_the_cheapest_precision_that_answers_as_fp32_does(
    int8: Answered | None, bf16: Answered | None, chosen: Precision
) -> None:
    measured = {FP32: GOOD, BF16: bf16, INT8: int8}
    found = Evidence(1000, {p: answered for p, answered in measured.items() if answered})
    assert found.choice is chosen
    assert found.described()["choice"] == chosen.value


def test_on_a_small_holdout_a_single_other_answer_is_too_many() -> None:
    found = Evidence(20, {FP32: Answered(18, 20), INT8: Answered(18, 19), BF16: Answered(18, 20)})
    assert found.choice is BF16


def test_evidence_is_counted_against_the_truth_and_against_fp32() -> None:
    targets = np.array([0, 1, 2, 2])
    found = evidence(targets, {FP32: np.array([0, 1, 2, 0]), INT8: np.array([0, 2, 2, 2])})
    assert found.described() == {
        "choice": "fp32",
        "images": 4,
        "fp32": {"accuracy": 0.75},
        "int8": {"accuracy": 0.75, "agreement": 0.5},
    }
    assert found.figures() == {
        "holdout_accuracy_fp32": 0.75,
        "holdout_accuracy_int8": 0.75,
        "agreement_int8": 0.5,
    }
