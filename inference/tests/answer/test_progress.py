"""How full the pod is, and where the time of an image went."""

from __future__ import annotations

import pytest
from dandelion_inference.answer.progress import MEAN_SECONDS, Kind, Stage, Workload
from given.door import Clock

SHARES = {Kind.SMALL: 0.25, Kind.LARGE: 0.5, Kind.EXPLANATION: 0.5}


def workload() -> tuple[Workload, Clock]:
    clock = Clock()
    return Workload(SHARES, clock), clock


def test_each_stage_has_its_time() -> None:
    tested, clock = workload()
    with tested.images(1) as [image]:
        for stage, seconds in (
            (Stage.DECODING, 1),
            (Stage.WAITING, 2),
            (Stage.COMPUTING, 4),
            (Stage.WAITING, 8),
            (Stage.COMPUTING, 16),
        ):
            clock.now += seconds
            image.enter(stage)
        clock.now += 32
    assert {stage: image.seconds(stage) for stage in Stage} == {
        Stage.WAITING: 1 + 4 + 16,
        Stage.DECODING: 2,
        Stage.COMPUTING: 8 + 32,
    }


def test_what_is_given_up_has_the_time_until_then() -> None:
    tested, clock = workload()
    with tested.images(1) as [image]:
        clock.now += 30
    clock.now += 30
    assert image.seconds(Stage.WAITING) == 30
    assert image.seconds(Stage.COMPUTING) == 0


def test_those_who_wait_are_counted_by_class() -> None:
    tested, _ = workload()

    def waiting() -> list[int]:
        return [tested.waiting(kind) for kind in Kind]

    assert waiting() == [0, 0, 0]
    with tested.images(3) as [first, second, _third]:
        with tested.images(2, Kind.EXPLANATION) as [explanation, _]:
            assert waiting() == [3, 0, 2]
            first.enter(Stage.DECODING)
            explanation.enter(Stage.COMPUTING)
            second.is_large()
            assert waiting() == [1, 1, 1]
        assert waiting() == [1, 1, 0]
    assert waiting() == [0, 0, 0]


@pytest.mark.parametrize(
    ("small", "large", "explanations", "work"),
    [
        pytest.param(0, 0, 0, 0.0, id="nothing to do"),
        pytest.param(1, 0, 0, 0.25, id="one image, of four at once"),
        pytest.param(4, 0, 0, 1.0, id="as many as are worked on at once"),
        pytest.param(0, 2, 0, 1.0, id="a large one for each processor"),
        pytest.param(2, 0, 1, 1.0, id="some of both"),
        pytest.param(8, 2, 0, 3.0, id="more than there is room for"),
    ],
)
def test_work_is_measured_against_what_is_done_at_once(
    small: int, large: int, explanations: int, work: float
) -> None:
    tested, clock = workload()
    with tested.images(small + large) as images, tested.images(explanations, Kind.EXPLANATION):
        for image in images[:large]:
            image.is_large()
        clock.now += 100 * MEAN_SECONDS
        assert tested.mean() == pytest.approx(work)
    clock.now += 100 * MEAN_SECONDS
    assert tested.mean() == pytest.approx(0)


def test_work_is_a_mean_of_the_last_half_minute() -> None:
    tested, clock = workload()
    with tested.images(4):
        assert tested.mean() == 0
        clock.now += MEAN_SECONDS
        assert tested.mean() == pytest.approx(1 - 1 / 2.718281828)


def test_often_looked_at_is_the_same_mean() -> None:
    means = []
    for looks in (1, 1000):
        tested, clock = workload()
        with tested.images(4):
            for _ in range(looks):
                clock.now += MEAN_SECONDS / looks
                tested.mean()
            means.append(tested.mean())
    assert means[0] == pytest.approx(means[1])


def test_short_work_between_two_looks_is_seen() -> None:
    """An image of 10 ms each 20 ms: half of the time, however seldom anybody looks."""
    tested, clock = workload()
    for _ in range(10_000):
        with tested.images(4):
            clock.now += 0.01
        clock.now += 0.01
    assert tested.mean() == pytest.approx(0.5, rel=0.01)
