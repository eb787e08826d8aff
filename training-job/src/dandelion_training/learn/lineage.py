"""What starting weights have learnt from: the dataset versions of the run that made them, and of
the runs before it. An image among those must not be evaluated on. `pipeline` asks before the
dataset is split.
"""

import json

from dandelion_training.ports.storage import Location, ObjectStore

CONTRACT = "contract.json"


def initial_lineage(store: ObjectStore, initial_weights: str) -> tuple[str, ...]:
    """Digests of dataset versions, oldest first. Weights that no run of Dandelion made have none:
    what they learnt from is not known here.
    """
    try:
        weights = Location.parse(initial_weights)
    except ValueError:
        return ()
    folder = Location(weights.bucket, weights.key.rpartition("/")[0])
    content = store.read(folder.child(CONTRACT)) if folder.key else None
    if content is None:
        return ()
    try:
        dataset = json.loads(content)["dataset"]
        return (*dataset.get("lineage", ()), dataset["digest"])
    except (ValueError, KeyError, TypeError):
        return ()
