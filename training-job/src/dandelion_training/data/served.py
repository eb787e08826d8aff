"""A dataset's images exactly as inference would see them.

`pipeline` makes one `Served` of a dataset: the network is evaluated, exported and quantised with
what it yields, and the reference statistics are taken from it. `batches` shares its arithmetic.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.data.images.inspect import MEAN, SCALE, STD, Geometry, serving_crop
from dandelion_training.data.images.pixels import Pixels
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.version.manifest import Entry

AT_ONCE = 64


def scaled(crops: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """NCHW float32 from 0 to 1, of crops that are HWC uint8."""
    stacked = torch.from_numpy(np.stack(crops))
    return stacked.permute(0, 3, 1, 2).to(torch.float32) * SCALE


def normalised(images: torch.Tensor) -> torch.Tensor:
    """NCHW float32 as the network takes it."""
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1)
    return (images - mean) / std


def targets(entries: Sequence[Entry], classes: Sequence[str], device: torch.device) -> torch.Tensor:
    """The index of each image's class, N int64."""
    index = {label: number for number, label in enumerate(classes)}
    return torch.tensor([index[entry.label] for entry in entries], device=device)


class Drawn:
    """Images of the training split, NCHW float32, one at a time, as often as asked."""

    def __init__(self, served: "Served", entries: Sequence[Entry]) -> None:
        self._served = served
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for entry in self._entries:
            yield self._served.seen([entry]).numpy()


class Served:
    """Both splits of a dataset without any variation."""

    def __init__(
        self,
        entries: Sequence[Entry],
        classes: Sequence[str],
        pixels: Pixels,
        geometry: Geometry,
        device: torch.device,
    ) -> None:
        self._entries = entries
        self._classes = classes
        self._pixels = pixels
        self._geometry = geometry
        self._device = device

    def holdout(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of the holdout and their targets, in the order of the keys, on the device."""
        return self.labelled([entry for entry in self._entries if entry.split is Split.HOLDOUT])

    def labelled(self, wanted: Sequence[Entry]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of these images and their targets, in this order, on the device."""
        for start in range(0, len(wanted), AT_ONCE):
            entries = wanted[start : start + AT_ONCE]
            yield (
                self.seen(entries).to(self._device),
                targets(entries, self._classes, self._device),
            )

    def drawn(self, most: int, seed: int) -> Drawn:
        """So many images of the training split; the same seed draws the same."""
        train = [entry for entry in self._entries if entry.split is Split.TRAIN]
        shuffled = np.random.default_rng([seed]).permutation(len(train))
        return Drawn(self, [train[index] for index in sorted(shuffled[:most])])

    def seen(self, entries: Sequence[Entry]) -> torch.Tensor:
        """NCHW float32, normalised."""
        return normalised(scaled([self._seen(entry) for entry in entries]))

    def unchanged(self) -> Iterator[torch.Tensor]:
        """Every image in batches, NCHW float32 from 0 to 1, before normalisation."""
        for start in range(0, len(self._entries), AT_ONCE):
            yield scaled([self._seen(e) for e in self._entries[start : start + AT_ONCE]])

    def _seen(self, entry: Entry) -> NDArray[np.uint8]:
        return serving_crop(self._pixels[entry.sha256], self._geometry)
