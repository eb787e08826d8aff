"""From the first chart to this one, back, and forward again, while requests are answered.

FIRST is the last commit of the first line of work, before branches were merged: the first whose
chart, operator and images are all there, and whose `make demo` trains, promotes and serves. No
release was published from it, so its images are built here, from its own Dockerfiles.

What serves goes on serving in its own image: an upgrade replaces no pod. Two things do not hold.
A pod of this release refuses models of the first one, whose pictures were read differently, until
they are trained again. And such a model cannot be compared with a newly trained version, so a
person gives that one the alias.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE, diagnosis, install, object_store
from dandelion_demo.kube import Cluster
from dandelion_demo.target import image_settings
from dandelion_local.commands import SetupError

from tests.e2e.let_in import THIS_MACHINE, let_in
from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture
from tests.long import former

pytestmark = pytest.mark.timeout(3600)  # four images are built, on a new machine from nothing

FIRST = "1ac2d23"
FIRST_RELEASE = "dandelion-first"
NAME = "kept"
IMAGE = picture(COLOURS["blue"], 33)
CONDITIONS = ("Accepted", "Trained", "Promoted", "RolledOut", "Ready")
#: What holds keys, data, or the way to the model.
LASTING = "secrets,persistentvolumeclaims,services,deployments,modeldeployments"


def helm(cluster: Cluster, namespace: str, *arguments: str) -> None:
    """Waits until what the release brings is ready; SetupError with its pods' last words."""
    options = ("-n", namespace, "--wait", "--timeout", "8m", "--force-conflicts")
    try:
        cluster.install(*arguments, *options)
    except SetupError as problem:
        raise SetupError(f"{problem}\n{diagnosis(cluster, namespace)}") from None


def install_chart(cluster: Cluster, namespace: str, chart: Path, *settings: str) -> None:
    """One release in a namespace of its own, which changes its chart."""
    own = (*settings, f"operator.watchNamespaces={{{namespace}}}")
    helm(
        *(cluster, namespace, "upgrade", "--install", FIRST_RELEASE, str(chart)),
        # The CRD and its policy are the cluster's: the release that was there first has them.
        "--take-ownership",
        *(part for setting in own for part in ("--set", setting)),
    )


def upgrade(world: World) -> None:
    install_chart(world.cluster, world.system, CHART, *image_settings())


def go_back(world: World) -> None:
    helm(world.cluster, world.system, "rollback", FIRST_RELEASE, "1")


def operator_image(world: World) -> str:
    deployment = world.get("deployment", f"{FIRST_RELEASE}-operator")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def is_led_by_its_operator(world: World) -> bool:
    """Whether the one operator that the chart brought does the work."""
    component = f"app.kubernetes.io/instance={FIRST_RELEASE},app.kubernetes.io/component=operator"
    names = [pod["metadata"]["name"] for pod in world.get("pods", selector=component)]
    holder = world.get("lease", f"{FIRST_RELEASE}-operator")["spec"].get("holderIdentity", "")
    return len(names) == 1 and names[0] in holder


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    """Under Pod Security `restricted`; the cluster's own release rests meanwhile."""
    name = f"first-chart-{uuid.uuid4().hex[:5]}"
    operator = ("-n", NAMESPACE, "scale", f"deployment/{RELEASE}-operator")
    cluster.run("create", "namespace", name)
    cluster.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    cluster.run(*operator, "--replicas=0")
    yield name
    cluster.install("uninstall", FIRST_RELEASE, "-n", name, "--ignore-not-found")
    cluster.run("delete", "namespace", name, "--wait=false")
    cluster.run(*operator, "--replicas=1")
    install(cluster, *image_settings())  # this chart's CRD again


@pytest.fixture(scope="module")
def world(cluster: Cluster, namespace: str) -> Iterator[World]:
    """The first chart, with one model that serves from two pods."""
    with former.tree(FIRST) as files:
        settings = former.image_settings(files, FIRST)
        install_chart(cluster, namespace, files / "charts" / "dandelion", *settings)
    with (
        let_in(cluster, namespace, THIS_MACHINE, {"app.kubernetes.io/instance": FIRST_RELEASE}),
        object_store(cluster, namespace, FIRST_RELEASE) as s3,
        cluster.reach(namespace, f"{FIRST_RELEASE}-mlflow", 5000) as url,
        httpx.Client(base_url=url, timeout=30) as mlflow,
    ):
        found = World(cluster, namespace, s3, mlflow, FIRST_RELEASE, namespace)
        found.train(NAME, found.upload("colours", colours()), serving={"replicas": 2})
        found.until_served(NAME, "1", seconds=600)
        yield found


