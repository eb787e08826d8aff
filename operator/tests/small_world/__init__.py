"""A whole small world: an API server, MLflow and S3 in dictionaries, behind the real clients.

The Kubernetes and the MLflow side are transports, so `cluster` and `registry` are exercised as
they are. `World.tick` plays the controllers, the kubelet and the training Job, as they are in
`controllers.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
from dandelion_operator.api import naming
from dandelion_operator.api.access.identity import Identity
from dandelion_operator.api.access.sts import Mode
from dandelion_operator.api.network import Network
from dandelion_operator.loop.reconcile import Reconciler
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.namespaces import Namespaces
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.ports.lookups import Lookups
from dandelion_operator.ports.probes import Probes
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.s3.identity import OperatorIdentity
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.sts import TokenService
from dandelion_operator.process.settings import Settings
from dandelion_operator.seen.windows import WindowCompared, WindowsOfSize
from fakes.cluster import KEY, FakeCluster, copied
from fakes.killer import Killed, Killer
from fakes.mlflow import FakeMlflow

from small_world.controllers import roll, select, train
from small_world.outside import FakeIdentity, FakeProbe, FakeStorage, FakeTokens
from small_world.told import Told

DATASET_URI = "s3://datasets/lawn"
TABLE = "addresses"
# What to apply as `dataset` for images at addresses too.
ADDRESSES = {"storageUri": DATASET_URI, "urls": {"configMapRef": {"name": TABLE}}}
START = datetime(2026, 1, 1, tzinfo=UTC)


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a scene to its end."""
    asyncio.run(scene())


