"""What former releases made, for tests of what is left of it after an upgrade.

`deployment.yaml` is the smallest resource's serving Deployment of the last release before probes
and metrics got a port of their own, to the last field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from dandelion_operator.api import naming
from fakes.cluster import copied

DEPLOYMENT: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "deployment.yaml").read_text())
LATER_VARIABLES = ("DANDELION_GRACE_SECONDS", "DANDELION_MODEL_UID")


def with_one_port(deployment: dict[str, Any]) -> dict[str, Any]:
    """A Deployment as that release made it of the same resource."""
    found = copied(deployment)
    template = found["spec"]["template"]
    del template["metadata"]["annotations"][naming.METRICS_PORT_ANNOTATION]
    if not template["metadata"]["annotations"]:
        del template["metadata"]["annotations"]
    template["spec"]["terminationGracePeriodSeconds"] = 30
    (container,) = template["spec"]["containers"]
    container["env"] = [item for item in container["env"] if item["name"] not in LATER_VARIABLES]
    container["ports"] = [{"name": "http", "containerPort": 8080}]
    for probe in ("readinessProbe", "livenessProbe"):
        container[probe]["httpGet"]["port"] = "http"
    return found
