"""What has become of an action, from the resource as it is now: nobody's word but the cluster's."""

from __future__ import annotations

from dandelion_console.resource import INGEST, PROMOTE, RETRAIN, ModelDeployment
from dandelion_console.views.actions import (
    PAUSE,
    PROMOTE_VERSION,
    READ_IMAGES,
    RESUME,
    ROLL_BACK,
    TRAIN,
    Action,
)

INGEST_STATES = {
    "Pending": "waits",
    "Running": "is under way",
    "Failed": "failed",
    "Refused": "was refused",
    "Stopped": "was stopped",
}


def receipt(action: Action, model: ModelDeployment) -> str:
    """Empty if nothing is seen of it."""
    if action is TRAIN:
        return _of_training(model)
    if action is READ_IMAGES:
        return _of_ingest(model)
    if action in (PROMOTE_VERSION, ROLL_BACK):
        return _of_promotion(model)
    wanted = action is PAUSE
    if action not in (PAUSE, RESUME) or model.spec.suspend is not wanted:
        return ""
    request, name = model.signature
    said = f"suspend={'true' if wanted else 'false'} at "
    by = f", which {name} asked for at {request.removeprefix(said)}" if said in request else ""
    return f"It is paused: spec.suspend is true{by}." if wanted else f"It is resumed{by}."


def _of_training(model: ModelDeployment) -> str:
    training = model.status.training
    if not model.retrain:
        return ""
    asked = f"A run was asked for{_by(model, f'retrain={model.retrain}')}: "
    asked += f"{RETRAIN} is {model.retrain}."
    if training is not None and training.retrain == model.retrain:
        return f"{asked} Run {training.run} is for it: {training.state.lower()}."
    return f"{asked} The operator has not begun it yet."


def _of_ingest(model: ModelDeployment) -> str:
    if not model.ingest:
        return ""
    asked = f"The images were asked to be read{_by(model, f'ingest={model.ingest}')}: "
    asked += f"{INGEST} is {model.ingest}."
    ingest = model.status.ingest
    if ingest is None or ingest.value != model.ingest:
        return f"{asked} The operator has not begun it yet."
    told = ": ".join(filter(None, (ingest.reason, ingest.message)))
    if ingest.state == "Succeeded":
        return f"{asked} They are read: {told}."
    return f"{asked} It {INGEST_STATES.get(ingest.state, 'goes on')}{f': {told}' if told else ''}."


def _of_promotion(model: ModelDeployment) -> str:
    if not model.promote:
        return ""
    version = model.promote.partition("/")[0]
    asked = f"Version {version} was asked for{_by(model, f'promote={model.promote}')}: "
    asked += f"{PROMOTE} is {model.promote}."
    request, champion = model.status.promotion_request, model.status.champion
    if request is None or request.value != model.promote:
        return f"{asked} The operator has not dealt with it yet."
    if request.state != "Done":
        return f"{asked} It was refused: {request.message}."
    if champion is None or champion.version != version:
        return f"{asked} It has the alias champion; what serves is not all of it yet."
    return f"{asked} It is the champion, and serves."


def _by(model: ModelDeployment, request: str) -> str:
    signed, name = model.signature
    return f" by {name}" if signed == request else ""
