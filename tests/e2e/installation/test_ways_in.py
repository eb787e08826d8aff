"""From outside on a real cluster: a gateway ends TLS before the console and a model, which the
operator gives an HTTPRoute and an Ingress.

The gateway runs on this machine, as one outside the cluster does; pods let in nobody else. MLflow
is left out, since it would start anew twice, for all of these tests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE, install
from dandelion_demo.kube import Cluster
from dandelion_demo.people import let_in
from dandelion_demo.target import image_settings
from dandelion_local import places
from dandelion_local.node.components import AUDIT_LOG

from tests.api.rights.measured import granted, used, written
from tests.chart import kubernetes_schemas
from tests.e2e.let_in import THIS_MACHINE
from tests.e2e.world import COLOURS, World, colours, picture
from tests.gateway import contour
from tests.gateway.contour import Gateway
from tests.gateway.models import INGRESS, ROUTE
from tests.gateway.values import CONSOLE, WAYS_IN

NAME = "reached"
WRITTEN_SECONDS = 5
GUARDED = {"auth": "ClusterTokens"}
VALUES: Mapping[str, Any] = {
    "console.route": WAYS_IN["console"]["route"],
    "serving.route": {
        "enabled": True,
        **ROUTE.model_dump(mode="json", by_alias=True, include={"parent_refs", "hostnames"}),
    },
    "serving.ingress": {
        "enabled": True,
        **INGRESS.model_dump(
            mode="json", by_alias=True, include={"class_name", "hostnames", "tls"}
        ),
    },
    "networkPolicy.serving.from": [THIS_MACHINE],
    "networkPolicy.console.from": [THIS_MACHINE],
}


@dataclass(frozen=True)
class Reached:
    """A served model, and who may ask it."""

    world: World
    gateway: Gateway
    token: str

    def url(self, top: str) -> str:
        return f"https://{NAME}.{self.world.namespace}.models.example.{top}"

    def told(self) -> str:
        return str(self.world.status(NAME).get("externalUrl", ""))

    def until_told(self, url: str) -> None:
        self.world.until(f"externalUrl is {url or 'gone'}", lambda: self.told() == url)

    def ask(self, url: str, token: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with self.gateway.client(url, **headers) as caller:
            return caller.post("/predict", content=picture(COLOURS["red"], 3))


@pytest.fixture(scope="module")
def gateway(
    cluster: Cluster, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """The installation with ways in, which others of these tests have not."""
    assert cluster.kubeconfig is not None, "only pods of the local node are reached from here"
    below = f"*.{world.namespace}.models.example"
    names = ["*.example.com", f"{below}.com", f"{below}.org"]
    folder: Path = tmp_path_factory.mktemp("gateway")
    try:
        with contour.running(cluster.run, cluster.kubeconfig, folder, names) as gateway:
            told = (f"{path}={json.dumps(value)}" for path, value in VALUES.items())
            cluster.install(
                *("upgrade", RELEASE, str(CHART), "--namespace", NAMESPACE, "--reuse-values"),
                *("--wait", "--timeout", "4m", "--force-conflicts"),
                *(part for setting in told for part in ("--set-json", setting)),
            )
            admit(cluster, NAMESPACE)
            yield gateway
    finally:
        install(cluster, *image_settings(), "operator.namespaces=Labelled")
        gone = "--ignore-not-found"
        ((label, _),) = contour.ADMITTED.items()
        cluster.run("label", "namespace", NAMESPACE, f"{label}-")
        cluster.run("delete", "namespace", contour.NAMESPACE, "--wait=false", gone)
        crds = [*kubernetes_schemas.gateway_crds(), *kubernetes_schemas.contour_crds()]
        cluster.run("delete", "crd", gone, *(crd["metadata"]["name"] for crd in crds), timeout=400)


def admit(cluster: Cluster, namespace: str) -> None:
    ((label, value),) = contour.ADMITTED.items()
    cluster.run("label", "namespace", namespace, f"{label}={value}", "--overwrite")


@pytest.fixture(scope="module")
def reached(world: World, gateway: Gateway) -> Reached:
    """In a namespace whose routes the Gateway does not take yet."""
    certificate = json.dumps(contour.certificate(world.namespace, gateway))
    world.kubectl("apply", "-f", "-", stdin=certificate)
    world.train(NAME, world.upload("colours", colours()), serving=GUARDED)
    let_in(world.cluster, world.namespace)
    world.until_served(NAME, "1")
    token = world.kubectl("create", "token", "console-user", "--audience=dandelion.dev").strip()
    return Reached(world, gateway, token)


def test_an_address_is_told_where_it_answers_and_why_not_where_it_does_not(
    reached: Reached,
) -> None:
    world, gateway = reached.world, reached.gateway
    reached.until_told(reached.url("org"))
    words = f"Gateway {contour.NAMESPACE}/{contour.NAME} does not take it: NotAllowedByListeners"
    world.until(words, lambda: words in world.condition(NAME, "RolledOut")["message"])
    assert world.condition(NAME, "RolledOut")["status"] == "True"
    with gateway.client(reached.url("com")) as caller, pytest.raises(httpx.ConnectError):
        caller.get("/")
    admit(world.cluster, world.namespace)
    reached.until_told(reached.url("com"))
    assert "outside" not in world.condition(NAME, "RolledOut")["message"]


@pytest.mark.parametrize("top", ["com", "org"], ids=["by the route", "by the Ingress"])
def test_an_image_is_answered_from_outside(reached: Reached, top: str) -> None:
    """Pods let in the gateway's machine alone, and the gateway asks nobody who calls."""
    reached.gateway.await_answer(reached.url(top))
    answer = reached.ask(reached.url(top), reached.token)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["label"] in COLOURS
    assert reached.ask(reached.url(top), None).status_code == 401


def test_people_log_in_to_the_console_from_outside(reached: Reached) -> None:
    url = f"https://{CONSOLE}"
    reached.gateway.await_answer(url)
    with reached.gateway.client(url, Origin=url) as browser:
        token = reached.world.kubectl("create", "token", "console-user").strip()
        assert browser.post("/login", data={"token": token}).status_code == 303
        page = browser.get("/", params={"namespace": reached.world.namespace})
        assert "1 model: 1 ready" in page.text


def test_a_model_that_asks_nobody_is_reached_from_outside_no_more(reached: Reached) -> None:
    world = reached.world
    world.train(NAME, f"s3://datasets/{world.namespace}/colours", serving={"auth": "None"})
    reached.until_told("")
    for kind in ("httproute", "ingress"):
        world.until(f"no {kind}", partial(is_gone, world, kind))


def is_gone(world: World, kind: str) -> bool:
    return world.owned(kind, NAME) == []


def test_of_the_rights_to_do_so_none_is_to_spare(reached: Reached) -> None:
    cluster, account = reached.world.cluster, f"{RELEASE}-operator"
    time.sleep(WRITTEN_SECONDS)
    log = written(Path(places.logs()) / AUDIT_LOG)
    about = ("networking.k8s.io/ingresses", "gateway.networking.k8s.io/httproutes")
    given = {right for right in granted(cluster.get, NAMESPACE, account) if right.resource in about}
    assert len(given) == 10
    assert given - used(log, NAMESPACE, account) == set()
