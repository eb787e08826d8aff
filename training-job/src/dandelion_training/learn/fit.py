"""Trains the network: epochs over the training split, with checkpoints by time and at the end of a
pod.

`pipeline` calls `fit`; it reads from top to bottom like the training script it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
import torch
from torch import nn

from dandelion_training.learn.batches import Batches
from dandelion_training.learn.checkpoint import Checkpoint, Checkpoints, Position
from dandelion_training.learn.network import HEAD
from dandelion_training.learn.recipe import LABEL_SMOOTHING, adamw, head_alone, learning_rate
from dandelion_training.learn.start import Start
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.ports.termination import Termination

log = structlog.get_logger()

# At the end of an epoch, where there is something to look at, a checkpoint is written sooner.
SECONDS_AT_EPOCH = 60.0


@dataclass(frozen=True)
class Plan:
    """What `fit` needs to know of the run."""

    epochs: int
    learning_rate: float
    schedule: str
    bf16: bool
    dataset_digest: str
    class_weights: torch.Tensor  # of the loss, a float32 for each class
    start: Start


@dataclass(frozen=True)
class Listeners:
    """Who is told how far training is. Epochs are counted from 1."""

    step: Callable[[float, int, float], None]  # share done, epoch, loss of the batch
    evaluated: Callable[[int, nn.Module], dict[str, float]]  # what else is known after an epoch
    epoch: Callable[[int, dict[str, float]], object]  # its figures; told again after a resume


@dataclass
class Saving:
    """When a checkpoint is due, and writing it."""

    checkpoints: Checkpoints
    seconds: float
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        self._last = self.clock()

    def due(self, *, epoch_ends: bool) -> bool:
        patience = min(self.seconds, SECONDS_AT_EPOCH) if epoch_ends else self.seconds
        return self.clock() - self._last >= patience

    def save(
        self, position: Position, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> None:
        """Write one. While the store is away, learning goes on without."""
        try:
            self.checkpoints.save(position, network, optimizer)
        except TrainingFailure as failure:
            if failure.reason is not Reason.STORAGE_UNREACHABLE:
                raise
            log.warning("no checkpoint could be written", error=failure.message)
        else:
            log.info("checkpoint", epoch=position.epoch + 1, batch=position.batch)
        self._last = self.clock()


def fit(
    network: nn.Module,
    batches: Batches,
    plan: Plan,
    saving: Saving,
    resumed: Checkpoint | None,
    device: torch.device,
    tell: Listeners,
    termination: Termination,
) -> None:
    """Train in place, from the checkpoint where there is one.

    Raises `Interrupted` between two steps, after a checkpoint, once termination is requested.
    """
    steps = plan.epochs * batches.per_epoch
    before = batches.per_epoch if head_alone(0, plan.epochs, plan.start) else 0

    def step_of(position: Position) -> int:
        return position.epoch * batches.per_epoch + position.batch

    def rate(step: int) -> float:
        if step < before:
            return plan.learning_rate
        return learning_rate(plan.schedule, step - before, steps - before, plan.learning_rate)

    network.to(device)
    network.to(memory_format=torch.channels_last)
    optimizer = adamw(network, learnt=plan.start.learnt)
    weights = plan.class_weights.to(device)
    at = Position(plan.dataset_digest, steps, plan.start)
    if resumed is not None:
        resumed.restore(network, optimizer)
        at = resumed.position
        log.info("resuming", epochs_done=at.epoch, batches_done=at.batch, epochs=plan.epochs)
        for number, figures in enumerate(at.figures, 1):
            tell.epoch(number, figures)
    with termination.deferred():
        while at.epoch < plan.epochs:
            learnable(network, body_rests=head_alone(at.epoch, plan.epochs, plan.start))
            began = saving.clock()
            for inputs, targets in batches.training(at.epoch, at.batch):
                step = step_of(at)
                loss = _learn(
                    network, optimizer, rate(step), inputs, targets, weights[targets], plan.bf16
                )
                if not math.isfinite(loss):
                    raise _diverged(at.epoch, plan)
                at = _one_batch_further(at, loss, len(targets), saving.clock() - began)
                tell.step((step + 1) / steps, at.epoch + 1, loss)
                if termination.requested or saving.due(epoch_ends=False):
                    saving.save(at, network, optimizer)
                if termination.requested:
                    raise Interrupted
                began = saving.clock()
            figures = {
                "loss": at.loss / at.images,
                "learning_rate": rate(step_of(at) - 1),
                "images_per_second": at.images / max(at.seconds, 1e-9),
            }
            try:
                with termination.heeded():
                    figures |= tell.evaluated(at.epoch + 1, network)
            except Interrupted:
                saving.save(at, network, optimizer)
                raise
            done = (*at.figures, figures)
            at = Position(at.dataset, at.steps, at.start, at.epoch + 1, figures=done)
            if termination.requested or saving.due(epoch_ends=True):
                saving.save(at, network, optimizer)
            shown = {name: float(f"{value:.4g}") for name, value in figures.items()}
            log.info("epoch", epoch=at.epoch, **shown)
            tell.epoch(at.epoch, figures)


def learnable(network: nn.Module, *, body_rests: bool) -> None:
    """Ready to learn. Where the body rests, it takes no gradients and its batch norms keep their
    statistics.
    """
    network.train()
    for name, part in network.named_children():
        if name != HEAD:
            part.requires_grad_(not body_rests)
            part.train(not body_rests)


def _one_batch_further(at: Position, loss: float, images: int, seconds: float) -> Position:
    return replace(
        at,
        batch=at.batch + 1,
        loss=at.loss + loss * images,
        images=at.images + images,
        seconds=at.seconds + seconds,
    )


def _learn(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    rate: float,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    bf16: bool,
) -> float:
    """One step; the batch's mean loss. `weights` are those of the images."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        outputs = network(inputs)
    losses = nn.functional.cross_entropy(
        outputs.float(), targets, label_smoothing=LABEL_SMOOTHING, reduction="none"
    )
    # Divided by the number of images and not by the sum of their weights, as torch would: a batch
    # with a rare image in it makes a larger step than one without.
    loss = (losses * weights).mean()
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.item()


def _diverged(epoch: int, plan: Plan) -> TrainingFailure:
    return TrainingFailure(
        Reason.TRAINING_DIVERGED,
        f"The loss stopped being a number in epoch {epoch + 1} of {plan.epochs}."
        f" Lower training.learningRate (it is {plan.learning_rate:g}).",
    )
