"""What a person may have done with a model: what each is, does and is called in kubectl.

All are the resource's own fields and annotations, so `kubectl` does the same.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dandelion_console.resource import RETRAIN, ModelDeployment
from dandelion_console.views.standing import run_in_flight

# When it was asked for, so that asking twice on one page asks for one run.
VALUE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Action:
    """`name` is in the address and names the button; `offered`: it would change something now."""

    name: str
    title: str
    button: str
    offered: Callable[[ModelDeployment], bool]
    effects: Callable[[ModelDeployment], list[str]]
    patch: Callable[[str], dict[str, Any]]


def command(action: Action, model: ModelDeployment, value: str) -> str:
    """The same as a line for a shell."""
    name = model.metadata.name
    where = ["kubectl", "-n", model.metadata.namespace]
    patch = action.patch(value)
    if "metadata" in patch:
        annotation = f"{RETRAIN}={value}"
        return shlex.join([*where, "annotate", "mdep", name, "--overwrite", annotation])
    return shlex.join([*where, "patch", "mdep", name, "--type=merge", "-p", json.dumps(patch)])


def _training(model: ModelDeployment) -> list[str]:
    effects = [
        "A run trains a new version of the same spec, on the images that are there by then.",
        "What serves goes on serving. " + _verdict(model),
    ]
    if run_in_flight(model) is not None:
        effects.insert(0, "The run that is under way is ended, and this one takes its place.")
    if model.spec.suspend:
        effects.append("The model is paused: the run begins once it is resumed.")
    return effects


def _verdict(model: ModelDeployment) -> str:
    if model.spec.promotion.mode == "Auto":
        return "The new version serves only if it passes the gate."
    if model.spec.promotion.mode == "Manual":
        return "If the new version passes the gate, it waits for a person to make it the champion."
    return "Whether the new version passes the gate is written down, and nothing is promoted."


def _pausing(model: ModelDeployment) -> list[str]:
    effects = [
        "Nothing is trained or promoted until it is resumed.",
        "What serves goes on serving.",
    ]
    if run_in_flight(model) is not None:
        effects.insert(0, "The run that is under way stops, and goes on from its last step then.")
    return effects


def _resuming(_model: ModelDeployment) -> list[str]:
    return [
        "Training and promotion go on from where they were.",
        "What became due meanwhile is made up for by one run.",
    ]


TRAIN = Action(
    "train",
    "Train now",
    "Train now",
    offered=lambda _model: True,
    effects=_training,
    patch=lambda value: {"metadata": {"annotations": {RETRAIN: value}}},
)
PAUSE = Action(
    "pause",
    "Pause training and promotion",
    "Pause",
    offered=lambda model: not model.spec.suspend,
    effects=_pausing,
    patch=lambda _value: {"spec": {"suspend": True}},
)
RESUME = Action(
    "resume",
    "Resume training and promotion",
    "Resume",
    offered=lambda model: model.spec.suspend,
    effects=_resuming,
    patch=lambda _value: {"spec": {"suspend": False}},
)
ACTIONS = {action.name: action for action in (TRAIN, PAUSE, RESUME)}


def offered(model: ModelDeployment) -> list[Action]:
    return [action for action in ACTIONS.values() if action.offered(model)]


def receipt(action: Action, model: ModelDeployment) -> str:
    """What has become of it, from the resource as it is now; empty if nothing is seen of it."""
    training = model.status.training
    if action is not TRAIN:
        wanted = action is PAUSE
        if model.spec.suspend is not wanted:
            return ""
        return "It is paused: spec.suspend is true." if wanted else "It is resumed."
    if not model.retrain:
        return ""
    asked = f"A run was asked for: {RETRAIN} is {model.retrain}."
    if training is not None and training.retrain == model.retrain:
        return f"{asked} Run {training.run} is for it: {training.state.lower()}."
    return f"{asked} The operator has not begun it yet."
