"""What a person may have done with a model: what each is, does and is called in kubectl.

All are the resource's own fields and annotations, so `kubectl` does the same. Beside what is asked
for stands who asks: `WHAT=VALUE by NAME` in an annotation, which is told with what comes of it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from dandelion_console.resource import (
    INGEST,
    PROMOTE,
    REQUESTED_BY,
    RETRAIN,
    ModelDeployment,
    Right,
)
from dandelion_console.views.standing import ingest_in_flight, run_in_flight
from dandelion_console.views.versions import Version, earlier, later

# When it was asked for, so that asking twice on one page asks for one run.
VALUE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
VERSION = re.compile(r"[1-9]\d{0,8}")


@dataclass(frozen=True)
class Asked:
    """`moment` is VALUE; `version`: which one, for actions that are about one, else empty."""

    moment: str
    version: str = ""


def _nothing_to_choose(_model: ModelDeployment) -> list[Version]:
    return []


@dataclass(frozen=True)
class Action:
    """`name` is in the address and names the button; `offered`: it would change something now.

    `request`: what is asked for, as it is signed; `patch`: all that is written but the signature.
    `choices`: the versions that it may be about, the best guess first.
    """

    name: str
    title: str
    button: str
    right: Right
    offered: Callable[[ModelDeployment], bool]
    effects: Callable[[ModelDeployment], list[str]]
    request: Callable[[Asked], str]
    patch: Callable[[Asked], dict[str, Any]]
    choices: Callable[[ModelDeployment], list[Version]] = _nothing_to_choose


def signed(action: Action, asked: Asked, name: str) -> dict[str, Any]:
    """The patch that asks for it, beside the name of who does."""
    patch = action.patch(asked)
    annotations = patch.get("metadata", {}).get("annotations", {})
    signature = {REQUESTED_BY: f"{action.request(asked)} by {name}"}
    return {**patch, "metadata": {"annotations": annotations | signature}}


def command(action: Action, model: ModelDeployment, asked: Asked) -> str:
    """The same as a line for a shell, but for the name."""
    name = model.metadata.name
    where = ["kubectl", "-n", model.metadata.namespace]
    patch = action.patch(asked)
    if "metadata" in patch:
        written = [f"{key}={value}" for key, value in patch["metadata"]["annotations"].items()]
        return shlex.join([*where, "annotate", "mdep", name, "--overwrite", *written])
    return shlex.join([*where, "patch", "mdep", name, "--type=merge", "-p", json.dumps(patch)])


def _training(model: ModelDeployment) -> list[str]:
    effects = [
        "A run reads the images that are there by then and trains a new version of the same spec.",
        "What serves goes on serving. " + _verdict(model),
    ]
    if run_in_flight(model) is not None:
        effects.insert(0, "The run that is under way is ended, and this one takes its place.")
    if ingest_in_flight(model) is not None:
        effects.append("The images are being read as it is: the run begins after that.")
    if model.spec.suspend:
        effects.append("The model is paused: the run begins once it is resumed.")
    return effects


def _verdict(model: ModelDeployment) -> str:
    if model.spec.promotion.mode == "Auto":
        return "The new version serves only if it passes the gate."
    if model.spec.promotion.mode == "Manual":
        return "If the new version passes the gate, it waits for a person to make it the champion."
    return "Whether the new version passes the gate is written down, and nothing is promoted."


def _ingesting(model: ModelDeployment) -> list[str]:
    effects = [
        "The images are read as they are now, and become a version of the dataset with its report: "
        "images by class, files that are left out and why, what has changed since the version "
        "before. Unchanged images make no new version.",
        "Nothing is trained, and what serves goes on serving. A run that follows learns from that "
        "version, if the images are the same by then.",
    ]
    if ingest_in_flight(model) is not None:
        effects.insert(0, "The reading that is under way is ended, and this one takes its place.")
    if run_in_flight(model) is not None:
        effects.append("The run that is under way goes on, and reads the images first.")
    if model.spec.suspend:
        effects.append("The model is paused: this is done all the same.")
    return effects


def _pausing(model: ModelDeployment) -> list[str]:
    effects = [
        "Nothing is trained or judged until it is resumed.",
        "What serves goes on serving. Another version is still served, and images are read, if a "
        "person asks for it.",
    ]
    if run_in_flight(model) is not None:
        effects.insert(0, "The run that is under way stops, and goes on from its last step then.")
    return effects


def _resuming(_model: ModelDeployment) -> list[str]:
    return [
        "Training and promotion go on from where they were.",
        "What became due meanwhile is made up for by one run.",
    ]


def _promoting(model: ModelDeployment) -> list[str]:
    champion = model.status.champion
    instead = f" in the place of version {champion.version}" if champion is not None else ""
    return [
        f"The version becomes the champion{instead}, whatever the gate said of it.",
        "Pods are replaced one after the other, and only once the new ones answer: no request is "
        "lost. If its files cannot be read, what serves goes on serving.",
        "From now on, new versions are compared with it.",
    ]


def _rolling_back(model: ModelDeployment) -> list[str]:
    effects = _promoting(model)
    effects[0] = effects[0].replace("becomes the champion", "becomes the champion again")
    if not model.spec.suspend and model.spec.promotion.mode == "Auto":
        effects.append("A version that is trained after this and passes the gate takes its place.")
    return effects


def _promotion(asked: Asked) -> str:
    return f"{asked.version}/{asked.moment}"


TRAIN = Action(
    "train",
    "Train now",
    "Train now",
    Right.TRAIN,
    offered=lambda _model: True,
    effects=_training,
    request=lambda asked: f"retrain={asked.moment}",
    patch=lambda asked: {"metadata": {"annotations": {RETRAIN: asked.moment}}},
)
READ_IMAGES = Action(
    "ingest",
    "Read the images now",
    "Read images",
    Right.INGEST,
    offered=lambda model: not model.spec.dataset.version,
    effects=_ingesting,
    request=lambda asked: f"ingest={asked.moment}",
    patch=lambda asked: {"metadata": {"annotations": {INGEST: asked.moment}}},
)
PROMOTE_VERSION = Action(
    "promote",
    "Promote a version",
    "Promote",
    Right.PROMOTE,
    offered=lambda model: bool(later(model)),
    effects=_promoting,
    request=lambda asked: f"promote={_promotion(asked)}",
    patch=lambda asked: {"metadata": {"annotations": {PROMOTE: _promotion(asked)}}},
    choices=later,
)
ROLL_BACK = Action(
    "rollback",
    "Roll back",
    "Roll back",
    Right.ROLLBACK,
    offered=lambda model: bool(earlier(model)),
    effects=_rolling_back,
    request=PROMOTE_VERSION.request,
    patch=PROMOTE_VERSION.patch,
    choices=earlier,
)
PAUSE = Action(
    "pause",
    "Pause training and promotion",
    "Pause",
    Right.SUSPEND,
    offered=lambda model: not model.spec.suspend,
    effects=_pausing,
    request=lambda asked: f"suspend=true at {asked.moment}",
    patch=lambda _asked: {"spec": {"suspend": True}},
)
RESUME = Action(
    "resume",
    "Resume training and promotion",
    "Resume",
    Right.SUSPEND,
    offered=lambda model: model.spec.suspend,
    effects=_resuming,
    request=lambda asked: f"suspend=false at {asked.moment}",
    patch=lambda _asked: {"spec": {"suspend": False}},
)
ACTIONS = {
    action.name: action
    for action in (READ_IMAGES, TRAIN, PROMOTE_VERSION, ROLL_BACK, PAUSE, RESUME)
}
RIGHTS = frozenset(action.right for action in ACTIONS.values())


def offered(model: ModelDeployment, allowed: Collection[Right]) -> list[Action]:
    return [
        action for action in ACTIONS.values() if action.right in allowed and action.offered(model)
    ]
