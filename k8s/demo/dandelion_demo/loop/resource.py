"""The ModelDeployment of the story and what stands around it: namespace, bucket, operator."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dandelion_local.commands import SetupError
from dandelion_local.progress import Step
from minio import Minio
from minio.deleteobjects import DeleteObject

from dandelion_demo.data import LabelledImage
from dandelion_demo.install import NAMESPACE, diagnosis
from dandelion_demo.kube import Cluster
from dandelion_demo.run import BUCKET

NAME = "digits"
OPERATOR = "deployment/dandelion-operator"
OPERATOR_PODS = "app.kubernetes.io/component=operator"
PATIENCE_SECONDS = 300.0
# What the gate says of a version.
VERDICTS = frozenset({"Promoted", "Rejected", "Undecided"})


@dataclass(frozen=True)
class Resource:
    """One ModelDeployment, and the clients that a person has who looks after it."""

    cluster: Cluster
    store: Minio
    namespace: str

    @property
    def folder(self) -> str:
        """Where its images lie in the bucket."""
        return f"{self.namespace}/{NAME}"

    def upload(self, images: Iterable[LabelledImage]) -> None:
        for image in images:
            content = io.BytesIO(image.content)
            self.store.put_object(BUCKET, f"{self.folder}/{image.key}", content, len(image.content))

    def remove(self, images: Iterable[LabelledImage]) -> None:
        """Raises SetupError where one stays."""
        keys = [DeleteObject(f"{self.folder}/{image.key}") for image in images]
        if refused := list(self.store.remove_objects(BUCKET, keys)):
            raise SetupError(f"{len(refused)} objects stay in {BUCKET}: {refused[0]}")

    def apply(self, spec: dict[str, Any]) -> None:
        manifest = {
            "apiVersion": "dandelion.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": NAME},
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def patch(self, spec: dict[str, Any]) -> None:
        self.kubectl("patch", "mdep", NAME, "--type=merge", "-p", json.dumps({"spec": spec}))

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        return self.cluster.run("-n", self.namespace, *arguments, stdin=stdin, timeout=timeout)

    @property
    def status(self) -> dict[str, Any]:
        """Empty while the operator has not written one."""
        found: dict[str, Any] = self.cluster.get("mdep", NAME, "-n", self.namespace).get(
            "status", {}
        )
        return found

    def condition(self, kind: str) -> dict[str, Any]:
        """Empty while there is none."""
        found = (each for each in self.status.get("conditions", []) if each["type"] == kind)
        return next(found, {})

    def url(self) -> Any:
        """The address of its inference service, while the block runs."""
        return self.cluster.reach(self.namespace, f"{NAME}-inference", 80)

    def until(self, what: str, seen: Callable[[], Any], patience: float = PATIENCE_SECONDS) -> Any:
        """What `seen` returns once that is true, told as a step with how far training is.

        Raises:
            SetupError: it was not true in time; holds the conditions and the pods' last words.
        """
        deadline = time.monotonic() + patience
        with Step(what) as step:
            while not (found := seen()):
                if time.monotonic() > deadline:
                    raise SetupError(f"not within {patience:.0f} s: {what}\n{self._report()}")
                step.figure = str(self.status.get("phase", ""))
                time.sleep(1)
            step.figure = ""
        return found

    def served(self, version: str) -> bool:
        """Whether that version answers, and is what everything asks for."""
        champion = self.status.get("champion", {}).get("version")
        return champion == version and self.condition("Ready").get("status") == "True"

    @property
    def settled(self) -> bool:
        """Whether every replica answers with the version that was decided on last.

        The status that tells of a promotion first may still tell of the version before as what
        is rolled out: it is what was seen when the decision was made.
        """
        champion, rolled_out = self.status.get("champion", {}), self.condition("RolledOut")
        everywhere = champion.get("servedReplicas", 0) == self.status.get("replicas")
        done = everywhere and rolled_out.get("status") == "True"
        return done and f"version {self._promoted()}" in rolled_out["message"]

    def _promoted(self) -> str:
        history = self.status["history"]
        version: str = next(item["version"] for item in history if item["decision"] == "Promoted")
        return version

    def judged(self, version: str) -> dict[str, Any] | None:
        """The receipt of the gate's decision on that version, once there is one."""
        for receipt in self.status.get("history", []):
            if receipt.get("version") == version and receipt["decision"] in VERDICTS:
                found: dict[str, Any] = receipt
                return found
        return None

    def started(self) -> list[dict[str, Any]]:
        """The receipts of its runs, the newest first."""
        history = self.status.get("history", [])
        return [receipt for receipt in history if receipt["decision"] == "TrainingStarted"]

    @contextmanager
    def without_operator(self) -> Iterator[None]:
        """Its pod is gone when the block begins, and back when it ends."""
        self._scale(0)
        try:
            yield
        finally:
            self._scale(1)

    def _scale(self, replicas: int) -> None:
        run = self.cluster.run
        run("-n", NAMESPACE, "scale", OPERATOR, f"--replicas={replicas}")
        if replicas:
            run("-n", NAMESPACE, "rollout", "status", OPERATOR, "--timeout=120s", timeout=140)
        else:
            gone = ("wait", "--for=delete", "pod", "-l", OPERATOR_PODS, "--timeout=60s")
            run("-n", NAMESPACE, *gone)

    def _report(self) -> str:
        conditions = [
            f"{each['type']}={each['status']} {each['reason']}: {each.get('message', '')}"
            for each in self.status.get("conditions", [])
        ]
        selector = f"dandelion.dev/modeldeployment={NAME}"
        return "\n".join([*conditions, diagnosis(self.cluster, self.namespace, selector)])
