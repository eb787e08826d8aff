"""What a network starts from: weights that were learnt before, or random ones.

`pipeline` calls `begin` unless there is a checkpoint, which remembers what the run started from.
Weights are only ever read as safetensors.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import safetensors
import structlog
import torch
from torch import nn

from dandelion_training.learn.network import HEAD
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, ObjectStore

log = structlog.get_logger()

RANDOM = "random"
CHAMPION = "champion"  # as the operator names it in an address, unless there is none
LENIENT = ("auto", CHAMPION)
# Reasons that these take as "there are none": who never asked for them need not be stopped by
# them.
ABSENT = (Reason.WEIGHTS_UNAVAILABLE, Reason.CREDENTIALS_REJECTED, Reason.BUCKET_NOT_FOUND)


@dataclass(frozen=True)
class Start:
    """What the weights were before the first step."""

    source: str = RANDOM  # the URI of learnt weights
    head_kept: bool = False  # whether the head was learnt too, because its classes are the same

    @property
    def learnt(self) -> bool:
        return self.source != RANDOM


def pretrained(bucket: str, architecture: str) -> Location:
    """The installation's learnt weights for an architecture; the chart's set-up Job puts them
    there.
    """
    return Location(bucket, f"pretrained/{architecture}.safetensors")


def begin(
    network: nn.Module,
    store: ObjectStore,
    wanted: str,
    architecture: str,
    models: Location,
    classes: tuple[str, ...],
    work: Path,
) -> Start:
    """Load into the network what is wanted: auto, none, imagenet, a URI, or champion, which is
    wanted here only where there is no champion and then means auto.

    Raises `TrainingFailure` where that cannot be had; with auto only where the store is away.
    """
    if wanted == "none":
        return Start()
    if wanted in (*LENIENT, "imagenet"):
        location = pretrained(models.bucket, architecture)
    else:
        location = _parsed(wanted)
    try:
        head_kept = _load(network, store, location, classes, work)
    except TrainingFailure as failure:
        if wanted in LENIENT and failure.reason in ABSENT:
            log.info("no learnt weights", location=str(location), reason=failure.message)
            return Start()
        raise
    return Start(str(location), head_kept)


def warning(start: Start, wanted: str, architecture: str, models: Location) -> str | None:
    """What the user should know of the start, where it is not the one that was asked for."""
    if wanted not in LENIENT or (start.learnt and wanted != CHAMPION):
        return None
    none = (
        "There is no champion yet that training could go on from (training.initialWeights:"
        " champion), so it began as with auto. "
    )
    said = none if wanted == CHAMPION else ""
    if start.learnt:
        return f"{said}The weights came from {start.source}."
    return (
        f"{said}Training began with random weights, which costs accuracy wherever images are few:"
        f" there are no usable weights at {pretrained(models.bucket, architecture)}. Install the"
        f" chart with pretrained.enabled=true and {architecture} among pretrained.architectures,"
        " where there is internet, or put a file there; or write training.initialWeights: none, if"
        " random is what you want."
    )


def _parsed(wanted: str) -> Location:
    try:
        return Location.parse(wanted)
    except ValueError as error:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE,
            f"training.initialWeights is {wanted!r};"
            " write auto, none, imagenet, champion or s3://bucket/key.safetensors.",
        ) from error


def _load(
    network: nn.Module, store: ObjectStore, location: Location, classes: tuple[str, ...], work: Path
) -> bool:
    """Start from stored weights. True where the head came along: its classes are the same."""
    content = store.read(location)
    if content is None:
        hint = ""
        if location.key.startswith("pretrained/"):
            hint = (
                " Install the chart with pretrained.enabled=true where there is internet, or put"
                " torchvision's weights there: safetensors.torch.save_file("
                "torchvision.models.get_model(NAME, weights='DEFAULT').state_dict(), FILE)."
            )
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE, f"There are no weights at {location}.{hint}"
        )
    path = work / "initial.safetensors"
    path.write_bytes(content)
    del content
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            described = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE, f"{location} is not a safetensors file: {error}"
        ) from error
    finally:
        path.unlink()
    same_classes = described.get("classes") == json.dumps(list(classes))
    return _take(network, tensors, location, with_head=same_classes)


def _take(
    network: nn.Module, tensors: dict[str, torch.Tensor], location: Location, *, with_head: bool
) -> bool:
    own = network.state_dict()
    skipped = set() if with_head else {name for name in own if name.startswith(f"{HEAD}.")}
    unfit = sorted(
        name
        for name, value in own.items()
        if name not in skipped and (name not in tensors or tensors[name].shape != value.shape)
    )
    if unfit:
        raise TrainingFailure(
            Reason.WEIGHTS_UNAVAILABLE,
            f"The weights at {location} are for another architecture:"
            f" {len(unfit)} tensors do not fit, {unfit[0]} first."
            " Use weights of the same training.architecture.",
        )
    network.load_state_dict({name: own[name] if name in skipped else tensors[name] for name in own})
    return with_head
