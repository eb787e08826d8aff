"""Under which names MLflow answers, and which pages may ask it."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest

from tests.chart.rendering import render


def mlflow_environment(**values: Any) -> dict[str, list[str]]:
    (container,) = render({"mlflow": values}).one("Deployment", "dandelion-mlflow").containers
    found = {item["name"]: item.get("value", "") for item in container["env"]}
    return {
        "hosts": found["MLFLOW_SERVER_ALLOWED_HOSTS"].split(","),
        "origins": found["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(","),
    }


def answers(patterns: list[str], text: str) -> bool:
    """MLflow's own rule for Host headers and for pages that may change something."""
    return any(fnmatch.fnmatch(text, p) if "*" in p else text == p for p in patterns)


def shown_across_origins(patterns: list[str], origin: str) -> bool:
    """Flask-CORS's rule for pages that may read answers: a pattern is a regular expression."""
    return any(
        re.match(p, origin, re.IGNORECASE) if set(p) & set("*\\]?$^[()") else origin == p
        for p in patterns
    )


@pytest.mark.filterwarnings("ignore:Possible nested set")
class TestMLflow:
    @pytest.mark.parametrize(
        "host",
        [
            "localhost:5000",
            "127.0.0.1:15000",
            "[::1]:5000",
            "dandelion-mlflow:5000",
            "dandelion-mlflow.dandelion-system.svc:5000",
            "dandelion-mlflow.dandelion-system.svc.cluster.local:5000",
            "10.96.14.3:5000",
            "172.30.0.2:31500",
            "192.168.1.20",
            "[fd00:10:96::a]:5000",
        ],
    )
    def test_is_reached_under_the_names_it_has_in_a_cluster(self, host: str) -> None:
        found = mlflow_environment()
        assert answers(found["hosts"], host)
        local = host.startswith(("localhost", "127.", "[::1]"))  # MLflow allows these by itself
        assert local or answers(found["origins"], f"http://{host}")

    @pytest.mark.parametrize(
        "host",
        [
            "evil.com",
            "10.evil.com:5000",
            "192.168.evil.com",
            "localhost.evil.com:5000",
            "dandelion-mlflow.dandelion-system.svc.evil.com:5000",
            "172.32.0.1:5000",
            "8.8.8.8:5000",
        ],
    )
    def test_is_not_reached_under_a_name_that_only_looks_like_one(self, host: str) -> None:
        found = mlflow_environment()
        assert not answers(found["hosts"], host)
        assert not answers(found["origins"], f"http://{host}")
        assert not shown_across_origins(found["origins"], f"http://{host}")

    def test_is_reached_under_a_name_that_it_was_given(self) -> None:
        found = mlflow_environment(
            allowedHosts=["mlflow.example.com"], corsAllowedOrigins=["https://notebook.example.com"]
        )
        assert answers(found["hosts"], "mlflow.example.com")
        assert answers(found["origins"], "https://mlflow.example.com")
        assert answers(found["origins"], "https://notebook.example.com")
        assert shown_across_origins(found["origins"], "https://notebook.example.com")
        assert not shown_across_origins(found["origins"], "https://mlflow.example.com.evil.com")
