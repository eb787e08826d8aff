"""`python -m dandelion_inference`: what the inference container runs."""

from __future__ import annotations

import signal
import sys

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    # Until the server handles signals itself there is nothing to drain. The first process of a
    # container ignores signals that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    from pydantic import ValidationError

    from dandelion_inference.settings import Settings, complaint

    try:
        settings = Settings.model_validate({})
    except ValidationError as error:
        print(f"wrong configuration: {complaint(error)}", file=sys.stderr)
        return EXIT_CONFIGURATION

    import structlog

    from dandelion_inference.app import create_app
    from dandelion_inference.cpu import usable_cpus
    from dandelion_inference.log import set_up_logging
    from dandelion_inference.readiness import Readiness
    from dandelion_inference.server import DrainingServer, listen

    set_up_logging()
    threads = usable_cpus()
    readiness = Readiness()
    server = DrainingServer(
        create_app(settings, readiness, threads), readiness, settings.drain_seconds
    )
    with listen(settings.host, settings.port) as listening:
        structlog.get_logger().info(
            "listening",
            port=listening.getsockname()[1],
            threads=threads,
            model=settings.model_name,
            version=settings.model_version,
        )
        server.run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
