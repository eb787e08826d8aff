"""The registry poll over many models, and what a reconcile need not ask because of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.poll import LONGEST_PAUSE, RegistryPoll
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.registry.calls import LISTING
from dandelion_operator.ports.registry.listing import AT_ONCE_AGAIN_SECONDS, PAGE_MODELS
from dandelion_operator.ports.registry.memory import VOUCHED_SECONDS
from dandelion_operator.seen.versions import RegistrySeen
from fakes.cluster import KEY
from fakes.killer import Killer
from fakes.mlflow import MODEL, FakeMlflow
from small_world import World, played

MANY = 1000
OTHERS = [NamespacedName("default", f"n{number:04d}") for number in range(MANY)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    def __init__(self, lists_at_once: bool = False) -> None:
        self.clock = Clock()
        self.mlflow = FakeMlflow(Killer(), lists_at_once=lists_at_once)
        self.mlflow.others = [f"{key.namespace}.{key.name}" for key in OTHERS]
        http = httpx.AsyncClient(
            base_url="http://mlflow",
            transport=httpx.MockTransport(self._handle),
            verify=False,
        )
        fence = Fence()
        fence.open_until(float("inf"))
        self.registry = Registry(http, fence, monotonic=self.clock)
        self.queue = Queue(self.clock)
        for key in (KEY, *OTHERS):
            self.queue.enqueue(key)
            self.queue._take(key)
        self.poll = RegistryPoll(self.registry, self.queue, 2.0, self.clock)
        self.refused: str | tuple[str, ...] = ()
        # What happens while an answer about one model is on its way.
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        if self.refused and request.url.path.endswith(self.refused):
            return httpx.Response(500, json={"message": "a broken row"})
        answer = self.mlflow.handle(request)
        if request.url.path.endswith("/registered-models/get") and self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return answer

    def round(self) -> list[NamespacedName]:
        """Whom it wakes."""
        asyncio.run(self.poll.round())
        due = {key for key, entry in self.queue._entries.items() if entry.due is not None}
        for key in due:
            self.queue._entries[key].due = None
        return sorted(due, key=str)

    def snapshot(self, fresh: bool = False) -> tuple[int | None, int]:
        """The champion, and how many calls it took to know."""
        self.mlflow.asked.clear()
        found = asyncio.run(self.registry.snapshot(MODEL, fresh))
        assert isinstance(found, RegistrySeen)
        return found.champion, len(self.mlflow.asked)


@pytest.fixture(params=[False, True], ids=["in pages", "at once"])
def stage(request: pytest.FixtureRequest) -> Stage:
    return Stage(request.param)


@pytest.fixture
def in_pages() -> Stage:
    return Stage()


@pytest.fixture
def at_once() -> Stage:
    return Stage(lists_at_once=True)


def test_a_thousand_models_are_watched_with_a_handful_of_calls(in_pages: Stage) -> None:
    assert in_pages.round() == []
    in_pages.mlflow.asked.clear()
    assert in_pages.round() == []
    assert len(in_pages.mlflow.asked) == MANY / PAGE_MODELS


def test_where_mlflow_lists_at_once_they_are_watched_with_one_call(at_once: Stage) -> None:
    at_once.round()
    at_once.mlflow.asked.clear()
    assert at_once.round() == []
    assert at_once.mlflow.asked == [LISTING]


def test_an_mlflow_in_pages_is_not_asked_each_time_to_list_at_once(in_pages: Stage) -> None:
    in_pages.round()
    in_pages.mlflow.lists_at_once = True  # it was replaced
    in_pages.mlflow.asked.clear()
    in_pages.round()
    assert LISTING not in in_pages.mlflow.asked
    in_pages.clock.now += AT_ONCE_AGAIN_SECONDS
    in_pages.mlflow.asked.clear()
    in_pages.round()
    assert in_pages.mlflow.asked == [LISTING]


def test_a_listing_at_once_that_fails_for_a_moment_is_replaced_by_pages(at_once: Stage) -> None:
    at_once.mlflow.add_version(run="a")
    at_once.round()
    at_once.refused = LISTING
    at_once.mlflow.aliases["champion"] = "1"
    assert at_once.round() == [KEY]
    at_once.refused = ()
    at_once.mlflow.asked.clear()
    assert at_once.round() == []
    assert at_once.mlflow.asked == [LISTING]


def test_the_first_round_spares_a_restart_all_other_calls(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.mlflow.aliases["champion"] = "1"
    stage.round()
    assert stage.snapshot() == (1, 0)
    assert asyncio.run(stage.registry.snapshot(MODEL, fresh=False)) == asyncio.run(
        stage.registry.snapshot(MODEL)
    )


def test_an_alias_that_names_no_version_is_asked_about(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.mlflow.aliases["champion"] = "9"
    stage.round()
    champion, calls = stage.snapshot()
    assert champion == 9
    assert calls > 0


def test_a_moved_alias_among_many_wakes_its_resource_alone(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.round()
    stage.mlflow.aliases["champion"] = "1"
    assert stage.round() == [KEY]
    assert stage.round() == []


def test_a_registered_version_wakes_its_resource(stage: Stage) -> None:
    stage.round()
    stage.mlflow.add_version(run="a")
    assert stage.round() == [KEY]


def test_where_models_cannot_be_listed_they_are_asked_one_by_one(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.round()
    stage.refused = (LISTING, "/registered-models/search")
    stage.mlflow.aliases["champion"] = "1"
    assert KEY in stage.round()


def test_mlflow_that_is_away_wakes_everybody_once(stage: Stage) -> None:
    stage.round()
    stage.mlflow.away = True
    assert len(stage.round()) == MANY + 1
    assert stage.round() == []
    stage.mlflow.away = False
    assert len(stage.round()) == MANY + 1


@pytest.mark.parametrize(
    ("models", "pause"),
    [(0, 2.0), (10, 2.0), (1_000, 25.0), (10_000, 250.0), (1_000_000, LONGEST_PAUSE)],
)
def test_the_pause_grows_with_what_mlflow_has_to_list(
    in_pages: Stage, models: int, pause: float
) -> None:
    in_pages.round()
    assert in_pages.poll.pause(models) == pytest.approx(pause)


@pytest.mark.parametrize(("models", "pause"), [(0, 2.0), (1_000, 2.0), (10_000, 2.5)])
def test_a_listing_at_once_may_be_asked_for_often(
    at_once: Stage, models: int, pause: float
) -> None:
    at_once.round()
    assert at_once.poll.pause(models) == pytest.approx(pause)


def test_a_round_tells_how_many_models_were_listed(stage: Stage) -> None:
    assert asyncio.run(stage.poll.round()) == MANY
    stage.mlflow.away = True
    assert asyncio.run(stage.poll.round()) == 0


def test_a_listing_answers_for_a_model_that_is_not_there(stage: Stage) -> None:
    stage.round()
    assert stage.snapshot() == (None, 0)
    assert stage.snapshot(fresh=True)[1] > 0


def test_what_was_read_holds_until_a_listing_shows_a_change(stage: Stage) -> None:
    stage.round()
    stage.mlflow.add_version(run="a")
    stage.round()
    assert stage.snapshot()[1] > 0
    stage.round()
    assert stage.snapshot() == (None, 0)
    stage.mlflow.aliases["champion"] = "1"
    stage.round()
    champion, calls = stage.snapshot()
    assert champion == 1
    assert calls > 0


def test_what_was_read_before_a_listing_showed_a_change_does_not_hold(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.round()
    stage.clock.now += VOUCHED_SECONDS + 1
    stage.round()

    async def somebody_promotes() -> None:
        stage.mlflow.aliases["champion"] = "1"
        await stage.poll.round()

    stage.meanwhile = somebody_promotes
    assert stage.snapshot()[0] is None, "as it was when it was asked"
    assert stage.snapshot()[0] == 1


def test_what_was_read_does_not_hold_for_ever(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.round()
    stage.snapshot()
    stage.clock.now += VOUCHED_SECONDS + 1
    assert stage.snapshot()[1] > 0


def test_what_the_operator_wrote_itself_is_read_anew(stage: Stage) -> None:
    stage.mlflow.add_version(run="a")
    stage.round()
    stage.snapshot()
    asyncio.run(stage.registry.set_alias(MODEL, "champion", 1))
    champion, calls = stage.snapshot()
    assert champion == 1
    assert calls > 0


def test_before_the_first_listing_nothing_is_taken_from_memory(stage: Stage) -> None:
    stage.snapshot()
    assert stage.snapshot()[1] > 0


def test_a_person_who_moved_the_alias_since_the_last_listing_is_not_overruled(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        world.apply()
        await world.settle()
        registry = world.reconciler._clients.registry
        await registry.pulses()
        await world.reconcile()
        number = world.mlflow.add_version(run="by-hand")
        world.mlflow.aliases["champion"] = str(number)
        world.cluster.objects.pop(("deployments", KEY.namespace, "lawn-inference"))
        await world.reconcile()
        assert world.mlflow.aliases["champion"] == str(number)
        assert not world.cluster.kind("deployments")

    played(scene)


def test_a_settled_resource_asks_mlflow_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        world.apply()
        await world.settle()
        await world.reconciler._clients.registry.pulses()
        await world.reconcile()
        world.mlflow.asked.clear()
        await world.reconcile()
        assert world.mlflow.asked == []
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
