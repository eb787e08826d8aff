"""`python -m dandelion_console`: what the console's container runs."""

from __future__ import annotations

import ssl
import sys
import time

import structlog
from pydantic import ValidationError

from dandelion_console.cluster.api import connect
from dandelion_console.cluster.serving import connection
from dandelion_console.front.app import COUNTED, create_app
from dandelion_console.front.server import listen, server
from dandelion_console.ports.account import Account
from dandelion_console.ports.log import set_up_logging
from dandelion_console.ports.metrics import Metrics
from dandelion_console.ports.oidc import Oidc
from dandelion_console.ports.settings import Settings, complaint
from dandelion_console.provider.discovery import connection as provider_connection
from dandelion_console.provider.login import Provider

EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h


def main() -> int:
    try:
        settings, oidc = Settings.model_validate({}), Oidc.model_validate({})
    except ValidationError as error:
        print(f"wrong configuration: {complaint(error)}", file=sys.stderr)
        return EXIT_CONFIGURATION
    set_up_logging()
    try:
        api = connect(settings.api_server, settings.ca_file, Account(settings.account_token_file))
    except (OSError, ssl.SSLError) as error:
        print(f"no certificates in {settings.ca_file}: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    try:
        provider = Provider(oidc, provider_connection(oidc.ca_file), time.time) if oidc else None
    except (OSError, ssl.SSLError) as error:
        print(f"no certificates in {oidc.ca_file}: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    metrics = Metrics(COUNTED)
    with listen(settings.host, settings.port) as listening:
        ports = {
            "port": listening.getsockname()[1],
            "metrics_port": metrics.serve(settings.metrics_port),
        }
        structlog.get_logger().info("listening", **ports, api_server=settings.api_server)
        app = create_app(settings, api, connection(), provider=provider, metrics=metrics)
        server(app).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
