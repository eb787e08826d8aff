"""k8s/install.yaml: the chart with its defaults, for people without Helm.

`python -m tests.chart.install_manifest` writes it anew; a test holds it against the chart.
"""

from __future__ import annotations

from dandelion_local import places

from tests.chart.rendering import template

PATH = places.REPOSITORY / "k8s" / "install.yaml"
HEADER = """\
# Dandelion with all defaults, rendered from charts/dandelion; `make manifests` renders it anew.
#   kubectl apply --server-side -f install.yaml
# Applying it again is safe: keys are made once, inside the cluster, and never replaced.
"""


def rendered() -> str:
    return HEADER + template({"namespace": {"create": True}}, "--skip-tests")


if __name__ == "__main__":
    PATH.write_text(rendered())
