"""The console on a real cluster: who logs in sees a model, and has it trained if they may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.people import let_in

from tests.e2e.world import World, colours

NAME = "shown"


@pytest.fixture(scope="module")
def shown(world: World) -> World:
    """A served model, and the demo's accounts in its namespace."""
    world.train(NAME, world.upload("colours", colours()))
    let_in(world.cluster, world.namespace)
    world.until_served(NAME, "1")
    return world


@pytest.fixture
def console(world: World) -> Iterator[httpx.Client]:
    """As a browser reaches it through its Service, with cookies of its own."""
    with (
        world.cluster.reach(NAMESPACE, f"{RELEASE}-console", 80) as url,
        httpx.Client(base_url=url, headers={"Origin": url}, timeout=30) as client,
    ):
        yield client


def log_in(world: World, console: httpx.Client, account: str) -> None:
    token = world.kubectl("create", "token", account).strip()
    answer = console.post("/login", data={"token": token})
    assert answer.status_code == 303, answer.text


def page(world: World) -> str:
    return f"/namespaces/{world.namespace}/models/{NAME}"


@pytest.mark.parametrize("account", ["console-user", "console-admin"])
def test_both_find_their_model_ready(shown: World, console: httpx.Client, account: str) -> None:
    assert console.get(page(shown)).status_code == 401
    log_in(shown, console, account)
    first = console.get("/").text
    assert f'href="/?namespace={shown.namespace}"' in first
    fleet = console.get("/", params={"namespace": shown.namespace}).text
    assert "1 model: 1 ready" in fleet
    assert "version 1, accuracy" in fleet
    assert console.get("/", params={"namespace": "default"}).status_code == 403


@pytest.mark.parametrize(("action", "annotation"), [("train", "retrain"), ("ingest", "ingest")])
def test_a_user_sees_and_changes_nothing(
    shown: World, console: httpx.Client, action: str, annotation: str
) -> None:
    log_in(shown, console, "console-user")
    assert f'href="{page(shown)}/{action}"' not in console.get(page(shown)).text
    uid = shown.get("mdep", NAME)["metadata"]["uid"]
    form = {"uid": uid, "value": "2026-03-08T12:00:00Z"}
    answer = console.post(f"{page(shown)}/{action}", data=form)
    assert answer.status_code == 403
    assert f"takes the right to create modeldeployments/{action}" in answer.text
    annotations = shown.get("mdep", NAME)["metadata"]["annotations"]
    assert f"dandelion.dev/{annotation}" not in annotations


def test_an_administrator_has_the_images_read_and_sees_what_came_of_it(
    shown: World, console: httpx.Client
) -> None:
    log_in(shown, console, "console-admin")
    assert f'href="{page(shown)}/ingest"' in console.get(page(shown)).text
    confirm = console.get(f"{page(shown)}/ingest").text
    assert "Nothing is trained" in confirm
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', confirm))
    done = console.post(f"{page(shown)}/ingest", data=form)
    assert done.status_code == 303, done.text
    shown.until(
        "the page tells what was found",
        lambda: "They are read: no change since" in console.get(done.headers["location"]).text,
    )
    account = f"system:serviceaccount:{shown.namespace}:console-admin"
    history = shown.status(NAME)["history"]
    receipt = next(item for item in history if item["decision"] == "DatasetIngested")
    assert receipt["requestedBy"] == account
    assert f"asked for by {account}" in console.get(page(shown)).text
    assert len(shown.versions(NAME)) == 1


def test_an_administrator_starts_a_run_and_sees_that_it_began(
    shown: World, console: httpx.Client
) -> None:
    log_in(shown, console, "console-admin")
    confirm = console.get(f"{page(shown)}/train").text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', confirm))
    done = console.post(f"{page(shown)}/train", data=form)
    assert done.status_code == 303, done.text
    shown.until(
        "the page tells of the run",
        lambda: "is for it" in console.get(done.headers["location"]).text,
    )
    training = shown.status(NAME)["training"]
    assert training["retrain"] == form["value"]
    account = f"system:serviceaccount:{shown.namespace}:console-admin"
    assert training["requestedBy"] == account
