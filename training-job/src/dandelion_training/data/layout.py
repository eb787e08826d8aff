"""How a dataset lies in its bucket: one folder per class, with the images of the class in it.

`dataset` calls `layout` before anything is read.
"""

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Listed, Location, ObjectStore

MINIMUM_CLASSES = 2


def layout(store: ObjectStore, source: Location) -> tuple[list[Listed], tuple[str, ...]]:
    """All files and all classes, each in the order of their names; a failure where these are no
    dataset.
    """
    files = sorted(store.list(source), key=lambda item: item.name)
    if not files:
        raise TrainingFailure(
            Reason.DATASET_EMPTY,
            f"Nothing lies under {source}/."
            " Put one folder per class there, with the images of the class in it.",
        )
    classes = {item.name.split("/", 1)[0] for item in files if "/" in item.name}
    if len(classes) < MINIMUM_CLASSES:
        raise _too_few_classes(source, classes, len(files))
    return files, tuple(sorted(classes))


def _too_few_classes(source: Location, classes: set[str], files: int) -> TrainingFailure:
    found = f"only the class folder {min(classes)!r}" if classes else f"{files} files and no folder"
    return TrainingFailure(
        Reason.TOO_FEW_CLASSES,
        f"There is {found} under {source}/; a classifier needs at least {MINIMUM_CLASSES} classes."
        " Put one folder per class there.",
    )
