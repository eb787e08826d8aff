"""What conditions are made of, for the tables: a plan that has settled, obstacles and refusals."""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartTraining
from given import decided, resource, serving, version

PLAIN = resource()
SUSPENDED = resource(suspend=True)
NONE_WANTED = resource(serving={"replicas": 0})
SETTLED = decided(PLAIN, serving(3))
TARGET = version(3).target
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
REFUSED_KEYS = Failure(Reason.CREDENTIALS_REJECTED, "refused")
NO_ALIAS = Failure(Reason.ALIAS_MISSING, "no version has the alias")
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer of MLflow")
LOST = Failure(Reason.REGISTRY_LOST, "MLflow lost it")
PULLING = Failure(Reason.IMAGE_PULL_FAILED, "no such image")
TRAIN = StartTraining("run4", "hash", "Created", "images-1", "none")
COMPARE = StartEvaluation("e", "d", TARGET, TARGET, "run4", "gate")


def refused(*actions: Action, name_taken: bool = False) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(action, f"refused {number}", True, name_taken)
        for number, action in enumerate(actions, 1)
    )