def lasting(world: World) -> dict[tuple[str, str], str]:
    """The UIDs of what must not be lost, without what Helm keeps for itself."""
    return {
        (item["kind"], item["metadata"]["name"]): item["metadata"]["uid"]
        for item in world.get(LASTING)
        if not item["metadata"]["name"].startswith("sh.helm.")
    }


def keys(world: World) -> dict[str, Any]:
    """Those of the installation; what lies beside a model may have come to be keys that end."""
    return {
        item["metadata"]["name"]: item["data"]
        for item in world.get("secrets")
        if not item["metadata"]["name"].startswith(("sh.helm.", f"{NAME}-"))
    }


def serving(world: World) -> dict[str, int]:
    """The UIDs of the serving pods, and how often their containers were started again."""
    selector = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference"
    return {
        pod["metadata"]["uid"]: sum(
            status["restartCount"] for status in pod["status"]["containerStatuses"]
        )
        for pod in world.get("pods", selector=selector)
    }


def runs(world: World) -> set[str]:
    return {job["metadata"]["name"] for job in world.owned("jobs", NAME)}


def sources(world: World) -> dict[str, str]:
    return {item["version"]: item["source"] for item in world.versions(NAME)}


def changes_nothing(world: World, step: Callable[[World], None]) -> None:
    """A step of the release, under load, and what has to be as it was before."""
    before = lasting(world), keys(world), serving(world), runs(world), sources(world)
    aliases, image = world.aliases(NAME), operator_image(world)
    run = world.status(NAME)["training"]["run"]
    with SteadyLoad(world.url(NAME), IMAGE, rate=10, limit=600) as load:
        step(world)
        assert operator_image(world) != image
        world.until("the other operator leads", lambda: is_led_by_its_operator(world))
        time.sleep(15)  # some looks of it
        for kind in CONDITIONS:
            world.until_condition(NAME, kind, "True")
    assert load.failures == []
    assert load.versions_since(0) == {aliases["champion"]}
    objects, secrets, pods, jobs, versions = before
    assert objects.items() <= lasting(world).items()
    assert secrets.items() <= keys(world).items()
    assert serving(world) == pods
    assert set(pods.values()) == {0}
    assert len(pods) == 2
    assert runs(world) == jobs
    assert (sources(world), world.aliases(NAME)) == (versions, aliases)
    assert world.status(NAME)["training"]["run"] == run
    assert world.status(NAME)["training"]["state"] == "Succeeded"


def test_an_upgrade_of_the_first_chart_loses_nothing_and_restarts_nothing(
    world: World,
) -> None:
    changes_nothing(world, upgrade)


def test_nor_does_the_way_back(world: World) -> None:
    changes_nothing(world, go_back)


def test_nor_does_going_forward_again(world: World) -> None:
    changes_nothing(world, upgrade)


def test_a_version_trained_now_takes_over_by_the_alias(world: World) -> None:
    before = serving(world)
    with SteadyLoad(world.url(NAME), IMAGE, rate=10, limit=600) as load:
        world.retrain(NAME, "after the upgrade")
        world.until_condition(NAME, "Trained", "True", seconds=400)
        world.until_condition(NAME, "Promoted", "Unknown", "EvaluationFailed", seconds=400)
        assert serving(world) == before
        world.move_alias(NAME, "2")
        world.until_served(NAME, "2")
        time.sleep(5)
    assert load.failures == []
    assert world.predict(NAME, IMAGE).json()["model"]["version"] == "2"


def test_the_way_back_keeps_what_was_trained_and_served_meanwhile(world: World) -> None:
    changes_nothing(world, go_back)


def test_a_clone_without_the_history_is_told_how_to_get_it() -> None:
    with pytest.raises(SetupError, match="git fetch --unshallow"), former.tree("0" * 40):
        pass
