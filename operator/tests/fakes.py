"""A whole small world in dictionaries: an API server, MLflow and S3, behind the real clients.

The Kubernetes and the MLflow side are HTTP transports, so `cluster` and `registry` are exercised as
they are. `World.tick` plays the controllers, the kubelet and the training Job. A world can be told
to kill the operator at its n-th write, before or after the write took effect.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
from dandelion_operator import naming
from dandelion_operator.cluster import Cluster
from dandelion_operator.fence import Fence
from dandelion_operator.location import Target
from dandelion_operator.observe import World as Outside
from dandelion_operator.observed import Answer, ContractSeen, DatasetSeen, Failure, Progress
from dandelion_operator.probe import Probe
from dandelion_operator.reasons import Reason
from dandelion_operator.reconcile import Reconciler
from dandelion_operator.registry import Registry
from dandelion_operator.resource import Key
from dandelion_operator.settings import Settings
from dandelion_operator.storage import Access, Storage

KEY = Key("default", "lawn")
MODEL = "default.lawn"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The operator's process ends right here."""


@dataclass
class Killer:
    at: int | None = None
    after_effect: bool = True
    writes: int = 0

    def write(self, effect: Callable[[], httpx.Response]) -> httpx.Response:
        self.writes += 1
        if self.writes != self.at:
            return effect()
        if self.after_effect:
            effect()
        raise Killed


