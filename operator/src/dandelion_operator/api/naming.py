"""The one place where names of children, labels and S3 paths are made from a resource's name.

Names carry their content (the run), so creating twice finds what is there instead of making a
second one. Whoever writes, reads or tells a name makes it here.
"""

from __future__ import annotations

from dandelion_operator.api.resource import GROUP, NamespacedName

FIELD_MANAGER = "dandelion-operator"

OWNER_LABEL = f"{GROUP}/modeldeployment"
ENABLED_LABEL = f"{GROUP}/enabled"  # of namespaces
SERVICE_NAME_LABEL = "kubernetes.io/service-name"  # of EndpointSlices
RUN_LABEL = f"{GROUP}/run"
TRAINING_HASH_LABEL = f"{GROUP}/training-hash"
VERSION_LABEL = f"{GROUP}/version"
# What the first release calls the training hash: read from what it wrote, and written beside the
# other name, so that neither an upgrade nor the way back trains what is trained.
FIRST_TRAINING_HASH_TAG = "wish"
FIRST_TRAINING_HASH_LABEL = f"{GROUP}/{FIRST_TRAINING_HASH_TAG}"
EVALUATION_LABEL = f"{GROUP}/evaluation"
SEARCH_LABEL = f"{GROUP}/search"
INGEST_LABEL = f"{GROUP}/ingest"
COMPONENT_LABEL = "app.kubernetes.io/component"

SERVING_DIGEST_ANNOTATION = f"{GROUP}/serving-digest"
SERVICE_DIGEST_ANNOTATION = f"{GROUP}/service-digest"
BUDGET_DIGEST_ANNOTATION = f"{GROUP}/budget-digest"
ROUTE_DIGEST_ANNOTATION = f"{GROUP}/route-digest"
POLICY_DIGEST_ANNOTATION = f"{GROUP}/policy-digest"
TRIGGER_ANNOTATION = f"{GROUP}/trigger"
TRIGGER_MESSAGE_ANNOTATION = f"{GROUP}/trigger-message"
DECIDED_AT_ANNOTATION = f"{GROUP}/decided-at"
RETRAIN_VALUE_ANNOTATION = f"{GROUP}/retrain"
APPLIED_ANNOTATION = f"{GROUP}/applied"
CORRECTED_ANNOTATION = f"{GROUP}/corrected"
INSTALLATION_ANNOTATION = f"{GROUP}/installation"
ATTEMPT_ANNOTATION = f"{GROUP}/attempt"
EXECUTION_ANNOTATION = f"{GROUP}/execution"
SUSPENDED_ANNOTATION = f"{GROUP}/suspended"
GATE_ANNOTATION = f"{GROUP}/gate"
RESTORING_TAG = f"{GROUP}/restoring"  # of a registered model
# Of a registered model: who gave the alias to which version. MLflow writes it, where it knows.
MOVED_BY_TAG = f"{GROUP}/alias-moved-by.champion"
# Of pods: where their probes and metrics are. Those of former releases have no port for them, and
# serve both on `http`.
METRICS_PORT_ANNOTATION = f"{GROUP}/metrics-port"
# Of Jobs and of serving pods: that they take a key with a session token, and follow its renewal.
# Those of former releases take two files and no more.
SESSION_TOKEN_ANNOTATION = f"{GROUP}/session-token"
# Of the same: that they have no key, and reach S3 by their ServiceAccount.
BY_ACCOUNT_ANNOTATION = f"{GROUP}/s3-by-account"
# Of such a ServiceAccount: the digest of the installation's annotations on it.
IDENTITY_ANNOTATION = f"{GROUP}/identity"
# Of a Secret with a key that is for a while: the digests of what it was asked for and of what was
# written, and its life.
KEY_ASKED_ANNOTATION = f"{GROUP}/key-asked-for"
KEY_CONTENT_ANNOTATION = f"{GROUP}/key-content"
KEY_ISSUED_ANNOTATION = f"{GROUP}/key-issued-at"
KEY_EXPIRES_ANNOTATION = f"{GROUP}/key-expires-at"
EXPIRY_ANNOTATION = f"{GROUP}/expiry"
FINGERPRINT_ANNOTATION = f"{GROUP}/dataset-fingerprint"

# Of a serving pod's ports by their names: for callers, and for the cluster alone.
HTTP_PORT = "http"
METRICS_PORT = "metrics"

TRAINING = "training"
INFERENCE = "inference"
LOG = "log"


def inference(key: NamespacedName) -> str:
    return f"{key.name}-inference"


