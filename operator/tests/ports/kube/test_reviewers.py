"""For how long serving pods of former releases may ask the API server who calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.reviewers import FormerReviewers, rests_on_account
from fakes.cluster import FakeCluster
from fakes.killer import Killer
from small_world import played
from structlog.testing import capture_logs

BINDING = "dandelion-token-reviewers"
NAME = "lawn-inference"


def deployment(
    account: str = "default",
    token: bool | None = False,
    generation: int = 3,
    observed: int | None = 3,
    replicas: int = 2,
    updated: int = 2,
) -> dict[str, Any]:
    pod = {"serviceAccountName": account}
    status: dict[str, Any] = {"replicas": replicas, "updatedReplicas": updated}
    return {
        "metadata": {"name": NAME, "generation": generation},
        "spec": {
            "template": {
                "spec": pod if token is None else pod | {"automountServiceAccountToken": token}
            }
        },
        "status": status if observed is None else status | {"observedGeneration": observed},
    }


FORMER = deployment(NAME, token=True)


@pytest.mark.parametrize(
    ("found", "rests"),
    [
        pytest.param(FORMER, True, id="pods that ask as the account"),
        pytest.param(deployment(NAME, token=None), True, id="pods that get its token unasked"),
        pytest.param(
            deployment(NAME, token=True, replicas=0, updated=0),
            True,
            id="none yet, and more of them when it is scaled up",
        ),
        pytest.param(deployment(), False, id="pods that ask the token reviewer"),
        pytest.param(deployment(NAME), False, id="pods as such an account without its token"),
        pytest.param(deployment("team", token=True), False, id="pods as another account"),
        pytest.param(deployment(updated=1), True, id="one of two is left"),
        pytest.param(deployment(replicas=3, updated=1), True, id="the first new one comes up"),
        pytest.param(deployment(observed=2), True, id="a template that nobody has read yet"),
        pytest.param(deployment(observed=None), True, id="a Deployment that nobody has read yet"),
        pytest.param(deployment(replicas=0, updated=0), False, id="none is wanted"),
        pytest.param(None, False, id="it is gone"),
    ],
)
def test_an_account_is_needed_for_as_long_as_pods_ask_as_it(
    found: dict[str, Any] | None, rests: bool
) -> None:
    assert rests_on_account(found, NAME) is rests


def subject(namespace: str, name: str = NAME, kind: str = "ServiceAccount") -> dict[str, str]:
    return {"kind": kind, "namespace": namespace, "name": name}


def made(*subjects: dict[str, str], **deployments: dict[str, Any]) -> FakeCluster:
    """With these Deployments, by namespace."""
    cluster = FakeCluster(Killer(None, True), lambda: "2026-01-01T00:00:00Z")
    cluster.put_clusterwide(
        "clusterrolebindings", {"metadata": {"name": BINDING}, "subjects": list(subjects)}
    )
    for namespace, body in deployments.items():
        metadata = body["metadata"] | {"namespace": namespace}
        cluster.objects["deployments", namespace, NAME] = body | {"metadata": metadata}
    return cluster


def reviewers(cluster: FakeCluster, *watched: str) -> FormerReviewers:
    fence = Fence()
    fence.open_until(float("inf"))
    return FormerReviewers(Cluster(cluster, fence), BINDING, watched)


def is_there(cluster: FakeCluster) -> bool:
    return ("clusterrolebindings", "", BINDING) in cluster.objects


@pytest.mark.parametrize(
    ("cluster", "watched", "stays"),
    [
        pytest.param(made(subject("one"), one=FORMER), (), True, id="one rests on it"),
        pytest.param(
            made(subject("one"), subject("two"), one=deployment(), two=FORMER),
            (),
            True,
            id="one of two rests on it",
        ),
        pytest.param(
            made(subject("one"), subject("two"), one=deployment(), two=deployment()),
            (),
            False,
            id="all have been replaced",
        ),
        pytest.param(made(subject("one")), (), False, id="its Deployment is gone"),
        pytest.param(
            made(subject("one"), two=FORMER), (), False, id="a Deployment that was never given it"
        ),
        pytest.param(
            made(subject("two"), two=FORMER),
            ("one",),
            False,
            id="a namespace that is looked after no more",
        ),
        pytest.param(made(subject("one"), one=FORMER), ("one",), True, id="one that is"),
        pytest.param(
            made(subject("one", kind="User"), one=FORMER), (), False, id="somebody who is no pod"
        ),
        pytest.param(made(), (), True, id="it holds nobody: a chart's, which grants nothing"),
    ],
)
def test_the_binding_goes_once_no_deployment_rests_on_it(
    cluster: FakeCluster, watched: tuple[str, ...], stays: bool
) -> None:
    before = {key: dict(body) for key, body in cluster.objects.items()}
    asyncio.run(reviewers(cluster, *watched).let_go())
    assert is_there(cluster) is stays
    left = {key: body for key, body in before.items() if stays or key[2] != BINDING}
    assert cluster.objects == left, "nothing else is touched, and nobody is added"


def test_pods_that_the_operator_may_not_look_at_keep_their_right() -> None:
    cluster = made(subject("one"), one=deployment())
    cluster.unreadable.add("deployments")
    asyncio.run(reviewers(cluster).let_go())
    assert is_there(cluster)


def test_a_binding_that_is_gone_is_not_missed() -> None:
    cluster = made()
    cluster.objects.clear()
    asyncio.run(reviewers(cluster).let_go())
    assert not cluster.objects


def test_who_still_needs_it_is_logged_once() -> None:
    async def looks() -> None:
        cluster = made(subject("one"), subject("two"), one=FORMER, two=FORMER)
        former = reviewers(cluster)
        for _ in range(3):
            await former.let_go()
        cluster.objects["deployments", "one", NAME] = deployment()
        for _ in range(3):
            await former.let_go()

    with capture_logs() as lines:
        asyncio.run(looks())
    both, one = [f"one/{NAME}", f"two/{NAME}"], [f"two/{NAME}"]
    assert [line["deployments"] for line in lines] == [both, one]


def test_looking_after_it_outlives_refusals_and_waits_for_the_lease() -> None:
    async def scene() -> None:
        cluster = made(subject("one"))
        cluster.refuse["clusterrolebindings"] = "forbidden"
        fence = Fence()
        former = FormerReviewers(Cluster(cluster, fence), BINDING, ())
        done = asyncio.Event()
        turns = iter(("another leads", "refused", "leads no longer", "goes well"))
        stood: dict[str, bool] = {}

        def allowed() -> bool:
            turn = next(turns, "over")
            stood[turn] = is_there(cluster)
            fence.open_until(float("-inf" if turn == "leads no longer" else "inf"))
            if turn == "goes well":
                cluster.refuse.clear()
            if turn == "over":
                done.set()
            return turn != "another leads"

        task = asyncio.create_task(former.run(allowed, 0.0))
        await done.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert [turn for turn, there in stood.items() if not there] == ["over"]

    played(scene)


def test_a_thousand_accounts_are_not_asked_about_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed by the same connections."""
    cluster = made(*(subject(f"team-{number}") for number in range(20)), one=FORMER)
    request, under_way, most = cluster.request, 0, 0

    async def counted(method: str, path: str, **more: Any) -> tuple[int, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return await request(method, path, **more)

    monkeypatch.setattr(cluster, "request", counted)
    asyncio.run(reviewers(cluster).let_go())
    assert most == 1
