"""`python -m dandelion_inference`: what the inference container runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from dandelion_inference.model.readiness import Readiness
    from dandelion_inference.ports.metrics import Metrics
    from dandelion_inference.ports.settings import Settings

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h

# A client that sends all of its body before it reads has to get that far to see why it is refused.
DRAINED_UPLOADS = 8


def main() -> int:
    # Until the server handles signals itself there is nothing to drain. The first process of a
    # container ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

    # All that is imported stays: looking through it for garbage is a waste of time, now and later.
    gc.disable()

    from pydantic import ValidationError

    from dandelion_inference.ports.settings import Settings, complaint

    try:
        settings = Settings.model_validate({})
    except ValidationError as error:
        print(f"wrong configuration: {complaint(error)}", file=sys.stderr)
        return EXIT_CONFIGURATION

    from dandelion_inference.model.readiness import Readiness
    from dandelion_inference.model.startup import begun
    from dandelion_inference.ports.cpu import usable_cpus
    from dandelion_inference.ports.log import set_up_logging
    from dandelion_inference.ports.metrics import Metrics

    set_up_logging()
    threads = usable_cpus()
    readiness, metrics = Readiness(), Metrics(settings)
    begun(settings, readiness, metrics, threads)
    _serve(settings, readiness, metrics, threads)
    return 0


def end(code: int) -> NoReturn:
    """Ends the process at once, its log written by then.

    The interpreter would wait for every thread, and one in native code may never come back: that
    compiles the model, or computes what nobody waits for any more.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _serve(settings: Settings, readiness: Readiness, metrics: Metrics, threads: int) -> None:
    import structlog

    from dandelion_inference.answer.drift.monitor import DriftMonitor
    from dandelion_inference.front.app import create_app
    from dandelion_inference.front.connection.bounds import ConnectionBounds
    from dandelion_inference.front.routes.probes import create_probes
    from dandelion_inference.front.server import DrainingServer, ProbesServer, listen, run

    drift = DriftMonitor(metrics)
    app = create_app(settings, readiness, metrics, threads, drift)
    bounds = ConnectionBounds(
        max_connections=settings.max_connections,
        max_headers=settings.max_headers,
        max_head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_seconds,
        max_drained_bytes=DRAINED_UPLOADS * settings.max_upload_bytes,
        drain_seconds=settings.refused_drain_seconds,
        stalled_seconds=settings.stalled_seconds,
    )
    public = DrainingServer(app, readiness, settings.ending, bounds)
    probes = ProbesServer(create_probes(settings, readiness, metrics, drift.recent))
    log = structlog.get_logger()
    if settings.ending.cuts_requests:
        log.warning(
            "requests may be cut off when the pod ends", grace_seconds=settings.grace_seconds
        )
    with (
        listen(settings.host, settings.port) as listening,
        listen(settings.host, settings.probes_port) as listening_for_probes,
    ):
        log.info(
            "listening",
            port=listening.getsockname()[1],
            probes_port=listening_for_probes.getsockname()[1],
            threads=threads,
            model=settings.model_name,
            version=settings.model_version,
        )
        gc.freeze()
        gc.enable()
        run(public, listening, probes, listening_for_probes)


if __name__ == "__main__":
    try:
        end(main())
    except Exception:  # noqa: BLE001 - whatever it is, the process ends as it always does
        traceback.print_exc()
        end(1)
