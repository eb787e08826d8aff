"""k8s/install.yaml is what the chart renders now, and can be applied as it stands."""

from __future__ import annotations

import yaml

from tests.chart.install_manifest import PATH, rendered


def test_the_file_is_what_the_chart_renders() -> None:
    assert PATH.read_text() == rendered(), "run `make manifests`"


def test_the_namespace_comes_first_and_enforces_restricted() -> None:
    first = next(document for document in yaml.safe_load_all(PATH.read_text()) if document)
    assert first["kind"] == "Namespace"
    labels = first["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_it_holds_no_test_and_no_secret() -> None:
    text = PATH.read_text()
    assert "helm.sh/hook: test" not in text
    assert "kind: Secret" not in text
