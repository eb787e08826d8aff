"""One namespace on the real cluster, and the things a person does in it.

Every wait is bounded, and says on failure what was seen last: the conditions, the pods and their
logs, so that a red test can be understood from its output alone.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from dandelion_demo.install import NAMESPACE, RELEASE, diagnosis
from dandelion_demo.kube import Cluster
from minio import Minio
from PIL import Image, ImageDraw

BUCKET = "datasets"
#: Ends what hangs, in seconds: a healthy wait is done in a fraction of it, on a slow machine too.
LIMIT = 400
#: The shortest training that still learns: three plain colours at 32 pixels.
TINY = {"architecture": "resnet18", "epochs": 2, "imageSize": 32, "batchSize": 8}
COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


@dataclass(frozen=True)
class World:
    """A namespace of its own on the cluster, with clients for what stands behind it."""

    cluster: Cluster
    namespace: str
    s3: Minio
    mlflow: httpx.Client
    release: str = RELEASE
    system: str = NAMESPACE  # where the release is

    # -- data ---------------------------------------------------------------------------------

    def upload(self, prefix: str, files: Mapping[str, bytes]) -> str:
        """Puts files below a prefix of this namespace; returns its s3:// URI."""
        folder = f"{self.namespace}/{prefix}"
        for name, content in files.items():
            self.s3.put_object(BUCKET, f"{folder}/{name}", io.BytesIO(content), len(content))
        return f"s3://{BUCKET}/{folder}"

    def upload_object(self, bucket: str, name: str, content: bytes) -> None:
        """Puts one object at exactly that place."""
        self.s3.put_object(bucket, name, io.BytesIO(content), len(content))

    # -- the resource -------------------------------------------------------------------------

    def apply(self, name: str, spec: Mapping[str, Any], **annotations: str) -> None:
        """`kubectl apply` of a ModelDeployment."""
        manifest = {
            "apiVersion": "dandelion.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name, "annotations": annotations},
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def train(self, name: str, uri: str, **spec: Any) -> None:
        """Applies a ModelDeployment with the shortest training that still learns."""
        training = TINY | spec.pop("training", {})
        promotion = {"minimum": 0.0} | spec.pop("promotion", {})
        dataset = {"storageUri": uri} | spec.pop("dataset", {})
        self.apply(name, {"dataset": dataset, "training": training, "promotion": promotion, **spec})

    def retrain(self, name: str, value: str) -> None:
        """Asks for another training by the annotation."""
        self.kubectl("annotate", "mdep", name, "--overwrite", f"dandelion.dev/retrain={value}")

    def look(self, name: str) -> None:
        """Has the operator look at it now, as any change of a child does; at rest it looks once a
        minute."""
        selector = f"dandelion.dev/modeldeployment={name}"
        mark = f"example.org/looked={time.monotonic_ns()}"
        self.kubectl("annotate", "jobs", "-l", selector, "--overwrite", mark)

    def restart(self, name: str) -> None:
        """Every serving pod ends in the ordinary way, which writes what it still holds of the log,
        and others take over."""
        deployment = f"deployment/{name}-inference"
        self.kubectl("rollout", "restart", deployment)
        self.kubectl("rollout", "status", deployment, f"--timeout={LIMIT}s", timeout=LIMIT + 30)

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """kubectl in this namespace."""
        return self.cluster.run("-n", self.namespace, *arguments, stdin=stdin, timeout=timeout)

    def get(self, kind: str, name: str | None = None, selector: str | None = None) -> Any:
        """One object, or the list of items."""
        arguments = [kind, "-n", self.namespace]
        arguments += [name] if name else []
        arguments += ["-l", selector] if selector else []
        found = self.cluster.get(*arguments)
        return found if name else found["items"]

    def status(self, name: str) -> dict[str, Any]:
        """The resource's status, empty while the operator has not written one."""
        status: dict[str, Any] = self.get("mdep", name).get("status", {})
        return status

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        """One condition, empty while there is none."""
        for condition in self.status(name).get("conditions", []):
            if condition["type"] == kind:
                found: dict[str, Any] = condition
                return found
        return {}

    def owned(self, kind: str, name: str) -> list[Any]:
        """The objects of a kind that belong to a ModelDeployment."""
        found: list[Any] = self.get(kind, selector=f"dandelion.dev/modeldeployment={name}")
        return found

    # -- waiting ------------------------------------------------------------------------------

    def until(
        self, what: str, seen: Callable[[], Any], seconds: float = LIMIT, every: float = 0.5
    ) -> Any:
        """Polls until `seen()` is true and returns it; fails with everything there is to know."""
        deadline = time.monotonic() + seconds
        while True:
            value = seen()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not within {seconds:.0f} s: {what}; last seen {value!r}\n{self.report()}"
                )
            time.sleep(every)

    def until_condition(
        self, name: str, kind: str, status: str, reason: str | None = None, seconds: float = LIMIT
    ) -> dict[str, Any]:
        """Waits for a condition of the current generation."""

        def seen() -> dict[str, Any] | None:
            resource = self.get("mdep", name)
            generation = resource["metadata"]["generation"]
            for condition in resource.get("status", {}).get("conditions", []):
                if condition["type"] == kind and condition["status"] == status:
                    current = condition.get("observedGeneration") == generation
                    if current and reason in (None, condition["reason"]):
                        found: dict[str, Any] = condition
                        return found
            return None

        found: dict[str, Any] = self.until(f"{name} {kind}={status} {reason or ''}", seen, seconds)
        return found

    def until_served(self, name: str, version: str, seconds: float = LIMIT) -> None:
        """Waits until the resource says it is Ready and that version is the champion."""

        def seen() -> bool:
            status = self.status(name)
            conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
            champion = status.get("champion", {}).get("version")
            return conditions.get("Ready") == "True" and champion == version

        self.until(f"{name} serves version {version}", seen, seconds)

    def report(self) -> str:
        """Conditions, history, pods and their last words."""
        parts = []
        for resource in self.get("mdep"):
            status = resource.get("status", {})
            parts.append(f"ModelDeployment {resource['metadata']['name']}: {status.get('phase')}")
            parts += [
                f"  {c['type']}={c['status']} {c['reason']}: {c.get('message', '')}"
                for c in status.get("conditions", [])
            ]
            parts.append(f"  training {json.dumps(status.get('training'))}")
            parts += [f"  {json.dumps(receipt)}" for receipt in status.get("history", [])]
        parts.append(diagnosis(self.cluster, self.namespace))
        parts.append("--- the operator's last lines")
        parts.append(
            self.cluster.run(
                *("logs", "-n", self.system, f"deployment/{self.release}-operator", "--tail=40")
            )
        )
        return "\n".join(parts)

    # -- serving and registry -----------------------------------------------------------------

    def url(self, name: str) -> str:
        """The inference service's address."""
        return self.cluster.address(self.namespace, f"{name}-inference", 80)

    def metrics(self, name: str) -> str:
        """What one of its serving pods counts, on the port that is not the callers'."""
        selector = f"dandelion.dev/modeldeployment={name},app.kubernetes.io/component=inference"
        # One that is ending still has an address, where nobody may be any more.
        (pod, *_) = [
            pod
            for pod in self.get("pods", selector=selector)
            if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Running"
        ]
        address = pod["status"]["podIP"]
        return httpx.get(f"http://{address}:8081/metrics", timeout=30).text

    def predict(self, name: str, image: bytes) -> httpx.Response:
        """One image to /predict."""
        return httpx.post(f"{self.url(name)}/predict", content=image, timeout=30)

    def model(self, name: str) -> str:
        """The registered model's name."""
        return f"{self.namespace}.{name}"

    def versions(self, name: str) -> list[dict[str, Any]]:
        """The model's versions in MLflow, oldest first."""
        query = {"filter": f"name='{self.model(name)}'"}
        found = self.mlflow.get("/api/2.0/mlflow/model-versions/search", params=query)
        found.raise_for_status()
        versions: list[dict[str, Any]] = found.json().get("model_versions", [])
        return sorted(versions, key=lambda version: int(version["version"]))

    def aliases(self, name: str) -> dict[str, str]:
        """The model's aliases and the versions they name."""
        query = {"name": self.model(name)}
        found = self.mlflow.get("/api/2.0/mlflow/registered-models/get", params=query)
        if found.status_code == 404:
            return {}
        found.raise_for_status()
        aliases = found.json()["registered_model"].get("aliases", [])
        return {alias["alias"]: alias["version"] for alias in aliases}

    def move_alias(self, name: str, version: str, alias: str = "champion") -> None:
        """What a person does in MLflow's user interface to promote or roll back."""
        body = {"name": self.model(name), "alias": alias, "version": version}
        self.mlflow.post("/api/2.0/mlflow/registered-models/alias", json=body).raise_for_status()


