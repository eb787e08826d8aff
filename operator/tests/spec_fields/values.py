"""What fields are set to where that does not follow from their type and default.

By the whole path, or by the path within `training` and `serving` where both have the field.
"""

from __future__ import annotations

from typing import Any

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
EXPRESSION = [{"key": "arch", "operator": "In", "values": ["amd64"]}]
TERM = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}


def _container(**about: Any) -> tuple[dict[str, Any], ...]:
    return tuple({"name": name} | about for name in ("training", "inference"))


def _containers(section: int) -> tuple[list[dict[str, Any]], ...]:
    """One that sets variables, one that sets another, one that mounts, one with them all."""
    return tuple(
        [found[section]]
        for found in (
            _container(env=[{"name": "MINE", "value": "1"}]),
            _container(env=[{"name": "OURS", "value": "1"}, {"name": "MINE", "value": "2"}]),
            _container(envFrom=[{"secretRef": {"name": "mine"}}]),
            _container(volumeMounts=[{"name": "tmp", "mountPath": "/mine"}]),
            _container(
                env=[{"name": "MINE", "value": "1"}],
                envFrom=[{"configMapRef": {"name": "mine"}}],
                volumeMounts=[{"name": "tmp", "mountPath": "/ours"}],
            ),
        )
    )


VALUES: dict[str, tuple[Any, ...]] = {
    "storage.endpoint": ("http://minio:9000", "https://s3.example.com"),
    "storage.bucket": ("mine", "ours"),
    "storage.region": ("eu-west-3", "eu-west-4"),
    "storage.secretRef.name": ("keys", "other-keys"),
    "storage.servingSecretRef.name": ("reader", "other-keys"),
    "storage.caBundle": (PEM.format("one"), PEM.format("two")),
    "dataset.storageUri": ("s3://datasets/park", "s3://datasets/flowers/labels.csv"),
    "dataset.version": (f"sha256:{'d' * 64}", f"sha256:{'e' * 64}"),
    "dataset.holdoutFraction": (0.3, 0.05),
    "dataset.urls.storageUri": ("s3://datasets/urls.csv", "s3://lists/lawn/more.JSONL"),
    "dataset.urls.configMapRef.name": ("addresses", "other.addresses"),
    "dataset.urls.configMapRef.key": ("lawn.csv", "lawn.jsonl"),
    "dataset.urls.allowedHosts": (["images.internal"], ["a", "images.internal:8080"]),
    "training.initialWeights": ("imagenet", "none", "s3://models/mine.safetensors", "champion"),
    "training.imageSize": (64, 96),
    "training.learningRate": (0.5, 1),
    "training.crossValidation.folds": (3, 5),
    "training.search.parameters.learningRate.min": (0.001, 0.00001),
    "training.search.parameters.learningRate.max": (0.1, 1),
    "training.search.parameters.batchSize.values": ([8, 16], [16, 64, 4096]),
    "training.search.parameters.epochs.values": ([1, 2], [5, 1000]),
    "training.search.parameters.augmentation.strength.values": (
        ["none", "light"],
        ["light", "strong"],
    ),
    "training.image": ("mine:1", "mine:2"),
    "triggers.schedule": ("0 3 * * 0", "30 4 1 2 *", "@yearly"),
    "triggers.timeZone": ("Europe/Paris", "Asia/Kathmandu"),
    "triggers.driftAbove": (1.5, 1),
    "triggers.accuracyBelow": (0.9, 0.5),
    "promotion.minimum": (0.95, 0.0),
    "promotion.margin": (0.5, 0.0),
    "promotion.confidence": (0.5, 0.99),
    "promotion.minClassRecall": (0.1, 0.0),
    "promotion.minImprovement": (0.1, 0.01),
    "resources.requests": ({"cpu": 3}, {"cpu": "500m", "memory": "1Gi"}, {"memory": "2Gi"}),
    "resources.limits": ({"memory": "3Gi"}, {"memory": "8Gi", "nvidia.com/gpu": 1}, {"cpu": 4}),
    "nodeSelector": ({"disk": "ssd"}, {"disk": "hdd", "pool": "a"}, {"pool": "a"}),
    "tolerations": (
        [{"key": "a", "operator": "Exists"}],
        [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"}],
        [{"key": "b", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    ),
    "activeDeadlineSeconds": (60, 3600),
    "ttlSecondsAfterFinished": (60, 86400),
    "serving.replicas": (3, 0, 2),
    "serving.logging.storageUri": ("s3://seen", "s3://seen/garden/"),
    "serving.corsAllowedOrigins": (
        ["https://app.example.org"],
        ["*"],
        ["http://localhost:3000", "https://[::1]:8443", "capacitor://localhost"],
    ),
    "serving.accessLog.sampleRatio": (0.5, 0, 1),
    "feedback.reviewShare": (0.5, 0, 1),
    "feedback.minAgreement": (2, 100),
    "podTemplate.metadata.labels": ({"team": "garden"}, {"team": "park", "a": "b"}, {"a": "b"}),
    "podTemplate.metadata.annotations": ({"team": "garden"}, {"team": "a park", "a": ""}),
    "podTemplate.spec.imagePullSecrets": ([{"name": "mine"}], [{"name": "a"}, {"name": "b"}]),
    "podTemplate.spec.serviceAccountName": ("mine", "ours"),
    "podTemplate.spec.priorityClassName": ("mine", "ours"),
    "podTemplate.spec.runtimeClassName": ("mine", "ours"),
    "podTemplate.spec.schedulerName": ("mine", "ours"),
    "podTemplate.spec.nodeSelector": ({"disk": "ssd"}, {"pool": "a"}),
    "podTemplate.spec.tolerations": (
        [{"key": "a", "operator": "Exists"}],
        [{"key": "b", "operator": "Equal", "value": "c"}],
    ),
    "podTemplate.spec.affinity": (
        {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}},
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": EXPRESSION}]
                }
            }
        },
    ),
    "podTemplate.spec.topologySpreadConstraints": (
        [{"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
        [
            {
                "topologyKey": "kubernetes.io/hostname",
                "maxSkew": 2,
                "whenUnsatisfiable": "DoNotSchedule",
            }
        ],
    ),
    "podTemplate.spec.securityContext.runAsUser": (7, 8),
    "podTemplate.spec.securityContext.runAsGroup": (7, 0),
    "podTemplate.spec.securityContext.fsGroup": (7, 0),
    "podTemplate.spec.securityContext.fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "podTemplate.spec.securityContext.supplementalGroups": ([7], [8, 9]),
    "podTemplate.spec.securityContext.seLinuxOptions": (
        {"level": "s0"},
        {"type": "container_init_t"},
    ),
    "podTemplate.spec.volumes": (
        [{"name": "mine", "emptyDir": {}}],
        [{"name": "mine", "configMap": {"name": "mine"}}, {"name": "b", "emptyDir": {}}],
        [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    ),
    "training.podTemplate.spec.containers": _containers(0),
    "serving.podTemplate.spec.containers": _containers(1),
}

KEYS = {"secretRef": {"name": "keys"}}
HTTPS = {"endpoint": "https://s3.example.com", **KEYS}
IMAGES = {"logging": {"images": True}}
KNOWN_CALLERS = IMAGES | {"auth": "ClusterTokens"}
SEARCH = {"parameters": {"learningRate": {"min": 0.0001, "max": 0.01}}}

BESIDE: dict[str, dict[str, Any]] = {
    "storage.endpoint": {"storage": KEYS},
    "storage.region": {"storage": HTTPS},
    "triggers.timeZone": {"triggers": {"schedule": "0 3 * * 0"}},
    "triggers.quietSeconds": {"triggers": {"newImages": 50}},
    "triggers.maxWaitSeconds": {"triggers": {"newImages": 50}},
    "triggers.accuracyBelow": {"serving": IMAGES, "feedback": {"mode": "Review"}},
    "storage.servingSecretRef.name": {"storage": KEYS},
    "storage.caBundle": {"storage": HTTPS},
    "dataset.urls.configMapRef.key": {"dataset": {"urls": {"configMapRef": {"name": "list"}}}},
    "dataset.urls.allowedHosts": {"dataset": {"urls": {"storageUri": "s3://data/urls.csv"}}},
    **{
        f"training.search.{name}": {"training": {"search": SEARCH}}
        for name in (
            *("parameters.learningRate.min", "parameters.learningRate.max"),
            *("maxTrials", "parallelTrials", "pruning"),
        )
    },
    # The installation's key writes to the installation's place alone.
    "serving.logging.storageUri": {"storage": KEYS},
    "feedback.mode": {"serving": KNOWN_CALLERS},
    # Nobody reviews by default, and then no share is drawn.
    "feedback.reviewShare": {"serving": IMAGES, "feedback": {"mode": "Review"}},
    "feedback.minAgreement": {"serving": KNOWN_CALLERS, "feedback": {"mode": "Auto"}},
}

# What the API server refuses, where a number below all bounds, a word that is no choice or a value
# of another type would not be what people write.
REFUSED: dict[str, Any] = {
    "storage.endpoint": "minio:9000/models",
    "storage.bucket": "s3://models",
    "storage.region": "eu west",
    "storage.secretRef.name": "My Keys",
    "storage.servingSecretRef.name": "My Keys",
    "storage.caBundle": "/etc/ssl/ca.pem",
    "dataset.storageUri": "datasets/lawn",
    "dataset.version": "3",
    "dataset.holdoutFraction": 0.9,
    "dataset.urls.storageUri": "s3://datasets/urls",
    "dataset.urls.configMapRef.name": "My addresses",
    "dataset.urls.configMapRef.key": "urls",
    "dataset.urls.allowedHosts": ["http://images.internal"],
    "training.initialWeights": "s3://models/old.pt",
    "training.imageSize": 100,
    "training.learningRate": 0,
    "training.search.parameters.learningRate.min": 0,
    "training.search.parameters.learningRate.max": 2,
    "training.search.parameters.batchSize.values": [1, 16],
    "training.search.parameters.epochs.values": [0, 5],
    "training.search.parameters.augmentation.strength.values": ["none", "much"],
    "training.image": "my image",
    "triggers.schedule": "TZ=Europe/Paris 0 3 * * 0",
    "triggers.timeZone": "Local",
    "triggers.driftAbove": 0.5,
    "triggers.accuracyBelow": 90,
    "promotion.minimum": 80,
    "promotion.margin": 2,
    "promotion.confidence": 1,
    "promotion.minClassRecall": -0.1,
    "promotion.minImprovement": 10,
    "resources.requests": {"cpu": "two"},
    "resources.limits": {"memory": "-1Gi"},
    "nodeSelector": {"disk": "very fast"},
    "tolerations": [{"key": "a", "operator": "Exists", "value": "b"}],
    "serving.logging.storageUri": "predictions/lawn",
    "serving.corsAllowedOrigins": ["app.example.org"],
    "feedback.reviewShare": 2,
    "feedback.minAgreement": 1,
    "podTemplate.metadata.labels": {"dandelion.dev/run": "mine"},
    "podTemplate.metadata.annotations": {"dandelion.dev/serving-digest": "mine"},
    "podTemplate.spec.imagePullSecrets": [{}],
    "podTemplate.spec.serviceAccountName": "",
    "podTemplate.spec.priorityClassName": "",
    "podTemplate.spec.runtimeClassName": "",
    "podTemplate.spec.schedulerName": "",
    "podTemplate.spec.nodeSelector": {"disk": "very fast"},
    "podTemplate.spec.tolerations": [{"operator": "Equal", "value": "b"}],
    "podTemplate.spec.topologySpreadConstraints": [{"topologyKey": "zone"}],
    "podTemplate.spec.securityContext.runAsUser": 0,
    "podTemplate.spec.securityContext.fsGroupChangePolicy": "Never",
    "podTemplate.spec.securityContext.supplementalGroups": [-1],
    "podTemplate.spec.volumes": [{"name": "mine", "hostPath": {"path": "/"}}],
    "podTemplate.spec.containers": [{"name": "sidecar"}],
}
