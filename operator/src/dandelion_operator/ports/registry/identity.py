"""As whom MLflow is asked, and for which namespace, where it asks the cluster who may do what.

The kubelet renews the token in its file, so it is read for each request. A namespace is a workspace
of MLflow's there; a registered model lies in that of the namespace which its name begins with. Used
by `calls`.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import httpx

WORKSPACE = "X-MLFLOW-WORKSPACE"


class Token(httpx.Auth):
    def __init__(self, file: Path) -> None:
        self._file = file

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises OSError where the file cannot be read."""
        request.headers["Authorization"] = f"Bearer {self._file.read_text().strip()}"
        yield request


def namespace_of(model: str) -> str:
    """Namespaces have no dot in their names."""
    return model.partition(".")[0]
