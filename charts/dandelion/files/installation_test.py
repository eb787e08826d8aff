"""What `helm test` runs inside the cluster, with the operator's image.

It does what a ModelDeployment will need: writes a file with the training key and reads it with the
inference key, which must not be able to write; writes with the log's key, which must not be able to
read; takes a version through MLflow, with a file through its proxy and an alias; asks the API
server for ModelDeployments good and bad; and reads the operator's metrics. Where S3 is reached
without keys it has no part in that. Each step says in one line what it found.
"""

from __future__ import annotations

import io
import os
import ssl
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import urllib3
from minio import Minio
from minio.error import S3Error

SECRETS = Path("/var/run/secrets/dandelion")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NAME = "dandelion-installation-test"


class CheckError(Exception):
    """Something does not work; the message says what to look at."""


def s3(use: str) -> Minio:
    endpoint = urlsplit(os.environ["DANDELION_S3_ENDPOINT"])
    bundle = os.environ.get("DANDELION_S3_CA_BUNDLE")
    context = ssl.create_default_context(cadata=bundle) if bundle else ssl.create_default_context()
    pool = urllib3.PoolManager(timeout=10, retries=urllib3.Retry(2), ssl_context=context)
    token = SECRETS / use / "AWS_SESSION_TOKEN"
    return Minio(
        endpoint.netloc,
        access_key=(SECRETS / use / "AWS_ACCESS_KEY_ID").read_text().strip(),
        secret_key=(SECRETS / use / "AWS_SECRET_ACCESS_KEY").read_text().strip(),
        session_token=token.read_text().strip() if token.exists() else None,
        secure=endpoint.scheme == "https",
        region=os.environ["DANDELION_S3_REGION"],
        http_client=pool if endpoint.scheme == "https" else None,
    )


def storage() -> str:
    if os.environ.get("DANDELION_IDENTITY"):
        return "reached by ServiceAccounts: the condition Accepted of a ModelDeployment tells how"
    bucket, name = os.environ["DANDELION_MODELS_BUCKET"], f"{NAME}/{uuid.uuid4()}"
    training, inference = s3("training"), s3("inference")
    training.put_object(bucket, name, io.BytesIO(b"written by training"), 19)
    try:
        answer = inference.get_object(bucket, name)
        content = answer.read()
        answer.close()
        if content != b"written by training":
            raise CheckError(f"the inference key read something else from s3://{bucket}/{name}")
        try:
            inference.put_object(bucket, f"{name}-forbidden", io.BytesIO(b""), 0)
        except S3Error as error:
            if error.code != "AccessDenied":
                raise
        else:
            training.remove_object(bucket, f"{name}-forbidden")
            if os.environ["DANDELION_OWN_MINIO"] == "true":
                raise CheckError(f"the inference key may write to s3://{bucket}: it must not")
            return "training writes, inference reads (and could write: give it a read-only key)"
    finally:
        training.remove_object(bucket, name)
    datasets = os.environ["DANDELION_DATASETS_BUCKET"]
    next(iter(training.list_objects(datasets)), None)
    return "training writes and lists, inference reads and may not write"


def journal() -> str:
    bucket, name = os.environ.get("DANDELION_PREDICTIONS_BUCKET"), f"{NAME}/writable"
    if os.environ.get("DANDELION_IDENTITY"):
        return "written by the ServiceAccounts of serving pods"
    if not bucket:
        return "no log of predictions is set up"
    logs = s3("logs")
    logs.put_object(bucket, name, io.BytesIO(b""), 0)
    try:
        answer = logs.get_object(bucket, name)
        answer.close()
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        return "the log's key writes and may not read"
    if os.environ["DANDELION_OWN_MINIO"] == "true":
        raise CheckError(f"the log's key may read s3://{bucket}: it must not")
    return "the log's key writes (and could read: give it a write-only key)"


def registry() -> str:
    address = os.environ["DANDELION_MLFLOW_TRACKING_URI"]
    with httpx.Client(base_url=address, headers=identity(), timeout=60) as api:
        run = api.post(
            "/api/2.0/mlflow/runs/create", json={"experiment_id": experiment(api)}
        ).raise_for_status()
        info = run.json()["run"]["info"]
        try:
            artifact(api, info["artifact_uri"])
            version(api, info["run_id"])
        finally:
            api.post(
                "/api/2.0/mlflow/runs/delete", json={"run_id": info["run_id"]}
            ).raise_for_status()
    return "a run, a file through the proxy, a version and its alias"


