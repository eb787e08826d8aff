"""What these tests share: one console before one API server, and models that are there anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.server import ApiServer
from tests.console.served import OTHER, TEAM, Console, people_and_models, put, serving
from tests.console.statuses import ready, troubled


@pytest.fixture(scope="session")
def console(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    people_and_models(api)
    elsewhere = {f"{name}_url": f"https://{name}.example.com" for name in ("mlflow", "grafana")}
    with serving(api, tmp_path_factory.mktemp("console"), **elsewhere) as console:
        yield console


@pytest.fixture(autouse=True)
def models(console: Console) -> None:
    """One that serves and one that does not in the team's namespace, and one of others'."""
    put(console.api, "lawn", TEAM, ready(), suspend=False)
    put(console.api, "park", TEAM, troubled(), suspend=False)
    put(console.api, "apples", OTHER, ready(), suspend=False)
