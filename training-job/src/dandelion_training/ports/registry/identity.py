"""Who a run is to an MLflow that asks the cluster who may do what.

MLflow's client takes token and workspace from its environment, for every request anew; the kubelet
renews the token in its file. Its own provider for pods does the same, and wants the whole client of
Kubernetes for it. Used by `registry`.
"""

import os
from collections.abc import Callable
from pathlib import Path

Identify = Callable[[], None]


def nobody() -> None:
    """To an MLflow that lets everybody in."""


def identity(token_file: Path | None, namespace: str) -> Identify:
    """What is to be called before a request. It raises OSError where the file cannot be read."""
    if token_file is None:
        return nobody

    def identify() -> None:
        os.environ["MLFLOW_TRACKING_TOKEN"] = token_file.read_text(encoding="utf-8").strip()
        os.environ["MLFLOW_WORKSPACE"] = namespace

    return identify
