"""`python -m dandelion_operator`: what the operator's image runs."""

from __future__ import annotations

import kopf
from pydantic import ValidationError

from dandelion_operator import logs, main
from dandelion_operator.settings import Settings


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
    kopf.run(standalone=True, clusterwide=not namespaces, namespaces=namespaces)


assert main.start is not None  # importing main registers its handlers with kopf

if __name__ == "__main__":
    run()
