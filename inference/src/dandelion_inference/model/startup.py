"""Begins to bring the model up before anything of HTTP is there.

Fetching and compiling hardly need the interpreter, importing a web framework needs nothing else:
side by side a pod is ready earlier. Called by `__main__`.
"""

from __future__ import annotations

from functools import partial

import structlog

from dandelion_inference.model.artifact import ArtifactReference
from dandelion_inference.model.loader import Loader
from dandelion_inference.model.network import Model, compile_model, openvino
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.model.reference import DriftThresholds
from dandelion_inference.model.store import S3Store
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings

log = structlog.get_logger()


def begun(settings: Settings, readiness: Readiness, metrics: Metrics, threads: int) -> Loader:
    """A loader that is at work, for as long as the process lives."""
    bucket, prefix = settings.artifact_location
    loader = Loader(
        open_store=partial(S3Store, settings),
        reference=ArtifactReference(bucket, prefix, settings.contract_digest),
        asked=settings.precision,
        folder=settings.artifact_dir,
        compile_model=partial(compile_model, threads=threads),
        readiness=readiness,
        on_ready=partial(_count, metrics),
    )
    # Imported first: beside the web framework it would wait for the interpreter half of the time,
    # and compiling would begin later.
    openvino()
    loader.start()
    return loader


def _count(metrics: Metrics, model: Model) -> None:
    contract = model.contract
    metrics.model_loaded(
        contract.classes,
        contract.run,
        contract.architecture,
        model.precision.value,
        tells_unknown=contract.calibration.unknown_threshold is not None,
    )
    drift = contract.reference.drift if contract.reference is not None else DriftThresholds()
    if not drift.windows:
        log.info("drift is not told: the contract has no thresholds, or the holdout is too small")
    metrics.drift_begins(
        drift.rate,
        {
            window.answers: {each.value: most for each, most in window.thresholds.items()}
            for window in drift.windows
        },
    )