class World(Told):
    def __init__(self, folder: Path, kill_at: int | None = None, after_effect: bool = True) -> None:
        self.killer = Killer(kill_at, after_effect)
        self.time = START
        self.cluster = FakeCluster(self.killer, self.now_text)
        self.mlflow = FakeMlflow(self.killer, clock=lambda: int(self.time.timestamp() * 1000))
        self.storage = FakeStorage(table=self.table)
        self.tokens = FakeTokens(self.now_text)
        self.identity = FakeIdentity()
        self.probe = FakeProbe(self)
        self.accuracy, self.precision = 0.9, "fp32"
        self.train_fails: tuple[str, str] | None = None
        self.evaluation_fails = False
        self.ingest_fails: tuple[str, str] | None = None
        self.compares = True  # whether a run compares its model with the champion by itself
        self.standing: set[str] = set()
        self.pod_trouble: dict[str, tuple[str, str]] = {}
        # What pods say of their answers of late, by the version that they serve.
        self.windows: dict[str, tuple[WindowsOfSize, ...]] = {}
        self.asked_windows: set[tuple[str, int]] = set()
        self.asked: list[str] = []  # the Services' addresses, in the order of the questions
        self.asked_pods: set[tuple[str, int]] = set()
        self.late_endpoints = False  # while it holds, no EndpointSlice is written
        self.stuck_pods: list[dict[str, Any]] = []  # on a node that is lost: nothing ends them
        for purpose in ("training", "inference", "logs"):
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
            log_credentials_dir=folder / "logs",
            log_uri="s3://predictions",
            token_reviewer_url="http://reviewer",
        )
        self.restart()

    def restart(self, lookups: Lookups | None = None) -> None:
        """A new operator process: everything that was only in memory is gone."""
        fence = Fence()
        fence.open_until(float("inf"))
        registry = httpx.AsyncClient(
            base_url="http://mlflow",
            transport=httpx.MockTransport(self.mlflow.handle),
            verify=False,
        )
        cluster = Cluster(self.cluster, fence)
        self.clients = Clients(
            cluster,
            Registry(registry, fence),
            cast(Storage, self.storage),
            Probes(cast(Probe, self.probe), monotonic=lambda: self.time.timestamp()),
            self.settings.defaults,
            Namespaces(cluster, self.settings.rights),
            lookups or Lookups(),
            cast(TokenService, self.tokens),
            cast(OperatorIdentity, self.identity) if self.settings.identity else None,
        )
        self.storage.now = self.now_text
        self.reconciler = Reconciler(self.clients, self.settings.resync_seconds, lambda: self.time)

    def with_sts(self, enabled: Mode = Mode.AUTO, **others: Any) -> None:
        """From here on the installation asks for keys that are for a while."""
        told = {"sts_enabled": enabled, **others}
        self.settings = self.settings.model_copy(update=told)
        self.restart()

    def with_identity(self, signing: Mapping[str, str], **annotations: Mapping[str, str]) -> None:
        """From here on pods reach S3 by their accounts. `signing` is what is signed with."""
        folder = self.settings.training_credentials_dir.parent / "signing"
        folder.mkdir(exist_ok=True)
        for name, secret in signing.items():
            (folder / name).write_text(secret)
        told = {"identity": Identity(**annotations), "signing_dir": folder}
        self.settings = self.settings.model_copy(update=told)
        self.restart()

    def without_identity(self) -> None:
        self.settings = self.settings.model_copy(update={"identity": None})
        self.restart()

    def with_network(self, network: Network) -> None:
        """From here on the installation has a say in who reaches whom."""
        self.settings = self.settings.model_copy(update={"network_policies": network})
        self.restart()

    def again(self, kill_at: int | None, after_effect: bool) -> None:
        """From here on, with a fresh operator process that is to die at its n-th write."""
        self.killer.at, self.killer.after_effect, self.killer.writes = kill_at, after_effect, 0
        self.restart()

    def stored(self) -> dict[str, Any]:
        return copied(
            {
                "objects": self.cluster.objects,
                "made": self.cluster.made,
                "aliases": self.mlflow.aliases,
                "versions": self.mlflow.versions,
                "model": (self.mlflow.created, self.mlflow.model_tags),
                "contracts": self.storage.contracts,
                "comparisons": self.storage.comparisons,
                "datasets": [self.storage.uploads, self.storage.listed, self.storage.versions],
                "time": self.time,
                "standing": sorted(self.standing),
            }
        )

    def put_back(self, stored: dict[str, Any]) -> None:
        stored = copied(stored)
        self.cluster.objects, self.cluster.made = stored["objects"], stored["made"]
        self.mlflow.aliases, self.mlflow.versions = stored["aliases"], stored["versions"]
        self.mlflow.created, self.mlflow.model_tags = stored["model"]
        self.storage.contracts, self.time = stored["contracts"], stored["time"]
        self.storage.comparisons = stored["comparisons"]
        self.storage.uploads, self.storage.listed, self.storage.versions = stored["datasets"]
        self.standing = set(stored["standing"])

    def now_text(self) -> str:
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def apply(self, **sections: Any) -> None:
        spec = {"dataset": {"storageUri": DATASET_URI}} | sections
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

    def table(self) -> frozenset[str]:
        """The lines of the table of addresses, as a training pod reads them."""
        where = ("configmaps", KEY.namespace, TABLE)
        data = self.cluster.objects.get(where, {}).get("data", {})
        return frozenset(data.get("urls.csv", "").splitlines())

    def write_table(self, *lines: str) -> None:
        """The whole of it anew, into the ConfigMap that ADDRESSES names."""
        data = {"urls.csv": "\n".join(lines)}
        if ("configmaps", KEY.namespace, TABLE) not in self.cluster.objects:
            self.cluster.put("configmaps", {"metadata": {"name": TABLE}, "data": data})
            return
        self.cluster.edit("configmaps", TABLE, lambda found: found.update(data=data), "kubectl")

    def delete(self, collected: bool = True) -> str:
        """Deletes the resource, and what it owns once the garbage collector has come by."""
        where = ("modeldeployments", KEY.namespace, KEY.name)
        uid: str = self.cluster.objects.pop(where)["metadata"]["uid"]
        if collected:
            self.collect(uid)
        return uid

    def collect(self, uid: str) -> None:
        """What the garbage collector does to the children of what is gone, and their pods."""
        gone = [where for where, item in self.cluster.objects.items() if is_owned(item, uid)]
        pods = [where for where in self.cluster.objects if where[0] == "pods"]
        for where in (*gone, *pods):
            del self.cluster.objects[where]

    def annotate(self, value: str | None, what: str = "retrain") -> None:
        """Asks for a run with the annotation, or takes the annotation away."""
        found = self.cluster.one("modeldeployments", KEY.name)
        annotations = found["metadata"].setdefault("annotations", {})
        annotations.pop(f"dandelion.dev/{what}", None)
        if value is not None:
            annotations[f"dandelion.dev/{what}"] = value
        self.cluster._changed(found)

    def compare(self, *ratios: float, statistic: str = "logDensity") -> None:
        """Pods of the version that serves have windows of 20 answers, the newest last, so far from
        a threshold; each was full now."""
        newest_first = (
            WindowCompared(self.now_text(), ratio, statistic) for ratio in reversed(ratios)
        )
        self.windows[self.serving_version()] = (WindowsOfSize(20, tuple(newest_first)),)

    async def until_training(self) -> None:
        """The run that was just asked for hangs on for as long as it is let."""
        while not self.cluster.kind("jobs"):
            await self.reconcile()
        self.standing = {job["metadata"]["name"] for job in self.cluster.kind("jobs")}
        await self.settle()

    def tick(self) -> None:
        """What the controllers, the kubelet and the training image do meanwhile."""
        self.time += timedelta(seconds=10)
        for job in self.cluster.kind("jobs"):
            train(self, job)
        for deployment in self.cluster.kind("deployments"):
            roll(self, deployment)
        for service in () if self.late_endpoints else self.cluster.kind("services"):
            select(self, service)

    async def reconcile(self) -> bool:
        """One reconcile. False: the operator was killed in it, and Kubernetes starts it again."""
        try:
            await self.reconciler(KEY)
        except Killed:
            self.restart()
            return False
        return True

    async def settle(self, turns: int = 40) -> None:
        """Until two reconciles in a row leave everything as it was."""
        quiet, before = 0, self.everything()
        for _ in range(turns):
            whole = await self.reconcile()
            self.tick()
            after = self.everything()
            quiet = quiet + 1 if whole and after == before else 0
            if quiet == 2:
                return
            before = after
        raise AssertionError(f"never comes to rest: {json.dumps(self.status, indent=1)}")

    def everything(self) -> str:
        """All that is stored, without the pods that every tick makes anew."""
        kept = {
            "/".join(where): item
            for where, item in self.cluster.objects.items()
            if where[0] not in ("pods", "events", "endpointslices")
        }
        return json.dumps(
            [kept, self.mlflow.aliases, self.mlflow.versions, self.mlflow.model_tags],
            sort_keys=True,
        )

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
