"""MLflow's own way to S3, in the environment that the chart gives it where there are no keys."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.chart.rendering import WITHOUT_KEYS, render
from tests.keys.accounts.given import pod_identity
from tests.keys.accounts.issuer import Issuer
from tests.keys.minio import Store

PROGRAM = """
import sys
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
store = S3ArtifactRepository("s3://mlflow/runs/1")
store.log_artifact(sys.argv[1], "pictures")
print([item.path for item in store.list_artifacts("pictures")])
"""


def test_mlflow_writes_and_lists_with_what_is_lent_to_its_account(
    trusting: Store, issuer: Issuer, tmp_path: Path
) -> None:
    (container,) = render(WITHOUT_KEYS).one("Deployment", "dandelion-mlflow").containers
    told = {item["name"]: item["value"] for item in container["env"]}
    assert not [name for name in told if "KEY" in name or "TOKEN" in name]
    given = {name: value for name, value in told.items() if name.startswith(("AWS", "MLFLOW_"))}
    file = tmp_path / "picture.txt"
    file.write_text("a picture")
    with pod_identity(issuer, trusting, tmp_path, "mlflow") as pod:
        ended = subprocess.run(
            [Path(os.environ["DANDELION_MLFLOW"]) / "python", "-c", PROGRAM, file],
            env={
                **given,
                **{"MLFLOW_S3_ENDPOINT_URL": trusting.url, "HOME": str(tmp_path)},
                **pod.environment,
            },
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "pictures/picture.txt" in ended.stdout
    assert trusting.names("mlflow") == {"runs/1/pictures/picture.txt"}
    assert pod.asked
