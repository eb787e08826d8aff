"""From an answer of the real service to all that it rests on, in a pod as a person starts it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import yaml
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_local import places

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "traced"
TOKEN = "/var/run/secrets/dandelion/mlflow/token"
SAMPLE = places.REPOSITORY / "k8s" / "samples" / "trace.yaml"


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """A second version serves, which goes on from the first; the images sent to it are logged."""
    uri = world.upload("colours", colours())
    serving = {"logging": {"predictions": True, "images": True}}
    world.train(NAME, uri, training={"initialWeights": "champion"}, serving=serving)
    world.until_served(NAME, "1")
    world.upload("colours", {"red/new.png": picture(COLOURS["red"], 60)})
    world.retrain(NAME, "one more image")
    world.until_served(NAME, "2")
    return world


def logged(world: World, image: bytes) -> str:
    """The id of an answer whose row is in the log."""
    answer = world.predict(NAME, image)
    assert answer.status_code == 200, answer.text
    answer_id: str = answer.headers["Dandelion-Answer-Id"]
    folder = f"{world.namespace}/{NAME}/predictions/"

    def written() -> bool:
        for item in world.s3.list_objects("predictions", folder, recursive=True):
            with world.s3.get_object("predictions", str(item.object_name)) as stored:
                if answer_id.encode() in gzip.decompress(stored.read()):
                    return True
        return False

    world.restart(NAME)
    world.until("the answer is written to the log", written)
    return answer_id


def trace(world: World, job: str, *arguments: str) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the sample's Job succeeded, and the links that it told."""
    manifest = yaml.safe_load(SAMPLE.read_text())
    (training, *_) = world.owned("jobs", NAME)
    image = training["spec"]["template"]["spec"]["containers"][0]["image"]
    manifest["metadata"]["name"] = job
    pod = manifest["spec"]["template"]["spec"]
    pod["serviceAccountName"] = f"{NAME}-training"
    (container,) = pod["containers"]
    container |= {"image": image, "args": ["trace", *arguments, "--output", "json"]}
    told = {
        "DANDELION_NAMESPACE": world.namespace,
        "DANDELION_NAME": NAME,
        "DANDELION_LOG_URI": "s3://predictions",
        "DANDELION_S3_ENDPOINT": f"http://{RELEASE}-minio.{NAMESPACE}.svc:9000",
        "MLFLOW_TRACKING_URI": f"http://{RELEASE}-mlflow.{NAMESPACE}.svc:5000",
        "DANDELION_MLFLOW_TOKEN_FILE": TOKEN,
    }
    assert {variable["name"] for variable in container["env"]} == set(told)
    container["env"] = [{"name": name, "value": value} for name, value in told.items()]
    for volume in pod["volumes"]:
        if "secret" in volume:
            purpose = volume["secret"]["secretName"].removeprefix("lawn-")
            volume["secret"]["secretName"] = f"{NAME}-{purpose}"
    world.kubectl("create", "-f", "-", stdin=json.dumps(manifest))

    def ended() -> dict[str, Any] | None:
        status: dict[str, Any] = world.get("job", job)["status"]
        return status if status.get("succeeded") or status.get("failed") else None

    status = world.until(f"the Job {job} ends", ended)
    said = world.kubectl("logs", f"job/{job}")
    assert said.startswith("{"), said
    return bool(status.get("succeeded")), json.loads(said)["links"]


@pytest.fixture(scope="module")
def answer(served: World) -> str:
    return logged(served, picture(COLOURS["blue"], 71))


@pytest.fixture(scope="module")
def links(served: World, answer: str) -> list[dict[str, Any]]:
    """As they are before anything was changed."""
    whole, links = trace(served, "trace-whole", answer, "--images")
    assert whole, links
    return links


def test_every_link_of_an_answer_is_whole(links: list[dict[str, Any]]) -> None:
    states = {link["link"]: link["state"] for link in links}
    assert states == dict.fromkeys(
        (
            *("answer id", "row", "image", "version", "run", "contract", "origin", "file"),
            *("dataset", "ancestor", "images", "evaluation", "answers", "comparison"),
        ),
        "ok",
    ) | {"verdict": "told", "alias": "told"}
    told = {link["link"]: link.get("words", "") for link in links}
    assert (
        "first given to this version by the operator's gate; names version 2 now" in told["alias"]
    )
    assert told["verdict"].startswith("promoted")


def test_a_changed_image_and_a_changed_comparison_are_named(
    served: World, answer: str, links: list[dict[str, Any]]
) -> None:
    comparison = next(link["place"] for link in links if link["link"] == "comparison")
    bucket, _, key = comparison.removeprefix("s3://").partition("/")
    with served.s3.get_object(bucket, key) as stored:
        content = stored.read()
    served.upload_object(bucket, key, content.replace(b'"images":', b'"images": '))
    folder = served.upload("colours", {"red/new.png": picture(COLOURS["red"], 61)})
    whole, changed = trace(served, "trace-changed", answer, "--images")
    assert not whole
    named = {link["place"] for link in changed if link["state"] == "BROKEN"}
    assert named == {comparison, f"{folder}/red/new.png"}
    served.upload_object(bucket, key, content)