def heard(send: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer of a model that asks who calls; once more, as it says, where a slow API server
    has not told it in time."""
    deadline = time.monotonic() + 60
    while True:
        answer = send()
        unheard = answer.status_code == 503 and answer.json()["code"] == "AuthUnavailable"
        if not unheard or time.monotonic() > deadline:
            return answer
        time.sleep(1)


def create_namespace(cluster: Cluster, name: str) -> None:
    """Pods can be made in it: they need an account that a controller adds after the namespace."""
    cluster.run("create", "namespace", name)
    cluster.run("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=110s")


def picture(colour: tuple[int, int, int], variant: int, side: int = 40) -> bytes:
    """A PNG in one colour with a shape that makes every variant a different picture."""
    shade = tuple(max(0, min(255, channel + (variant * 7) % 40 - 20)) for channel in colour)
    image = Image.new("RGB", (side, side), shade)
    draw = ImageDraw.Draw(image)
    left, top = (variant * 5) % (side - 16), (variant * 11) % (side - 16)
    corner = (left + 6 + variant % 9, top + 6 + (variant * 3) % 9)
    draw.ellipse((left, top, *corner), fill=(255, 255, 255))
    draw.line((0, (variant * 13) % side, side, (variant * 17) % side), fill=(0, 0, 0), width=2)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def colours(each: int = 14) -> dict[str, bytes]:
    """A dataset of three classes that two epochs suffice for."""
    return {
        f"{label}/{variant:03}.png": picture(colour, variant)
        for label, colour in COLOURS.items()
        for variant in range(each)
    }
