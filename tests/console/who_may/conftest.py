"""The whole house behind the console, and everybody who has logged in there."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.console.doors import Door
from tests.console.house import House, standing
from tests.console.who_may.table import PEOPLE
from tests.keys.minio import Store


@pytest.fixture(scope="package")
def house(
    doors: dict[str, Door], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with standing(doors, store, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="package")
def visitors(house: House) -> Iterator[dict[str, httpx.Client]]:
    there = {person: house.by(person) for person in PEOPLE}
    yield there
    for browser in there.values():
        browser.close()


@pytest.fixture(autouse=True)
def models(request: pytest.FixtureRequest) -> None:
    """In place of those before the other consoles."""
    if "house" in request.fixturenames:
        found: House = request.getfixturevalue("house")
        found.reset(suspend="resume" in request.node.name)
