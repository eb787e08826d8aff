"""Ready pods are asked about drift beside the reconciles, and what they count wakes nobody."""

from __future__ import annotations

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.probes import LONGEST_PAUSE, PLACES_FOR_WINDOWS
from dandelion_operator.seen.serving import Answer
from fakes.cluster import KEY
from given.drifting import windows
from given.probing import PODS, Asking, answered, scene


@scene
async def test_the_first_answer_of_each_pod_wakes_its_resource(asking: Asking) -> None:
    assert await asking.windows() == {"a": (False, None), "b": (False, None)}
    assert len(asking.woken) == 2
    told = (True, (windows(0.5),))
    assert await asking.windows() == {"a": told, "b": told}
    assert asking.pods.asked == ["10.0.1.1:8081/drift", "10.0.1.2:8081/drift"] * 2


@scene
async def test_other_numbers_wake_nobody_and_drift_that_begins_or_ends_does(asking: Asking) -> None:
    await asking.windows()
    for ratios in ((0.7, 0.5), (2.0, 0.7, 0.5), (2.0, 2.0, 0.7)):
        asking.pods.told = (windows(*ratios),)
        await asking.windows()
    assert len(asking.woken) == 2
    asking.pods.told = (windows(0.1), windows(2.0, 2.0, 2.0, answers=50))
    await asking.windows()
    assert len(asking.woken) == 4
    asking.pods.told = (windows(0.1), windows(3.0, 2.0, 2.0, answers=50))
    await asking.windows()
    assert len(asking.woken) == 4
    asking.pods.told = (windows(0.1),)
    await asking.windows()
    assert len(asking.woken) == 6


@scene
async def test_an_error_that_was_never_thought_of_tells_nothing(asking: Asking) -> None:
    asking.pods.trouble = RuntimeError("never thought of")
    await asking.windows()
    assert await asking.windows() == {"a": (True, None), "b": (True, None)}


@scene
async def test_a_pod_that_is_asked_about_drift_is_asked_why_it_is_not_ready_as_well(
    asking: Asking,
) -> None:
    await asking.windows()
    assert asking.probes.pods(KEY, {"a": PODS["a"]}) == {"a": None}
    told = (True, (windows(0.5),))
    assert await asking.windows() == {"a": told, "b": told}
    assert asking.probes.pods(KEY, {"a": PODS["a"]}) == {"a": ("Draining", "")}
    asking.probes.pods(KEY, {})
    assert await asking.windows() == {"a": told, "b": told}


@scene
async def test_pods_that_never_answer_keep_no_service_waiting(asking: Asking) -> None:
    asking.pods.may_tell.clear()
    for number in range(100):
        await asking.windows(NamespacedName("default", f"dead-{number}"))
    assert len(asking.pods.asked) == PLACES_FOR_WINDOWS
    asking.now += LONGEST_PAUSE
    asking.probes.service(KEY, "10.0.0.1", "ready")
    await answered()
    assert asking.probes.service(KEY, "10.0.0.1", "ready") == Answer(1)
    asking.probes.close()
