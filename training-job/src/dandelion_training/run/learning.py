"""A network learns from images, from the beginning or from the checkpoint of the pod before.

`pipeline` calls `learnt` with the whole training side, `validation` with a part of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.learn import network as networks
from dandelion_training.learn.batches import Batches, Examples
from dandelion_training.learn.checkpoint import Checkpoint, Checkpoints
from dandelion_training.learn.fit import Listeners, Plan, Saving, fit
from dandelion_training.learn.recipe import batches_per_epoch, class_weights
from dandelion_training.learn.start import Start
from dandelion_training.learn.variation import Augmentation
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.termination import Termination
from dandelion_training.run.processors import Threads, bf16_pays


@dataclass(frozen=True)
class Learner:
    """What learning works with."""

    settings: Settings
    store: ObjectStore
    termination: Termination
    threads: Threads
    device: torch.device
    clock: Callable[[], float]

    @property
    def bf16(self) -> bool:
        return bf16_pays(self.device)

    @property
    def geometry(self) -> Geometry:
        return Geometry(self.settings.resize_short_side, self.settings.image_size)


def reproducible(threads: int) -> None:
    """The same seed gives the same weights, with so many threads."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


def learnt(
    learner: Learner,
    learnt_from: Examples,
    checkpoints: Checkpoints,
    about: str,
    begin: Callable[[nn.Module, Checkpoint | None], Start],
    tell: Listeners,
) -> tuple[nn.Module, Start]:
    """The network, and what it started from, which `begin` loads into it.

    `about` names all that a checkpoint must be of beside the number of steps.
    """
    settings, classes = learner.settings, learnt_from.classes
    steps = settings.epochs * batches_per_epoch(len(learnt_from.keys), settings.batch_size)
    network = networks.build(settings.architecture, classes, settings.seed)
    resumed = checkpoints.read(about, steps)
    start = begin(network, resumed)
    balanced = settings.balance_classes
    plan = Plan(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        bf16=learner.bf16,
        dataset_digest=about,
        class_weights=class_weights(learnt_from.counts()) if balanced else torch.ones(classes),
        start=start,
    )
    with Batches(
        learnt_from,
        learner.geometry,
        Augmentation(settings.augmentation, settings.mirror),
        settings.batch_size,
        settings.seed,
        learner.threads.decoding,
        learner.device,
    ) as batches:
        saving = Saving(checkpoints, settings.checkpoint_seconds, learner.clock)
        device, termination = learner.device, learner.termination
        fit(network, batches, plan, saving, resumed, device, tell, termination)
    return network, start
