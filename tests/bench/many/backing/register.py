"""Registers versions, a JSON object a line on standard input. Runs with MLflow's packages.

Over HTTP, ten thousand of them would take a quarter of an hour.
"""

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """The database is the only argument; a line holds `model`, `source`, `tags` and `champion`."""
    entities: Any = import_module("mlflow.entities.model_registry")
    stores: Any = import_module("mlflow.store.model_registry.sqlalchemy_store")
    store = stores.SqlAlchemyStore(sys.argv[1])
    made: set[str] = set()
    for line in sys.stdin:
        version = json.loads(line)
        if version["model"] not in made:
            store.create_registered_model(version["model"])
            made.add(version["model"])
        tags = [entities.ModelVersionTag(*tag) for tag in version["tags"].items()]
        found = store.create_model_version(version["model"], version["source"], tags=tags)
        if version["champion"]:
            store.set_registered_model_alias(version["model"], "champion", found.version)


if __name__ == "__main__":
    main()
