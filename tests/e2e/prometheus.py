"""Prometheus on this machine: it scrapes pods of the cluster, which is routable from here, and
gives what it finds the labels that the chart's monitors give it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from dandelion_local import tools

PORT = 19090


@dataclass(frozen=True)
class Prometheus:
    """One that runs, at an address."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that answer it now; fails with Prometheus's words where it is no query."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=30).json()
        assert answer["status"] == "success", f"{query}: {answer.get('error')}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Each alert, with `health` and `lastError` of its evaluation."""
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    @property
    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def prometheus(
    folder: Path, scrapes: Sequence[dict[str, Any]], rules: Sequence[Path] = ()
) -> Iterator[Prometheus]:
    """For as long as the block runs; `folder` takes its files."""
    tools.ensure(tools.holding(["prometheus"]))
    configuration = {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "scrape_configs": list(scrapes),
        "rule_files": [str(file) for file in rules],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    command = [
        str(tools.path("prometheus")),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{PORT}",
    ]
    with program(command, folder / "prometheus.log"):
        found = Prometheus(f"http://127.0.0.1:{PORT}")
        deadline = time.monotonic() + 60
        while not found.ready:
            assert time.monotonic() < deadline, (folder / "prometheus.log").read_text()
            time.sleep(0.2)
        yield found


def pods(
    kubeconfig: Path | None, namespace: str, components: str, own_labels: bool = False
) -> dict[str, Any]:
    """Scrapes the pods of components, a pattern, in a namespace. `own_labels`: what a pod says of
    `namespace` and `pod` is about others, and stays.
    """
    meta = "__meta_kubernetes_pod"
    return {
        "job_name": components,
        "honor_labels": own_labels,
        "kubernetes_sd_configs": [
            {
                "role": "pod",
                "kubeconfig_file": str(kubeconfig),
                "namespaces": {"names": [namespace]},
            }
        ],
        "relabel_configs": [
            _kept(f"{meta}_label_app_kubernetes_io_component", components),
            _kept(f"{meta}_container_port_name", "metrics"),
            _copied("__meta_kubernetes_namespace", "namespace"),
            _copied(f"{meta}_name", "pod"),
            _copied(f"{meta}_label_dandelion_dev_modeldeployment", "modeldeployment"),
        ],
    }


def _kept(source: str, pattern: str) -> dict[str, Any]:
    return {"source_labels": [source], "regex": pattern, "action": "keep"}


def _copied(source: str, target: str) -> dict[str, Any]:
    return {"source_labels": [source], "target_label": target}


@contextmanager
def program(command: list[str], log: Path) -> Iterator[None]:
    """Runs beside the block, and has not ended a second after its start."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            time.sleep(1)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(30)
