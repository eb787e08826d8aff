"""`python -m dandelion_inference.reviewer`: what the token reviewer's container runs."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dandelion_inference.reviewer.settings import Settings

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    # The first process of a container ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

    from pydantic import ValidationError

    from dandelion_inference.ports.settings import complaint
    from dandelion_inference.reviewer.settings import Settings

    try:
        settings = Settings.model_validate({})
    except ValidationError as error:
        print(f"wrong configuration: {complaint(error)}", file=sys.stderr)
        return EXIT_CONFIGURATION
    _serve(settings)
    return 0


def _serve(settings: Settings) -> None:
    import structlog

    from dandelion_inference.front.connection.bounds import ConnectionBounds
    from dandelion_inference.front.server import DrainingServer, ProbesServer, listen, run
    from dandelion_inference.intake.reviews import MAX_QUESTION_BYTES
    from dandelion_inference.ports.log import set_up_logging
    from dandelion_inference.reviewer.api_server import ApiServer
    from dandelion_inference.reviewer.app import App
    from dandelion_inference.reviewer.metrics import Metrics
    from dandelion_inference.reviewer.probes import create_probes
    from dandelion_inference.reviewer.reviews import Reviews
    from dandelion_inference.reviewer.standing import Standing

    set_up_logging()
    api = ApiServer(
        settings.kubernetes_service_host,
        settings.kubernetes_service_port,
        settings.service_account_dir,
    )
    standing, metrics = Standing(), Metrics()
    bounds = ConnectionBounds(
        # Of a few hundred serving pods, each of which keeps up to eight.
        max_connections=4096,
        max_headers=50,
        max_head_bytes=16 * 1024,
        head_seconds=5,
        max_drained_bytes=8 * MAX_QUESTION_BYTES,
        drain_seconds=1,
        stalled_seconds=10,
    )
    app = App(Reviews(api, standing, metrics), standing, api)
    public = DrainingServer(app, standing, settings.ending, bounds)
    probes = ProbesServer(create_probes(standing, metrics))
    with (
        listen(settings.host, settings.port) as listening,
        listen(settings.host, settings.probes_port) as listening_for_probes,
    ):
        structlog.get_logger().info(
            "listening",
            port=listening.getsockname()[1],
            probes_port=listening_for_probes.getsockname()[1],
        )
        run(public, listening, probes, listening_for_probes)


if __name__ == "__main__":
    sys.exit(main())
