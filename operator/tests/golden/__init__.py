"""The objects that stand in this folder as YAML: the smallest resource's and one with much said.

`test_golden.py` compares them. After a change that is meant, write them anew and let the difference
be part of it: in `operator/`, `PYTHONPATH=src:tests python -m golden`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import given
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartIngest, StartTraining

FOLDER = Path(__file__).parent
RUN = StartTraining("run1", "hash1", "Created", "images-1", "auto", images=1000)
EVALUATION = StartEvaluation(
    "01234abcde",
    f"sha256:{'d' * 64}",
    challenger=given.version(4).target,
    champion=given.version(3).target,
    run="run4",
    gate="gate1",
)
INGEST = StartIngest("5678901234", "auto", f"sha256:{'d' * 64}", run="run1", training_hash="hash1")
INSTALLATION = replace(
    given.DEFAULTS,
    fixed_ids=False,
    training_template=PodTemplate.model_validate(
        {
            "metadata": {"labels": {"cost-centre": "ml"}},
            "spec": {
                "imagePullSecrets": [{"name": "registry"}],
                "priorityClassName": "batch",
                "nodeSelector": {"pool": "cpu"},
                "containers": [
                    {"name": "training", "env": [{"name": "HTTPS_PROXY", "value": "http://proxy"}]}
                ],
            },
        }
    ),
)
MUCH_SAID = given.resource(
    training={
        "resources": {"requests": {"cpu": 2}, "limits": {"memory": "9Gi", "nvidia.com/gpu": 1}},
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "ttlSecondsAfterFinished": 3600,
        "podTemplate": {
            "metadata": {
                "labels": {"kueue.x-k8s.io/queue-name": "gpus"},
                "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            },
            "spec": {
                "imagePullSecrets": [{"name": "mine"}],
                "serviceAccountName": "trainer",
                "priorityClassName": "urgent",
                "volumes": [
                    {"name": "work", "emptyDir": {"sizeLimit": "200Gi"}},
                    {"name": "labels", "configMap": {"name": "labels"}},
                ],
                "containers": [
                    {
                        "name": "training",
                        "env": [{"name": "OMP_NUM_THREADS", "value": "4"}],
                        "envFrom": [{"secretRef": {"name": "tokens"}}],
                        "volumeMounts": [{"name": "labels", "mountPath": "/labels"}],
                    }
                ],
            },
        },
    },
    serving={
        "replicas": 3,
        "precision": "int8",
        "podTemplate": {
            "metadata": {"annotations": {"sidecar.istio.io/inject": "false"}},
            "spec": {
                "runtimeClassName": "gvisor",
                "securityContext": {"runAsUser": 1000, "fsGroup": 1000},
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
                            ]
                        }
                    }
                },
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "DoNotSchedule",
                    }
                ],
            },
        },
    },
)


def objects() -> dict[str, dict[str, Any]]:
    found = {}
    for name, resource, defaults in (
        ("smallest", given.resource(), given.DEFAULTS),
        ("much-said", MUCH_SAID, INSTALLATION),
    ):
        place = given.place(resource)
        target = given.version(3).target
        found |= {
            f"{name}-job": builders.job(resource, RUN, place, defaults),
            f"{name}-evaluation": builders.evaluation_job(resource, EVALUATION, place, defaults),
            f"{name}-ingest": builders.ingest_job(resource, INGEST, place, defaults),
            f"{name}-deployment": builders.deployment(resource, target, place, defaults),
        }
    return found


def path(name: str) -> Path:
    return FOLDER / f"{name}.yaml"