def identity() -> dict[str, str]:
    """Empty where MLflow lets everybody in."""
    file = os.environ.get("DANDELION_MLFLOW_TOKEN_FILE")
    if not file:
        return {}
    token = Path(file).read_text().strip()
    return {
        "Authorization": f"Bearer {token}",
        "X-MLFLOW-WORKSPACE": os.environ["DANDELION_NAMESPACE"],
    }


def experiment(api: httpx.Client) -> str:
    created = api.post("/api/2.0/mlflow/experiments/create", json={"name": NAME})
    if created.is_success:
        return str(created.json()["experiment_id"])
    found = api.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": NAME})
    found.raise_for_status()
    return str(found.json()["experiment"]["experiment_id"])


def artifact(api: httpx.Client, uri: str) -> None:
    path = f"/api/2.0/mlflow-artifacts/artifacts{urlsplit(uri).path}/test.txt"
    api.put(path, content=b"through the proxy").raise_for_status()
    if api.get(path).raise_for_status().content != b"through the proxy":
        raise CheckError("MLflow returned another file than it was given: see its log and S3 key")
    api.delete(path).raise_for_status()


def version(api: httpx.Client, run: str) -> None:
    model = f"{NAME}.{uuid.uuid4().hex[:8]}"
    api.post("/api/2.0/mlflow/registered-models/create", json={"name": model}).raise_for_status()
    try:
        api.post(
            "/api/2.0/mlflow/model-versions/create",
            json={"name": model, "source": "s3://models/none", "run_id": run},
        ).raise_for_status()
        api.post(
            "/api/2.0/mlflow/registered-models/alias",
            json={"name": model, "alias": "champion", "version": "1"},
        ).raise_for_status()
        champion = api.get(
            "/api/2.0/mlflow/registered-models/alias", params={"name": model, "alias": "champion"}
        ).raise_for_status()
        if champion.json()["model_version"]["version"] != "1":
            raise CheckError("MLflow does not return the alias that was set")
    finally:
        api.request(
            "DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": model}
        ).raise_for_status()


def resource() -> str:
    token = (SERVICE_ACCOUNT / "token").read_text().strip()
    trusted = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    path = f"/apis/dandelion.dev/v1alpha1/namespaces/{os.environ['DANDELION_NAMESPACE']}"
    with httpx.Client(
        base_url=f"https://{f'[{host}]' if ':' in host else host}:{port}{path}",
        headers={"Authorization": f"Bearer {token}"},
        params={"dryRun": "All", "fieldValidation": "Strict"},
        verify=trusted,
    ) as api:
        good = api.post("/modeldeployments", json=model_deployment("resnet34")).raise_for_status()
        if good.json()["spec"]["promotion"]["mode"] != "Auto":
            raise CheckError("the API server fills in no defaults: the CRD is of another release")
        bad = api.post("/modeldeployments", json=model_deployment("alexnet"))
        if bad.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
            raise CheckError(f"an unknown architecture is not refused, but {bad.status_code}")
    return "ModelDeployments are checked and get their defaults"


def model_deployment(architecture: str) -> dict[str, object]:
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": NAME},
        "spec": {
            "dataset": {"storageUri": "s3://datasets/lawn"},
            "training": {"architecture": architecture},
        },
    }


def operator() -> str:
    found = httpx.get(os.environ["DANDELION_OPERATOR_METRICS"], timeout=10).raise_for_status()
    if "dandelion_reconcile_duration_seconds_count" not in found.text:
        raise CheckError("the operator answers, but without its metrics")
    return "the operator answers"


CHECKS: dict[str, Callable[[], str]] = {
    "S3": storage,
    "log": journal,
    "MLflow": registry,
    "API": resource,
    "operator": operator,
}


def main() -> None:
    failed = False
    for name, check in CHECKS.items():
        try:
            print(f"ok    {name}: {check()}", flush=True)
        except httpx.HTTPStatusError as error:
            failed = True
            print(f"FAIL  {name}: {error}: {error.response.text}", flush=True)
        except (CheckError, S3Error, httpx.HTTPError, urllib3.exceptions.HTTPError) as error:
            failed = True
            print(f"FAIL  {name}: {error}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
