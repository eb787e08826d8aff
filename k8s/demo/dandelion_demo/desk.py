"""The review of answers: the sample's Job, and somebody in it who knows what the images show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from dandelion_local import places

SAMPLE = places.REPOSITORY / "k8s" / "samples" / "review.yaml"
QUEUE = "/work/queue"
REVIEW = ("python", "-m", "dandelion_training", "review")
EXPORTED = re.compile(r"^([\d,]+) images? in ")


class Kubectl(Protocol):
    """kubectl in the namespace of the ModelDeployment; raises SetupError."""

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str: ...


class Desk:
    """The Job of k8s/samples/review.yaml for the ModelDeployment `name`, with the image and the
    endpoint of its own training."""

    def __init__(self, kubectl: Kubectl, name: str) -> None:
        self._kubectl = kubectl
        self._name = name
        self._job = f"job/{name}-review"

    def open(self) -> None:
        """Returns once it is ready."""
        self._kubectl("apply", "-f", "-", stdin=json.dumps(self._manifest()))
        ready = "--for=jsonpath={.status.ready}=1"
        self._kubectl("wait", ready, self._job, "--timeout=120s", timeout=140)

    def run(self, *command: str) -> str:
        """What a command prints in the Job."""
        return self._kubectl("exec", self._job, "--", *command)

    def review(self, *arguments: str) -> str:
        """What `review …` prints."""
        return self.run(*REVIEW, *arguments)

    def export(self, limit: int = 1000) -> list[str]:
        """The digests of the images that are handed out, as a folder."""
        self.run("rm", "-rf", QUEUE)
        if EXPORTED.match(self.review("export", QUEUE, "--limit", str(limit))) is None:
            return []
        return [_digest(path) for path in self._files()]

    def decide(self, shows: Mapping[str, str], by: str) -> str:
        """Moves each image into the folder of what it shows, `_reject` too, takes away what is not
        known, and keeps that; what `review import` prints."""
        moves = [_move(path, shows.get(_digest(path))) for path in self._files()]
        self.run("sh", "-c", "\n".join(["set -e", *filter(None, moves)]))
        return self.review("import", QUEUE, "--by", by)

    def _files(self) -> list[str]:
        return self.run("find", QUEUE, "-name", "*.png").split()

    def _manifest(self) -> dict[str, Any]:
        selector = f"dandelion.dev/modeldeployment={self._name}"
        jobs = json.loads(self._kubectl("get", "jobs", "-l", selector, "-o", "json"))["items"]
        training = jobs[0]["spec"]["template"]["spec"]["containers"][0]
        told = {item["name"]: item.get("value") for item in training["env"]}
        sample = SAMPLE.read_text().replace("lawn", self._name)
        read = ("create", "--dry-run=client", "-o", "json", "-f", "-")
        job: dict[str, Any] = json.loads(self._kubectl(*read, stdin=sample))
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container |= {key: training[key] for key in ("image", "imagePullPolicy")}
        for item in container["env"]:
            if item["name"] == "DANDELION_S3_ENDPOINT":
                item["value"] = told["DANDELION_S3_ENDPOINT"]
        return job


def _digest(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".png")


def _move(path: str, folder: str | None) -> str:
    if folder is None:
        return f"rm {path}"
    return "" if path.startswith(f"{QUEUE}/{folder}/") else f"mv {path} {QUEUE}/{folder}/"
