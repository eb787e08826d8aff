"""Models without number, and of a size that somebody chose: the console has the chart's memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml
from dandelion_local import places

from tests.api.server import ApiServer
from tests.console.served import TEAM, Console, administrator, serving

# All that `edit` gives somebody in one namespace, and what an annotation may hold.
MEADOW = "meadow"
MODELS = 300
ANNOTATION_BYTES = 250_000
AT_ONCE = 8
UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}


@pytest.fixture(scope="module")
def crowded(api: ApiServer, console: Console) -> Iterator[None]:
    api.kubectl("create", "namespace", MEADOW)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(lambda number: large(api, f"lawn-{number}"), range(MODELS)))
    yield
    api.kubectl("delete", "mdep", "--all", "-n", MEADOW, "--wait=false")


def large(api: ApiServer, name: str) -> None:
    model = {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "annotations": {"note": "a" * ANNOTATION_BYTES}},
        "spec": {"dataset": {"storageUri": f"s3://datasets/{name}"}},
    }
    administrator(api, "POST", f"{MEADOW}/modeldeployments", json=model)


def limit() -> int:
    """Beyond which the container is killed, in bytes."""
    values = yaml.safe_load((places.REPOSITORY / "charts/dandelion/values.yaml").read_text())
    told = values["console"]["resources"]["limits"]["memory"]
    return int(told[:-2]) * UNITS[told[-2:]]


def most(process: int) -> int:
    """The memory that it has had at most, in bytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the process tells nothing of its memory")


def test_a_namespace_full_of_large_models_takes_the_console_from_nobody(
    api: ApiServer, crowded: None, tmp_path: Path
) -> None:
    with serving(api, tmp_path) as console:
        with closing(console.logged_in("overseer")) as browser:
            page = browser.get("/")
            assert page.status_code == 200, page.text
            for number in (0, MODELS - 1):
                assert f'href="/namespaces/{MEADOW}/models/lawn-{number}"' in page.text
            assert f'href="/namespaces/{TEAM}/models/lawn"' in page.text
            asked = [httpx.Request("GET", f"{console.url}/")] * AT_ONCE
            with ThreadPoolExecutor(AT_ONCE) as workers:
                answers = list(workers.map(lambda each: browser.get(each.url), asked))
            assert {answer.status_code for answer in answers} <= {200, 429}
        assert most(console.process) < limit()
