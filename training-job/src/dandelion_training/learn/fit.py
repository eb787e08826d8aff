"""Trains the network: epochs over the training split, a checkpoint after each.

`pipeline` calls `fit`; it reads from top to bottom like the training script it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import torch
from torch import nn

from dandelion_training.learn.batches import Batches
from dandelion_training.learn.checkpoint import Checkpoints, Position
from dandelion_training.learn.recipe import LABEL_SMOOTHING, adamw, learning_rate
from dandelion_training.ports.failures import Reason, TrainingFailure

log = structlog.get_logger()


@dataclass(frozen=True)
class Plan:
    """What `fit` needs to know of the run."""

    epochs: int
    learning_rate: float
    schedule: str
    bf16: bool
    dataset_digest: str


@dataclass(frozen=True)
class Listeners:
    """Who is told how far training is. Epochs are counted from 1."""

    step: Callable[[float, int, float], None]  # share done, epoch, loss of the batch
    epoch: Callable[[int, float, nn.Module], None]  # epoch, mean loss, the network as it is now


def fit(
    network: nn.Module,
    batches: Batches,
    plan: Plan,
    checkpoints: Checkpoints,
    device: torch.device,
    tell: Listeners,
) -> None:
    """Train in place, from the last checkpoint where there is one."""
    steps = plan.epochs * batches.per_epoch
    network.to(device)
    network.to(memory_format=torch.channels_last)
    optimizer = adamw(network)
    done = checkpoints.restore(network, optimizer, plan.dataset_digest, steps)
    if done:
        log.info("resuming", epochs_done=done, epochs=plan.epochs)
    for epoch in range(done, plan.epochs):
        total, images = 0.0, 0
        network.train()
        for number, (inputs, targets) in enumerate(batches.training(epoch)):
            step = epoch * batches.per_epoch + number
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(plan.schedule, step, steps, plan.learning_rate)
            loss = _learn(network, optimizer, inputs, targets, plan.bf16)
            if not math.isfinite(loss):
                raise _diverged(epoch, plan)
            total, images = total + loss * len(targets), images + len(targets)
            tell.step((step + 1) / steps, epoch + 1, loss)
        checkpoints.save(Position(epoch + 1, plan.dataset_digest, steps), network, optimizer)
        tell.epoch(epoch + 1, total / images, network)


def _learn(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    bf16: bool,
) -> float:
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        outputs = network(inputs)
    loss = nn.functional.cross_entropy(outputs.float(), targets, label_smoothing=LABEL_SMOOTHING)
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