def job(key: NamespacedName, run: str, attempt: int = 1) -> str:
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{key.name}-train-{run}{again}"


def search_job(key: NamespacedName, run: str, attempt: int = 1) -> str:
    """Short: the host names of its pods end in their index as well, and have 63 characters."""
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{key.name}-try-{run}{again}"


def evaluation_job(key: NamespacedName, evaluation: str, attempt: int = 1) -> str:
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{key.name}-evaluate-{evaluation}{again}"


def ingest_job(key: NamespacedName, ingest: str, attempt: int = 1) -> str:
    again = f"-{attempt}" if attempt > 1 else ""
    return f"{key.name}-ingest-{ingest}{again}"


def training_secret(key: NamespacedName) -> str:
    return f"{key.name}-training-s3"


def inference_secret(key: NamespacedName) -> str:
    return f"{key.name}-inference-s3"


def log_secret(key: NamespacedName) -> str:
    return f"{key.name}-log-s3"


def training_account(key: NamespacedName) -> str:
    return f"{key.name}-training"


def s3_accounts(key: NamespacedName, trains: bool, serves: bool) -> dict[str, str]:
    """The accounts by which pods reach S3, by component."""
    wanted = {TRAINING: training_account(key)} if trains else {}
    return wanted | ({INFERENCE: inference(key)} if serves else {})


def network_policy(key: NamespacedName, component: str) -> str:
    return f"{key.name}-{component}"


def policy_child(component: str) -> str:
    """What a component's NetworkPolicy is called among the children of a resource."""
    return f"NetworkPolicy {component}"


def registered_model(key: NamespacedName) -> str:
    return f"{key.namespace}.{key.name}"


def url(key: NamespacedName) -> str:
    return f"http://{inference(key)}.{key.namespace}.svc"


def labels(key: NamespacedName, component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "dandelion",
        "app.kubernetes.io/instance": key.name,
        COMPONENT_LABEL: component,
        "app.kubernetes.io/part-of": "dandelion",
        "app.kubernetes.io/managed-by": "dandelion-operator",
        OWNER_LABEL: key.name,
    }


def component_selector(key: NamespacedName, component: str) -> dict[str, str]:
    return {OWNER_LABEL: key.name, COMPONENT_LABEL: component}


def inference_selector(key: NamespacedName) -> dict[str, str]:
    return component_selector(key, INFERENCE)


def as_selector(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def artifacts_uri(bucket: str, key: NamespacedName) -> str:
    """Where every run of a resource writes, with the slash that ends it."""
    return f"s3://{bucket}/{key.namespace}/{key.name}/"


def run_prefix(key: NamespacedName, run: str) -> str:
    return f"{key.namespace}/{key.name}/{run}"


def run_uri(bucket: str, key: NamespacedName, run: str) -> str:
    return f"s3://{bucket}/{run_prefix(key, run)}"


def ingest_folder(ingest: str) -> str:
    """Where a run would have its folder: below it lies how far an ingest is, and what it found."""
    return f"ingests/{ingest}"


def manifests_uri(bucket: str, key: NamespacedName) -> str:
    return f"s3://{bucket}/{key.namespace}/{key.name}/datasets"


def listed_objects(key: NamespacedName, version: str) -> str:
    """Where a dataset version notes which objects were listed for it, in the models' bucket."""
    return f"{key.namespace}/{key.name}/datasets/{version.removeprefix('sha256:')}/objects.bin"


def live_accuracy(key: NamespacedName, contract_digest: str) -> str:
    """Where it is kept how often an artifact's answers were right, in the models' bucket."""
    return f"{key.namespace}/{key.name}/live/{contract_digest.removeprefix('sha256:')}.json"


def decisions_prefix(key: NamespacedName) -> str:
    """Below which people's decisions about answers lie, an object an import, in the models' bucket.

    Ends with a slash.
    """
    return f"{key.namespace}/{key.name}/decisions/"


def evaluations_prefix(key: NamespacedName) -> str:
    return f"{key.namespace}/{key.name}/evaluations"


def evaluations_uri(bucket: str, key: NamespacedName) -> str:
    return f"s3://{bucket}/{evaluations_prefix(key)}"


def comparison(dataset: str, challenger: str, champion: str) -> str:
    """Where a comparison lies below the evaluations, without its ending; made of digests alone."""
    version, first, second = (
        digest.removeprefix("sha256:") for digest in (dataset, challenger, champion)
    )
    return f"{version}/{first}-{second}"