@dataclass
class FakeCluster:
    killer: Killer
    clock: Callable[[], str]
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def kind(self, plural: str) -> list[dict[str, Any]]:
        return [item for (found, _, _), item in self.objects.items() if found == plural]

    def one(self, plural: str, name: str) -> dict[str, Any]:
        return self.objects[plural, KEY.namespace, name]

    def handle(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/")
        start = parts.index("namespaces")
        namespace, plural, *rest = parts[start + 1 :]
        body = json.loads(request.content) if request.content else {}
        if request.method == "GET":
            return self._read(plural, namespace, rest, request)
        if plural in self.refuse:
            return _no(403, self.refuse[plural])
        return self.killer.write(
            lambda: self._write(request, plural, namespace, rest, copy.deepcopy(body))
        )

    def _read(
        self, plural: str, namespace: str, rest: list[str], request: httpx.Request
    ) -> httpx.Response:
        if rest:
            found = self.objects.get((plural, namespace, rest[0]))
            return httpx.Response(200, json=found) if found else _no(404, "not found")
        wanted = request.url.params.get("labelSelector", "")
        pairs = dict(item.split("=") for item in wanted.split(",") if item)
        items = [
            item
            for item in self.kind(plural)
            if pairs.items() <= (item["metadata"].get("labels") or {}).items()
        ]
        return httpx.Response(200, json={"items": items})

    def _write(
        self,
        request: httpx.Request,
        plural: str,
        namespace: str,
        rest: list[str],
        body: dict[str, Any],
    ) -> httpx.Response:
        if request.method == "POST":
            return self._create(plural, namespace, body)
        where = (plural, namespace, rest[0])
        there = self.objects.get(where)
        if request.method == "DELETE":
            self.objects.pop(where, None)
            return httpx.Response(200, json={})
        if there is None:
            if "apply-patch" not in request.headers["Content-Type"]:
                return _no(404, "not found")
            return self._create(plural, namespace, body)
        if request.method == "PUT":
            if body["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
                return _no(409, "the object has been modified")
            if rest[1:] == ["status"]:
                there["status"] = body["status"]
            else:
                there["spec"] = body["spec"]
            return self._changed(there)
        before = copy.deepcopy(there.get("spec"))
        _merge(there, body)
        if there.get("spec") != before:
            there["metadata"]["generation"] += 1
        return self._changed(there)

    def _create(self, plural: str, namespace: str, body: dict[str, Any]) -> httpx.Response:
        where = (plural, namespace, body["metadata"]["name"])
        if where in self.objects:
            return _no(409, "already exists")
        self.made += 1
        body["metadata"] |= {
            "uid": f"uid-{self.made}",
            "generation": 1,
            "creationTimestamp": self.clock(),
            "resourceVersion": "0",
        }
        if plural == "services":
            body["spec"]["clusterIP"] = "10.0.0.1"
        self.objects[where] = body
        return self._changed(body)

    def _changed(self, item: dict[str, Any]) -> httpx.Response:
        item["metadata"]["resourceVersion"] = str(int(item["metadata"]["resourceVersion"]) + 1)
        return httpx.Response(200, json=item)

    def put(self, plural: str, body: dict[str, Any]) -> dict[str, Any]:
        """What somebody else than the operator does."""
        body = copy.deepcopy(body)
        self._create(plural, body["metadata"].setdefault("namespace", KEY.namespace), body)
        return body


def _no(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"kind": "Status", "message": message})


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


@dataclass
class FakeMlflow:
    killer: Killer
    away: bool = False
    aliases: dict[str, str] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add_version(self, **tags: str) -> int:
        number = max(self.versions, default=0) + 1
        run = tags["run"]
        self.versions[number] = {
            "version": str(number),
            "source": f"s3://models/default/lawn/{run}/artifact",
            "run_id": f"mlflow-{run}",
            "tags": {f"dandelion.dev/{key}": value for key, value in tags.items()},
        }
        return number

    def verdict(self, number: int) -> str:
        tags: dict[str, str] = self.versions[number]["tags"]
        return tags.get("dandelion.dev/verdict", "")

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        path = request.url.path.removeprefix("/api/2.0/mlflow")
        if request.method == "GET":
            query = {k: v[0] for k, v in parse_qs(urlsplit(str(request.url)).query).items()}
            return self._read(path, query)
        body = json.loads(request.content)
        return self.killer.write(lambda: self._write(request.method, path, body))

    def _read(self, path: str, query: dict[str, str]) -> httpx.Response:
        if path == "/registered-models/get":
            if not self.versions:
                return self._missing()
            aliases = [{"alias": k, "version": v} for k, v in self.aliases.items()]
            return httpx.Response(200, json={"registered_model": {"aliases": aliases}})
        if path == "/model-versions/search":
            assert query["filter"] == f"name='{MODEL}'"
            return httpx.Response(
                200, json={"model_versions": [self._one(n) for n in sorted(self.versions)]}
            )
        if path == "/model-versions/get":
            number = int(query["version"])
            if number not in self.versions:
                return self._missing()
            return httpx.Response(200, json={"model_version": self._one(number)})
        raise AssertionError(path)

    def _one(self, number: int) -> dict[str, Any]:
        version = self.versions[number]
        tags = [{"key": k, "value": v} for k, v in version["tags"].items()]
        return version | {"tags": tags}

    def _write(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        if path == "/registered-models/alias" and method == "POST":
            self.aliases[body["alias"]] = body["version"]
        elif path == "/registered-models/alias":
            self.aliases.pop(body["alias"], None)
        elif path == "/model-versions/set-tag":
            self.versions[int(body["version"])]["tags"][body["key"]] = body["value"]
        else:
            raise AssertionError(path)
        return httpx.Response(200, json={})

    def _missing(self) -> httpx.Response:
        return httpx.Response(
            404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}
        )


@dataclass
class FakeStorage:
    fingerprint: str = "images-1"
    obstacle: Failure | None = None
    contracts: dict[str, ContractSeen | Failure] = field(default_factory=dict)
    progresses: dict[str, Progress] = field(default_factory=dict)

    async def dataset(self, access: Access, uri: str, whole: bool) -> DatasetSeen | Failure:
        return self.obstacle or DatasetSeen(self.fingerprint if whole else "", 40)

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        missing = Failure(Reason.ARTIFACT_REJECTED, f"{target.artifact_uri} does not exist")
        return self.contracts.get(target.artifact_uri, missing)

    async def progress(self, access: Access, key: Key, run: str) -> Progress:
        return self.progresses.get(run, Progress(run=run))


@dataclass
class FakeProbe:
    world: World

    async def service(self, address: str, port: int = 80) -> Answer:
        ready = [pod for pod in self.world.inference_pods() if _is_ready(pod)]
        if not ready:
            return Answer(None, "connection refused")
        return Answer(int(ready[0]["metadata"]["labels"][naming.VERSION_LABEL]))

    async def pod(self, address: str, port: int = 8080) -> tuple[str, str] | None:
        return self.world.pod_trouble.get(address.rpartition(".")[2])


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(
        item["type"] == "Ready" and item["status"] == "True" for item in pod["status"]["conditions"]
    )


class World:
    def __init__(self, folder: Path, kill_at: int | None = None, after_effect: bool = True) -> None:
        self.killer = Killer(kill_at, after_effect)
        self.time = START
        self.cluster = FakeCluster(self.killer, self.now_text)
        self.mlflow = FakeMlflow(self.killer)
        self.storage = FakeStorage()
        self.probe = FakeProbe(self)
        self.accuracy = 0.9
        self.train_fails: tuple[str, str] | None = None
        self.standing: set[str] = set()
        self.pod_trouble: dict[str, tuple[str, str]] = {}
        for purpose in ("training", "inference"):
            (folder / purpose).mkdir(parents=True, exist_ok=True)
            (folder / purpose / "AWS_ACCESS_KEY_ID").write_text(purpose)
            (folder / purpose / "AWS_SECRET_ACCESS_KEY").write_text(f"{purpose}-secret")
        self.settings = Settings(
            training_image="training:1",
            inference_image="inference:1",
            mlflow_tracking_uri="http://mlflow",
            s3_endpoint="http://s3",
            training_credentials_dir=folder / "training",
            inference_credentials_dir=folder / "inference",
        )
        self.restart()

    def restart(self) -> None:
        """A new operator process: everything that was only in memory is gone."""
        fence = Fence()
        fence.open_until(float("inf"))
        http = httpx.AsyncClient(
            base_url="http://k8s", transport=httpx.MockTransport(self.cluster.handle), verify=False
        )
        registry = httpx.AsyncClient(
            base_url="http://mlflow",
            transport=httpx.MockTransport(self.mlflow.handle),
            verify=False,
        )
        outside = Outside(
            Cluster(http, fence),
            Registry(registry, fence),
            cast(Storage, self.storage),
            cast(Probe, self.probe),
            self.settings,
        )
        self.reconciler = Reconciler(outside, lambda: self.time)

    def again(self, kill_at: int | None, after_effect: bool) -> None:
        """From here on, with a fresh operator process that is to die at its n-th write."""
        self.killer.at, self.killer.after_effect, self.killer.writes = kill_at, after_effect, 0
        self.restart()

    def stored(self) -> dict[str, Any]:
        return copy.deepcopy(
            {
                "objects": self.cluster.objects,
                "made": self.cluster.made,
                "aliases": self.mlflow.aliases,
                "versions": self.mlflow.versions,
                "contracts": self.storage.contracts,
                "time": self.time,
                "standing": self.standing,
            }
        )

    def put_back(self, stored: dict[str, Any]) -> None:
        stored = copy.deepcopy(stored)
        self.cluster.objects, self.cluster.made = stored["objects"], stored["made"]
        self.mlflow.aliases, self.mlflow.versions = stored["aliases"], stored["versions"]
        self.storage.contracts, self.time = stored["contracts"], stored["time"]
        self.standing = stored["standing"]

    def now_text(self) -> str:
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def apply(self, **sections: Any) -> None:
        spec = {"dataset": {"storageUri": "s3://datasets/lawn"}} | sections
        where = ("modeldeployments", KEY.namespace, KEY.name)
        if where not in self.cluster.objects:
            self.cluster.put(
                "modeldeployments",
                {
                    "apiVersion": "dandelion.dev/v1alpha1",
                    "kind": "ModelDeployment",
                    "metadata": {"name": KEY.name},
                    "spec": spec,
                },
            )
            return
        found = self.cluster.objects[where]
        found["spec"] = spec
        found["metadata"]["generation"] += 1
        self.cluster._changed(found)

    def annotate(self, value: str) -> None:
        found = self.cluster.one("modeldeployments", KEY.name)
        found["metadata"].setdefault("annotations", {})["dandelion.dev/retrain"] = value
        self.cluster._changed(found)

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.one("modeldeployments", KEY.name).get("status", {})
        return found

    def condition(self, kind: str) -> tuple[str, str]:
        found = next(item for item in self.status["conditions"] if item["type"] == kind)
        return found["status"], found["reason"]

    def message(self, kind: str) -> str:
        found = next(item for item in self.status["conditions"] if item["type"] == kind)
        return str(found["message"])

    def decisions(self) -> list[tuple[str, str | None]]:
        """Oldest first."""
        receipts = reversed(self.status["history"])
        return [(item["decision"], item.get("version")) for item in receipts]

    def inference_pods(self) -> list[dict[str, Any]]:
        return [
            pod
            for pod in self.cluster.kind("pods")
            if pod["metadata"]["labels"][naming.COMPONENT_LABEL] == naming.INFERENCE
        ]

    async def until_training(self) -> None:
        """The run that was just asked for hangs on for as long as it is let."""
        while not self.cluster.kind("jobs"):
            await self.look()
        self.standing = {job["metadata"]["name"] for job in self.cluster.kind("jobs")}
        await self.settle()

    def tick(self) -> None:
        """What the controllers, the kubelet and the training image do meanwhile."""
        self.time += timedelta(seconds=10)
        for job in self.cluster.kind("jobs"):
            self._train(job)
        for deployment in self.cluster.kind("deployments"):
            self._roll(deployment)

    def _train(self, job: dict[str, Any]) -> None:
        status = job.setdefault("status", {})
        if status.get("conditions") or job["spec"].get("suspend"):
            return
        run = job["metadata"]["labels"][naming.RUN_LABEL]
        if job["metadata"]["name"] in self.standing:
            return
        if self.train_fails is not None:
            reason, message = self.train_fails
            status["conditions"] = [
                {"type": "Failed", "status": "True", "lastTransitionTime": self.now_text()}
            ]
            self.storage.progresses[run] = Progress(
                run=run, state="failed", reason=reason, message=message
            )
            return
        uri = f"s3://models/default/lawn/{run}/artifact"
        self.storage.contracts[uri] = ContractSeen({"accuracy": self.accuracy})
        if not any(
            version["tags"].get("dandelion.dev/run") == run
            for version in self.mlflow.versions.values()
        ):
            digest = hashlib.sha256(run.encode()).hexdigest()
            self.mlflow.add_version(
                run=run,
                wish=job["metadata"]["labels"][naming.WISH_LABEL],
                **{"contract-digest": f"sha256:{digest}"},
            )
        status["conditions"] = [{"type": "Complete", "status": "True"}]
        status["completionTime"] = self.now_text()

    def _roll(self, deployment: dict[str, Any]) -> None:
        spec, labels = deployment["spec"], deployment["spec"]["template"]["metadata"]["labels"]
        version = labels[naming.VERSION_LABEL]
        wanted = spec["replicas"]
        trouble = self.pod_trouble.get(version)
        old = [
            pod
            for pod in self.inference_pods()
            if pod["metadata"]["labels"][naming.VERSION_LABEL] != version
        ]
        current = [pod for pod in self.inference_pods() if pod not in old]
        for pod in current:
            self.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
        for index in range(wanted):
            self.cluster.put(
                "pods",
                {
                    "metadata": {"name": f"lawn-inference-{version}-{index}", "labels": labels},
                    "status": {
                        "phase": "Running",
                        "podIP": f"10.0.1.{version}",
                        "conditions": [{"type": "Ready", "status": "False" if trouble else "True"}],
                    },
                },
            )
        if trouble is None:
            for pod in old:
                self.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
        kept = len(old) if trouble else 0
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": wanted + kept,
            "updatedReplicas": wanted,
            "availableReplicas": kept if trouble else wanted,
        }

    async def look(self) -> None:
        """One reconcile; an operator that is killed is started again by Kubernetes."""
        try:
            await self.reconciler(KEY)
        except Killed:
            self.restart()

    async def settle(self, turns: int = 40) -> None:
        """Until two looks in a row leave everything as it was."""
        quiet = 0
        for _ in range(turns):
            before = self.everything()
            await self.look()
            self.tick()
            quiet = quiet + 1 if self.everything() == before else 0
            if quiet == 2:
                return
        raise AssertionError(f"never comes to rest: {json.dumps(self.status, indent=1)}")

    def everything(self) -> str:
        """All that is stored, without the pods that every tick makes anew."""
        kept = {
            "/".join(where): item
            for where, item in self.cluster.objects.items()
            if where[0] not in ("pods", "events")
        }
        return json.dumps([kept, self.mlflow.aliases, self.mlflow.versions], sort_keys=True)

    def outcome(self) -> dict[str, Any]:
        """What a user would call the result; no times, no counters."""
        champion = self.status["champion"]
        return {
            "jobs": sorted(item["metadata"]["name"] for item in self.cluster.kind("jobs")),
            "versions": sorted(self.mlflow.versions),
            "aliases": dict(self.mlflow.aliases),
            "verdicts": {number: self.mlflow.verdict(number) for number in self.mlflow.versions},
            "deployments": [
                item["metadata"]["labels"][naming.VERSION_LABEL]
                for item in self.cluster.kind("deployments")
            ],
            "conditions": {
                item["type"]: (item["status"], item["reason"]) for item in self.status["conditions"]
            },
            "champion": (champion["version"], champion["servedReplicas"]),
            "training": (self.status["training"]["run"], self.status["training"]["state"]),
            "decisions": self.decisions(),
        }
