"""A table of addresses brings images of hosts that were named, each once, and of no others; what is
added to it becomes a version by itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE

from tests.e2e.faults.wire import RESTRICTED
from tests.e2e.world import COLOURS, World, picture

NAME = "fetched"
TABLE = "addresses"
SERVER, STRANGER = "images", "stranger"  # two Services of one pod: one is named, the other is not
EACH, LATER = 14, 4
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


def _server(image: str) -> list[dict[str, Any]]:
    """A pod that serves pictures over HTTP and logs who asks for what."""
    metadata = {"name": SERVER, "labels": {"app": SERVER}}
    files = {
        f"{label}-{variant}.png": base64.b64encode(picture(colour, variant)).decode()
        for label, colour in COLOURS.items()
        for variant in range(EACH + LATER)
    }
    container = {
        "name": SERVER,
        "image": image,
        "command": ["python", "-m", "http.server", "8080", "--directory", "/images"],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "images", "mountPath": "/images"}],
    }
    volumes = [{"name": "images", "configMap": {"name": SERVER}}]
    pod = {"containers": [container], "volumes": volumes}
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": {"app": SERVER}, "ports": [{"port": 80, "targetPort": 8080}]},
        }
        for name in (SERVER, STRANGER)
    ]
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "binaryData": files},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod},
        *services,
    ]


def _lines(world: World, variants: range) -> list[str]:
    return [
        f"http://{SERVER}.{world.namespace}.svc/{label}-{variant}.png,{label}"
        for label in COLOURS
        for variant in variants
    ]


def _write_table(world: World, lines: list[str]) -> None:
    table = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": TABLE},
        "data": {"urls.csv": "\n".join(["url,label", *lines])},
    }
    world.kubectl("apply", "-f", "-", stdin=json.dumps(table))


def _asked_for(world: World) -> Counter[str]:
    """How often each file was."""
    return Counter(re.findall(r'"GET /(\S+) HTTP', world.kubectl("logs", SERVER)))


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """A model of images that were fetched, and of none in the folder."""
    operator = world.cluster.get("deployment", f"{RELEASE}-operator", "-n", NAMESPACE)
    image = operator["spec"]["template"]["spec"]["containers"][0]["image"]
    items = {"apiVersion": "v1", "kind": "List", "items": _server(image)}
    world.kubectl("apply", "-f", "-", stdin=json.dumps(items))
    world.kubectl("wait", "--for=condition=Ready", f"pod/{SERVER}", "--timeout=110s")
    stranger = f"http://{STRANGER}.{world.namespace}.svc/red-0.png,red"
    _write_table(world, [*_lines(world, range(EACH)), stranger, f"{METADATA},red"])
    urls = {
        "configMapRef": {"name": TABLE},
        "allowedHosts": [f"{SERVER}.{world.namespace}.svc"],
    }
    uri = f"s3://datasets/{world.namespace}/nothing-here"
    triggers = {"newImages": LATER * len(COLOURS), "quietSeconds": 5}
    world.train(NAME, uri, dataset={"urls": urls}, triggers=triggers)
    world.until_served(NAME, "1")
    return world


def test_a_model_learns_from_addresses_alone(served: World) -> None:
    dataset = served.status(NAME)["dataset"]
    assert dataset["classes"] == sorted(COLOURS)
    assert dataset["images"] == EACH * len(COLOURS)
    answer = served.predict(NAME, picture(COLOURS["blue"], 77)).json()
    assert answer["predictions"][0]["label"] == "blue"


def test_what_was_not_fetched_is_told_with_its_reason(served: World) -> None:
    dataset = served.status(NAME)["dataset"]
    assert dataset["rejected"] == {"could not be fetched": 2}
    (warning,) = (words for words in dataset["warnings"] if "could not be fetched" in words)
    assert "its host has a private address" in warning
    assert "its host has an address of a metadata service" in warning


def test_new_addresses_start_a_run_that_fetches_them_alone(served: World) -> None:
    before = _asked_for(served)
    assert set(before.values()) == {1}
    # The dataset is listed beside the look that finds the version.
    served.until(
        "none is new", lambda: served.status(NAME).get("triggers", {}).get("newImages") == 0
    )
    _write_table(served, _lines(served, range(EACH + LATER)))
    served.until("a second version", lambda: len(served.versions(NAME)) == 2)
    run = served.status(NAME)["training"]
    new = LATER * len(COLOURS)
    assert run["trigger"] == "NewImages"
    assert f"{new} new images, {new} of them at addresses, since" in run["triggerMessage"]
    after = _asked_for(served)
    assert len(after) == (EACH + LATER) * len(COLOURS)
    assert set(after.values()) == {1}
    dataset = served.until(
        "the second dataset version",
        lambda: (found := served.status(NAME)["dataset"])["images"] == len(after) and found,
    )
    assert dataset.get("rejected", {}) == {}
