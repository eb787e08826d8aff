"""Where MLflow and Grafana show more of a model, for who set up the console to say where they are.

`mlflow` and `grafana` are their addresses, as browsers know them; empty where nobody said. Which
run or version is meant comes from a status, so it is quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

DASHBOARD = "dandelion-models"


@dataclass(frozen=True)
class Links:
    mlflow: str = ""
    grafana: str = ""

    def model(self, namespace: str, name: str) -> str:
        """The registered model, with all of its versions; empty without MLflow, as the next."""
        return self._mlflow(namespace, f"models/{_quoted(f'{namespace}.{name}')}")

    def version(self, namespace: str, name: str, version: str) -> str:
        place = f"models/{_quoted(f'{namespace}.{name}')}/versions/{_quoted(version)}"
        return self._mlflow(namespace, place)

    def run(self, namespace: str, run_id: str | None) -> str:
        """A run, with the reports that it left."""
        return self._mlflow(namespace, f"runs/{_quoted(run_id)}") if run_id else ""

    def dashboard(self, namespace: str, name: str) -> str:
        """The chart's dashboard, of this model."""
        if not self.grafana:
            return ""
        chosen = urlencode({"var-namespace": namespace, "var-model": name})
        return f"{self.grafana.rstrip('/')}/d/{DASHBOARD}?{chosen}"

    def _mlflow(self, namespace: str, place: str) -> str:
        """Its pages lie behind the #, and a namespace is a workspace there."""
        if not self.mlflow:
            return ""
        return f"{self.mlflow.rstrip('/')}/#/{place}?{urlencode({'workspace': namespace})}"


def _quoted(part: str) -> str:
    return quote(part, safe="")
