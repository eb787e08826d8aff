"""A training run's state after an epoch, as one object in S3.

One safetensors file holds weights and optimizer state, and in its header as JSON where the run
stood: a single PUT, so a reader finds either the whole of the last epoch or the whole of the one
before, and reading it executes nothing. There is no state of a random generator in it, because all
chance in a run follows from (seed, epoch, image). `fit` uses it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from dandelion_training.ports.storage import Location, ObjectStore

FILE = "checkpoint.safetensors"
CONTENT_TYPE = "application/octet-stream"
DESCRIPTION = "dandelion"


@dataclass(frozen=True)
class Position:
    """Where a run stands, and what it must still be about for the state to be its own."""

    epoch: int  # epochs done
    dataset: str  # the manifest's digest
    steps: int  # of the whole run


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
        self._store.write(self._location, self._file, CONTENT_TYPE)
        self._file.unlink()

    def restore(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, dataset: str, steps: int
    ) -> int:
        """The number of epochs that are done; 0 where no state belongs to this run."""
        content = self._store.read(self._location)
        if content is None:
            return 0
        self._file.write_bytes(content)
        del content  # hundreds of megabytes that would lie beside the tensors read from them
        try:
            with safetensors.safe_open(self._file, framework="pt") as file:
                position = Position(**json.loads((file.metadata() or {})[DESCRIPTION]))
                if (position.dataset, position.steps) != (dataset, steps):
                    return 0
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, KeyError, TypeError, ValueError):
            return 0
        finally:
            self._file.unlink()
        _restore(tensors, network, optimizer)
        return position.epoch

    def remove(self) -> None:
        self._store.delete(self._location)


def _restore(
    tensors: dict[str, torch.Tensor], network: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    own: dict[str, torch.Tensor] = {}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
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
                # The fused step walks weights and state side by side through memory; the file knows
                # shapes but no memory layouts, so the state takes its weight's.
                values[key] = torch.empty_like(parameter).copy_(value)
