"""From the JSON of Kubernetes' objects to what the decisions need of them, by kind.

Pure; called by `observe`, the only folder that knows what such objects look like from outside.
"""

from dandelion_operator.loop.observe.readings.config_maps import mounted_table
from dandelion_operator.loop.observe.readings.deployments import deployment
from dandelion_operator.loop.observe.readings.jobs import (
    evaluation_job,
    ingest_job,
    is_evaluation,
    is_ingest,
    job,
)
from dandelion_operator.loop.observe.readings.objects import holds
from dandelion_operator.loop.observe.readings.pods import is_serving_pod, pod, probes_port
from dandelion_operator.loop.observe.readings.routes import ingress, route
from dandelion_operator.loop.observe.readings.services import budget, ready_endpoints, service

__all__ = [
    "budget",
    "deployment",
    "evaluation_job",
    "holds",
    "ingest_job",
    "ingress",
    "is_evaluation",
    "is_ingest",
    "is_serving_pod",
    "job",
    "mounted_table",
    "pod",
    "probes_port",
    "ready_endpoints",
    "route",
    "service",
]
