"""`python -m dandelion_training.pretrained`: the set-up Job of the chart.

Ends well where the weights are there, and, unless they are required, where they cannot be had.
"""

import sys
from typing import Any

import structlog

from dandelion_training.ports.storage import s3
from dandelion_training.pretrained.setup import PretrainedSettings, set_up
from dandelion_training.run.job import configure_logging

log = structlog.get_logger()


def main() -> int:
    given: dict[str, Any] = {}
    settings = PretrainedSettings(**given)
    configure_logging(settings.log_format)
    store = s3.connect(
        settings.s3_endpoint,
        settings.s3_region,
        settings.s3_credentials_dir,
        settings.s3_ca_bundle,
        attempts=2,
        pool=1,
    )
    problem = set_up(settings, store)
    if problem is None:
        return 0
    if settings.pretrained_required:
        log.error("the weights that pretrained.enabled=true asks for are not there", cause=problem)
        return 1
    log.warning("training will begin with random weights", cause=problem)
    return 0


if __name__ == "__main__":
    sys.exit(main())
