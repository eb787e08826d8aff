"""Short ways to say what is wanted and what was seen, for the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dandelion_operator.api import digests
from dandelion_operator.api.location import Defaults, Location, Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.api.status import Status
from dandelion_operator.api.status import parse as parse_status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.seen.comparison import (
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)
from dandelion_operator.seen.conclusions.candidate import comparison_name
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer, DeploymentSeen, PodSeen, ServiceSeen
from dandelion_operator.seen.training import (
    DatasetSeen,
    EvaluationJobSeen,
    IngestJobSeen,
    JobSeen,
    Suspension,
)
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, VersionSeen

DEFAULTS = Defaults(
    training_image="training:1",
    inference_image="inference:1",
    image_pull_policy="IfNotPresent",
    tracking_uri="http://mlflow",
    s3_endpoint="http://s3",
    s3_region="us-east-1",
    s3_bucket="models",
    log_uri="s3://predictions",
    token_reviewer="http://reviewer",
)
NOW = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T01:00:00Z"


def resource(retrain: str = "", ingest: str = "", **sections: Any) -> Resource:
    asked = {"dandelion.dev/retrain": retrain, "dandelion.dev/ingest": ingest}
    parsed = parse(
        {
            "metadata": {
                "namespace": "default",
                "name": "lawn",
                "uid": "uid-1",
                "generation": 2,
                "annotations": {name: value for name, value in asked.items() if value},
            },
            "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}} | sections,
        }
    )
    assert isinstance(parsed, Resource), parsed
    return parsed


# Of an installation that has nobody for serving pods to ask who calls.
WITHOUT_REVIEWER = replace(DEFAULTS, token_reviewer="")


def place(wanted: Resource | None = None, defaults: Defaults = DEFAULTS) -> Location:
    return location(wanted or resource(), defaults)


def version(number: int, **about: Any) -> VersionSeen:
    fields: dict[str, Any] = {
        "source": f"s3://models/default/lawn/run{number}/artifact",
        "run_id": f"mlflow-{number}",
        "run": f"run{number}",
        "training_hash": digests.training_hash(resource()),
        "contract_digest": f"sha256:{number}",
        "dataset_digest": "sha256:images",
        "verdict": "promoted",
    }
    return VersionSeen(number, **(fields | about))


def registry(
    *versions: VersionSeen, champion: int | None = None, challenger: int | None = None
) -> RegistrySeen:
    newest_first = sorted(versions, key=lambda item: item.version, reverse=True)
    return RegistrySeen(champion, challenger, tuple(newest_first))


def job(run: str = "run1", state: RunState = RunState.RUNNING, **about: Any) -> JobSeen:
    fields: dict[str, Any] = {
        "name": f"lawn-train-{run}",
        "training_hash": digests.training_hash(resource()),
        "created": NOW,
        "fingerprint": "images-1",
        "suspension": Suspension(ours=state is RunState.SUSPENDED),
    }
    return JobSeen(run=run, state=state, **(fields | about))


def deployment(number: int, wanted: Resource | None = None, **about: Any) -> DeploymentSeen:
    wanted = wanted or resource()
    target: Target = version(number).target
    replicas = wanted.spec.serving.replicas
    fields: dict[str, Any] = {
        "ours": True,
        "target": target,
        "serving_digest": digests.serving(wanted, target, place(wanted)),
        "generation": 1,
        "observed_generation": 1,
        "wanted_replicas": replicas,
        "replicas": replicas,
        "updated": replicas,
        "available": replicas,
        "progress_deadline_seconds": 600,
        "revision_history_limit": 3,
    }
    return DeploymentSeen(**(fields | about))


def pod(number: int, ready: bool = True, **about: Any) -> PodSeen:
    return PodSeen(f"lawn-inference-{number}", number, ready, **about)


def contract(accuracy: float = 0.9, holdout: int = 1000, **metrics: float) -> ContractSeen:
    return ContractSeen(
        {"accuracy": accuracy, **metrics},
        holdout=holdout,
        model="default.lawn",
        dataset_uri="s3://datasets/lawn",
    )


def comparison(wins: int = 0, losses: int = 0, images: int = 1000) -> Comparison:
    """Two models that answer `wins` and `losses` images differently, and the rest right."""
    counts = PairedCounts(images - wins - losses, wins, losses, 0)
    macro_f1 = PairedMacroF1(counts.challenger, counts.champion)
    return Comparison(counts, macro_f1, shared=("dandelion", "grass"))


def compared(challenger: int = 4, champion: int = 3) -> ComparisonName:
    """Of two versions by their numbers."""
    name = comparison_name(version(challenger), version(champion))
    assert name is not None
    return name


def evaluation(state: RunState = RunState.RUNNING, **about: Any) -> EvaluationJobSeen:
    """The Job that compares version 4 with champion 3."""
    name = compared()
    found = digests.evaluation(name.dataset, name.challenger, name.champion)
    fields: dict[str, Any] = {
        "name": f"lawn-evaluate-{found}",
        "evaluation": found,
        "created": NOW,
        "gate": digests.gate(resource()),
        "suspension": Suspension(ours=state is RunState.SUSPENDED),
    }
    return EvaluationJobSeen(state=state, **(fields | about))


def ingest_job(
    state: RunState = RunState.RUNNING, value: str = "now", **about: Any
) -> IngestJobSeen:
    """The Job that reads the images for that value of the annotation."""
    found = digests.ingest("uid-1", value)
    fields: dict[str, Any] = {
        "name": f"lawn-ingest-{found}",
        "ingest": found,
        "created": NOW,
        "suspension": Suspension(ours=state is RunState.SUSPENDED),
    }
    return IngestJobSeen(state=state, **(fields | about))


def service(ours: bool = True, **about: Any) -> ServiceSeen:
    fields: dict[str, Any] = {"digest": digests.service(resource()), "address": "10.0.0.1"}
    return ServiceSeen(ours, **(fields | about))


def status(**parts: Any) -> Status:
    return parse_status(parts)


def training(run: str = "run1", state: str = "Succeeded", **about: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "training_hash": digests.training_hash(resource()),
        "startedAt": NOW,
        "datasetFingerprint": "images-1",
    }
    return {"run": run, "state": state} | fields | about


def decided(wanted: Resource, observed: Observed, defaults: Defaults = DEFAULTS) -> Plan:
    return decide(wanted, observed, place(wanted, defaults))


def seen(**about: Any) -> Observed:
    """Storage and registry answer, nothing has ever happened."""
    nothing = Observed(
        previous=Status(), dataset=DatasetSeen("images-1", 40), registry=RegistrySeen()
    )
    return replace(nothing, **about)


def serving(number: int, **about: Any) -> Observed:
    """Version `number` is the champion and serves, all is well."""
    fields: dict[str, Any] = {
        "previous": status(champion={"version": str(number)}, training=training(f"run{number}")),
        "registry": registry(version(number), champion=number),
        "artifacts": {number: contract()},
        "deployment": deployment(number),
        "service": service(),
        "pods": (pod(number),),
        "answer": Answer(number),
    }
    return seen(**(fields | about))
