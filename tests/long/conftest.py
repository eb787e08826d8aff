"""The same cluster, and a namespace a module, as the end-to-end tests have."""

from tests.e2e.conftest import cluster, mlflow_url, s3, world

__all__ = ["cluster", "mlflow_url", "s3", "world"]
