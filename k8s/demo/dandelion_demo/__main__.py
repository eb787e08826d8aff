"""`python -m dandelion_demo`: all of the set-up, the main job, and how to go on from there."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from dandelion_local.commands import SetupError
from dandelion_local.progress import say, seconds

from dandelion_demo import people, run
from dandelion_demo.data import DataError, Dataset, digits, from_folder
from dandelion_demo.ending import ending
from dandelion_demo.install import install
from dandelion_demo.target import image_settings, target


def main() -> int:
    """Runs the demo; 0 when a prediction came back, 1 with the cause otherwise."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with one folder of images per class")
    parser.add_argument("--install-only", action="store_true", help="stop once the chart is ready")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        # The data is looked at first: a wrong folder should not cost ten minutes of building.
        dataset = None if arguments.install_only else _dataset(arguments.data)
        cluster = target()
        install(cluster, *image_settings())
        if dataset is None:
            say(f"installed in {seconds(time.monotonic() - began)}")
            return 0
        run.upload(cluster, dataset)
        manifest = run.model_deployment(dataset)
        run.apply(cluster, manifest)
        resource = run.follow(cluster, dataset.name)
        people.let_in(cluster)
        answers = [(i, run.predict(cluster, dataset.name, i)) for i in dataset.unseen]
    except (DataError, SetupError) as problem:
        say(f"\n{problem}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; `make demo` goes on from here, `make down` takes everything away")
        return 130
    print(ending(cluster, resource, answers, time.monotonic() - began))
    return 0


def _dataset(folder: Path | None) -> Dataset:
    return digits() if folder is None else from_folder(folder)


if __name__ == "__main__":
    sys.exit(main())
