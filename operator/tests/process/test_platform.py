"""OpenShift is recognised by its API, unless the installation says how it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dandelion_operator.ports.kube.cluster import UnreachableError
from dandelion_operator.process import platform
from dandelion_operator.process.settings import Settings

REQUIRED = {
    "training_image": "training:1",
    "inference_image": "inference:1",
    "mlflow_tracking_uri": "http://mlflow",
    "s3_endpoint": "http://s3",
}


class Discovery:
    """An API server of which only this is known: whether it has OpenShift's group."""

    def __init__(self, status: int) -> None:
        self.status, self.asked = status, 0

    async def request(self, method: str, path: str, *_: Any, **__: Any) -> tuple[int, Any]:
        assert (method, path) == ("GET", "/apis/security.openshift.io")
        self.asked += 1
        return self.status, {}


def fixed_ids(status: int, said: str = "auto") -> bool:
    settings = Settings.model_validate(REQUIRED | {"fixed_ids": said})
    found = asyncio.run(platform.resolved(settings, Discovery(status)))
    return found.defaults.fixed_ids


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        pytest.param(404, "auto", True, id="a cluster like most"),
        pytest.param(200, "auto", False, id="OpenShift"),
        pytest.param(403, "auto", True, id="a cluster that hides what it is"),
        pytest.param(200, "true", True, id="OpenShift, and the project's own IDs all the same"),
        pytest.param(404, "false", False, id="another cluster that chooses IDs"),
    ],
)
def test_whose_ids_pods_run_with(status: int, said: str, expected: bool) -> None:
    assert fixed_ids(status, said) is expected


@pytest.mark.parametrize("status", [429, 503])
def test_an_api_server_that_does_not_say_is_asked_again(status: int) -> None:
    with pytest.raises(UnreachableError):
        fixed_ids(status)


def test_the_installations_pods_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(f"DANDELION_{name.upper()}", value)
    monkeypatch.setenv("DANDELION_TRAINING_RESOURCES", '{"limits": {"cpu": "4"}}')
    monkeypatch.setenv("DANDELION_TRAINING_POD_TEMPLATE", '{"spec": {"runtimeClassName": "kata"}}')
    found = Settings.from_environment().defaults
    assert found.training_resources == {"limits": {"cpu": "4"}}
    assert found.training_template is not None
    assert found.training_template.pod == {"runtimeClassName": "kata"}
    assert found.inference_resources["limits"] == {"memory": "1Gi"}
    assert found.inference_template is None


def test_a_template_of_the_installation_for_another_container_is_refused() -> None:
    template = {"spec": {"containers": [{"name": "inference"}]}}
    with pytest.raises(ValueError, match="no container is called inference; write training"):
        Settings.model_validate(REQUIRED | {"training_pod_template": template})
