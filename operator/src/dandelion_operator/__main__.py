"""`python -m dandelion_operator`: what the operator's image runs."""

from __future__ import annotations

import kopf
from pydantic import ValidationError

from dandelion_operator.process import handlers, logs
from dandelion_operator.process.settings import Settings


def run() -> None:
    try:
        settings = Settings.from_environment()
    except ValidationError as error:
        wrong = "; ".join(
            f"DANDELION_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()
        )
        raise SystemExit(f"the operator's settings are incomplete: {wrong}") from None
    logs.configure(settings.log_format)
    namespaces = settings.namespaces
    if settings.namespace_role:
        handlers.watch_namespaces()
    kopf.run(standalone=True, clusterwide=not namespaces, namespaces=namespaces)


assert handlers.start is not None  # importing them registers the handlers with kopf

if __name__ == "__main__":
    run()
