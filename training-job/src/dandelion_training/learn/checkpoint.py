"""A training run's state after a step, as one object in S3.

One safetensors file holds weights and optimizer state, and in its header as JSON where the run
stood: a single PUT, so a reader finds either the whole of the last state or the whole of the one
before, and reading it executes nothing. There is no state of a random generator in it, because all
chance in a run follows from (seed, epoch, image). `pipeline` reads it, `fit` writes it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from dandelion_training.learn.start import Start
from dandelion_training.ports.storage import Location, ObjectStore

FILE = "checkpoint.safetensors"
CONTENT_TYPE = "application/octet-stream"
DESCRIPTION = "dandelion"


@dataclass(frozen=True)
class Position:
    """Where a run stands, and what it must still be about for the state to be its own."""

    dataset: str  # the manifest's digest
    steps: int  # of the whole run
    start: Start
    epoch: int = 0  # epochs done, their figures included
    batch: int = 0  # batches done of the epoch after those
    loss: float = 0.0  # of those batches, summed over their images
    images: int = 0
    seconds: float = 0.0  # spent on those batches
    figures: tuple[dict[str, float], ...] = ()  # of each epoch done


@dataclass(frozen=True)
class Checkpoint:
    """A state to go on from."""

    position: Position
    tensors: dict[str, torch.Tensor]

    def restore(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        own: dict[str, torch.Tensor] = {}
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in self.tensors.items():
            part, _, rest = name.partition(".")
            if part == "network":
                own[rest] = value
            else:
                index, _, key = rest.partition(".")
                state.setdefault(int(index), {})[key] = value
        network.load_state_dict(own)
        optimizer.load_state_dict(
            {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
        )
        for parameter, values in optimizer.state.items():
            for key, value in values.items():
                if value.shape == parameter.shape:
                    # The fused step walks weights and state side by side through memory; the file
                    # knows shapes but no memory layouts, so the state takes its weight's.
                    values[key] = torch.empty_like(parameter).copy_(value)


class Checkpoints:
    """The one current checkpoint of a run."""

    def __init__(self, store: ObjectStore, folder: Location, work: Path) -> None:
        self._store = store
        self._location = folder.child(FILE)
        self._file = work / FILE

    def save(
        self, position: Position, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> None:
        tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items()}
        safetensors.torch.save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
            self._file,
            metadata={DESCRIPTION: json.dumps(asdict(position))},
        )
        try:
            self._store.write(self._location, self._file, CONTENT_TYPE)
        finally:
            self._file.unlink()

    def read(self, dataset: str, steps: int) -> Checkpoint | None:
        """The run's state. None where there is none, or none of this dataset and so many steps."""
        content = self._store.read(self._location)
        if content is None:
            return None
        self._file.write_bytes(content)
        del content  # hundreds of megabytes that would lie beside the tensors read from them
        try:
            with safetensors.safe_open(self._file, framework="pt") as file:
                position = _position((file.metadata() or {})[DESCRIPTION])
                if (position.dataset, position.steps) != (dataset, steps):
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError):
            return None
        finally:
            self._file.unlink()
        return Checkpoint(position, tensors)

    def remove(self) -> None:
        self._store.delete(self._location)


def _position(text: str) -> Position:
    described: dict[str, Any] = json.loads(text)
    start, figures = Start(**described.pop("start")), tuple(described.pop("figures"))
    return Position(**described, start=start, figures=figures)
