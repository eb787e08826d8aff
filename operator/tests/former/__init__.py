"""What former releases made, for tests of what is left of it after an upgrade.

`deployment.yaml` is the smallest resource's serving Deployment of the last release before probes
and metrics got a port of their own, to the last field. Its keys are two files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from dandelion_operator.api import naming
from fakes.cluster import copied

DEPLOYMENT: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "deployment.yaml").read_text())
TWO_FILES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
LATER_VARIABLES = ("DANDELION_GRACE_SECONDS", "DANDELION_MODEL_UID")


def with_one_port(deployment: dict[str, Any]) -> dict[str, Any]:
    """A Deployment as that release made it of the same resource."""
    found = copied(deployment)
    template = found["spec"]["template"]
    for later in (naming.METRICS_PORT_ANNOTATION, naming.SESSION_TOKEN_ANNOTATION):
        del template["metadata"]["annotations"][later]
    if not template["metadata"]["annotations"]:
        del template["metadata"]["annotations"]
    template["spec"]["terminationGracePeriodSeconds"] = 30
    (container,) = template["spec"]["containers"]
    container["env"] = [item for item in container["env"] if item["name"] not in LATER_VARIABLES]
    container["ports"] = [{"name": "http", "containerPort": 8080}]
    for probe in ("readinessProbe", "livenessProbe"):
        container[probe]["httpGet"]["port"] = "http"
    template["spec"]["volumes"] = [_of_two_files(item) for item in template["spec"]["volumes"]]
    return found


def without_a_log(deployment: dict[str, Any]) -> dict[str, Any]:
    """As a release made it that wrote no predictions down."""
    found = with_one_port(deployment)
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for part, kind in ((pod, "volumes"), (container, "volumeMounts")):
        part[kind] = [item for item in part[kind] if item["name"] != naming.LOG]
    container["env"] = [
        item for item in container["env"] if not item["name"].startswith("DANDELION_LOG_")
    ]
    return found


def _of_two_files(volume: dict[str, Any]) -> dict[str, Any]:
    """A key was an access key and a secret key, and nothing that came later was mounted."""
    if "projected" not in volume:
        return volume
    given = volume["projected"]["sources"][0]["secret"]
    secret = {
        "secretName": given["name"],
        "items": [item for item in given["items"] if item["key"] in TWO_FILES],
        "defaultMode": volume["projected"]["defaultMode"],
    }
    optional = {"optional": True} if given.get("optional") else {}
    return {"name": volume["name"], "secret": secret | optional}
