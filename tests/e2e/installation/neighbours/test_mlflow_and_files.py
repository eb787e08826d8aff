"""What no account of a namespace gets in MLflow, nor of the files that lie in shared buckets."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest
from dandelion_demo.people import MLFLOW_AUDIENCE

from tests.e2e.installation.neighbours.given import OURS, THEIRS, Json, Neighbours
from tests.e2e.world import COLOURS, picture

API = "/api/2.0/mlflow"


def _calls(neighbours: Neighbours) -> Mapping[str, tuple[str, str, Json]]:
    """Method, path, and the body or the query."""
    there = neighbours.there
    model, version = there.model(THEIRS), there.versions(THEIRS)[0]
    run, source = version["run_id"], version["source"]
    alias = {"name": model, "alias": "champion", "version": "1"}
    metric = {"run_id": run, "key": "accuracy", "value": 1, "timestamp": 1, "step": 1}
    verdict = {"name": model, "version": "1", "key": "dandelion.dev/verdict", "value": "rejected"}
    return {
        "read the model": ("GET", f"{API}/registered-models/get", {"name": model}),
        "read the run": ("GET", f"{API}/runs/get", {"run_id": run}),
        "list its files": ("GET", f"{API}/artifacts/list", {"run_id": run}),
        "move the alias": ("POST", f"{API}/registered-models/alias", alias),
        "register a version": (
            "POST",
            f"{API}/model-versions/create",
            {"name": model, "source": source},
        ),
        "write a verdict": ("POST", f"{API}/model-versions/set-tag", verdict),
        "note a figure": ("POST", f"{API}/runs/log-metric", metric),
        "end the run": ("POST", f"{API}/runs/update", {"run_id": run, "status": "FAILED"}),
        "delete the run": ("POST", f"{API}/runs/delete", {"run_id": run}),
        "delete the model": ("DELETE", f"{API}/registered-models/delete", {"name": model}),
    }


def test_no_token_of_our_accounts_does_anything_with_theirs_in_mlflow(
    neighbours: Neighbours,
) -> None:
    here, there = neighbours.here, neighbours.there
    before = there.aliases(THEIRS), there.versions(THEIRS)
    base = str(there.mlflow.base_url).rstrip("/")
    for account, token in neighbours.minted(MLFLOW_AUDIENCE).items():
        for what, (method, path, body) in _calls(neighbours).items():
            for workspace in (there.namespace, here.namespace):
                headers = {
                    "Authorization": f"Bearer {token}",
                    "X-MLFLOW-WORKSPACE": workspace,
                }
                sent: Json = {"params": body} if method == "GET" else {"json": body}
                url = f"{base}{path}"
                answer = httpx.request(method, url, headers=headers, timeout=30, **sent)
                case = (account, what, workspace, answer.text)
                assert answer.is_client_error, case
                if workspace == there.namespace:
                    assert answer.status_code == httpx.codes.FORBIDDEN, case
    assert (there.aliases(THEIRS), there.versions(THEIRS)) == before


def test_a_version_of_ours_whose_files_are_theirs_is_not_served(neighbours: Neighbours) -> None:
    """By our namespace's administrator, who decides what is served here."""
    here, there = neighbours.here, neighbours.there
    theirs = there.versions(THEIRS)[0]["source"]
    body = {"name": here.model(OURS), "source": theirs}
    answer = here.mlflow.post(f"{API}/model-versions/create", json=body)
    answer.raise_for_status()
    here.move_alias(OURS, answer.json()["model_version"]["version"])
    here.look(OURS)
    here.until(
        "the version is turned down",
        lambda: any(
            condition["reason"] == "ArtifactRejected"
            for condition in here.status(OURS)["conditions"]
        ),
    )
    for deployment in here.owned("deployments", OURS):
        assert theirs not in json.dumps(deployment)
    assert here.predict(OURS, picture(COLOURS["red"], 1)).status_code == httpx.codes.OK
    here.move_alias(OURS, "1")
    here.until_served(OURS, "1")


@pytest.mark.parametrize("bucket", ["models", "predictions"])
def test_their_models_and_predictions_are_no_dataset_of_ours(
    neighbours: Neighbours, bucket: str
) -> None:
    here, name = neighbours.here, f"curious-{bucket}"
    here.train(name, neighbours.place(f"s3://{bucket}/{{there}}/{THEIRS}"))
    here.until_condition(name, "Accepted", "False", "DatasetNotAllowed")
    assert here.owned("jobs", name) == []
