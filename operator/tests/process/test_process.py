"""The process around the loop: what kopf is asked for, health, identity, and pure layers."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path
from typing import Any

import dandelion_operator
import kopf
import pytest
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.caches import WATCHED
from dandelion_operator.process import handlers
from dandelion_operator.process.health import RECONCILE_STUCK_AFTER, STUCK_AFTER, Health
from dandelion_operator.process.leader import Elector
from dandelion_operator.process.operator import identity
from dandelion_operator.process.settings import Settings
from given import DEFAULTS
from kopf._core.intents.registries import OperatorRegistry

SOURCE = Path(dandelion_operator.__file__).parent
EFFECTS = {"kopf", "kubernetes", "httpx", "minio", "urllib3", "aiohttp", "asyncio", "time"}


def settings(**about: Any) -> Settings:
    return Settings(
        **{
            "training_image": DEFAULTS.training_image,
            "inference_image": DEFAULTS.inference_image,
            "mlflow_tracking_uri": "http://mlflow/",
            "s3_endpoint": "http://s3/",
        }
        | about
    )


def test_kopf_is_given_nothing_that_needs_a_finalizer_or_an_annotation() -> None:
    registry: OperatorRegistry = kopf.get_default_registry()
    assert handlers.start is not None
    assert not list(registry._changing.get_all_handlers())
    assert not list(registry._spawning.get_all_handlers())
    assert len(list(registry._watching.get_all_handlers())) == len(WATCHED)


class Noted:
    """An operator, as far as events reach it: which resources it is to look at."""

    def __init__(self) -> None:
        self.looked_at: list[NamespacedName] = []
        self.caches = self.queue = self

    def seen(self, *_: object) -> None:
        pass

    def enqueue(self, key: NamespacedName, fresh: bool) -> None:
        assert fresh
        self.looked_at.append(key)


@pytest.mark.parametrize(
    ("change", "wakes"),
    [
        *(
            ({"annotations": {f"dandelion.dev/{name}": "now"}}, True)
            for name in ("retrain", "adopt", "promote", "ingest", "requested-by")
        ),
        ({"generation": 2}, True),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, True),
        ({"annotations": {"example.com/note": "now"}}, False),
        ({"resourceVersion": "2"}, False),
    ],
)
def test_what_somebody_writes_is_looked_at_at_once(change: dict[str, Any], wakes: bool) -> None:
    noted, memo = Noted(), kopf.Memo()
    memo.operator = noted
    before = {"namespace": "team-a", "name": "lawn", "uid": "u", "generation": 1}
    for metadata in (before, before | change):
        event = {"type": "MODIFIED", "object": {"metadata": metadata}}
        asyncio.run(handlers.resource_changed(event=event, memo=memo))
    assert noted.looked_at == [NamespacedName("team-a", "lawn")] * (2 if wakes else 1)


@pytest.mark.parametrize(
    "layer", ["api", "seen", "loop/decide", "loop/report", "loop/apply/builders"]
)
def test_pure_layers_reach_no_effect_by_any_import(layer: str) -> None:
    todo = sorted((SOURCE / layer).rglob("*.py"))
    seen: set[Path] = set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported(file):
            top, *rest = name.split(".")
            assert top not in EFFECTS, f"{file.relative_to(SOURCE)} imports {name}"
            if top == "dandelion_operator":
                path = SOURCE.joinpath(*rest)
                todo += [
                    item
                    for item in (path.with_suffix(".py"), path / "__init__.py")
                    if item.is_file()
                ]
    assert len(seen) > 5


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_reason_is_documented() -> None:
    assert all(reason.facts.doc.endswith(".") and reason.value.isalpha() for reason in Reason)
    assert str(Reason.GATE_FAILED) == "GateFailed"


def test_the_documents_explain_every_reason_and_no_other() -> None:
    page = (SOURCE.parents[2] / "docs" / "troubleshooting.md").read_text()
    (table,) = re.findall(r"\| Reason \|.*?\n\n", page, re.DOTALL)
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (.*?) \|", table, re.MULTILINE)
    assert sorted(rows) == sorted((reason.value, stands(reason)) for reason in Reason)


def stands(reason: Reason) -> str:
    """In the page's words: the conditions by their status."""
    by_status: dict[str, list[str]] = {}
    for kind in ConditionType:
        found = [known[kind] for known in (reason.facts.stands, reason.facts.also) if kind in known]
        if found:
            by_status.setdefault(" or ".join(found), []).append(kind.value)
    return "; ".join(f"{', '.join(kinds)}: {status}" for status, kinds in by_status.items())


def test_a_pod_is_known_by_its_name_and_anything_else_by_a_name_of_its_own() -> None:
    assert identity(settings(pod_name="operator-1")) == "operator-1"
    assert identity(settings()) != identity(settings())


@pytest.mark.parametrize(("text", "namespaces"), [("", ()), ("a", ("a",)), (" a, b ,", ("a", "b"))])
def test_namespaces_are_a_list(text: str, namespaces: tuple[str, ...]) -> None:
    assert settings(watch_namespaces=text).namespaces == namespaces


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class NoLeases:
    async def get(self) -> None:
        return None

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        return {}

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        return {}


def test_health_notices_what_stands_still() -> None:
    clock = Clock()
    queue = Queue(clock)
    elector = Elector(NoLeases(), "a", Fence(clock), clock)
    health = Health(elector, queue, clock)
    assert health.trouble() is None
    clock.now += STUCK_AFTER + 1
    assert health.trouble() == "the work queue stands still"
    queue.last_turn = clock.now
    assert health.trouble() == "the leader election stands still"
    asyncio.run(elector.attempt())
    assert health.trouble() is None


def test_health_notices_a_reconcile_that_does_not_end() -> None:
    clock = Clock()
    queue = Queue(clock)
    elector = Elector(NoLeases(), "a", Fence(clock), clock)
    key = NamespacedName("default", "lawn")
    queue.enqueue(key)
    queue._take(key)
    clock.now += RECONCILE_STUCK_AFTER + 1
    queue.last_turn = elector.last_attempt = clock.now
    assert Health(elector, queue, clock).trouble() == "a reconcile does not end"
