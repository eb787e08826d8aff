"""How what an image shows is told to the clients of `/predict`, and how much of it."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from dandelion_inference.answer.prediction import Outcome
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import problems

_WHOLE_NUMBER = re.compile(r"0{0,9}[1-9][0-9]{0,8}")


def wanted_classes(request: Request) -> int | None:
    """How many classes of each image are asked for, or None for all; raises RefusedError."""
    if not request.scope["query_string"]:
        return None
    given = request.query_params.getlist("top")
    if not given:
        return None
    if len(given) > 1 or not _WHOLE_NUMBER.fullmatch(given[0]):
        raise RefusedError(
            Code.INVALID_REQUEST,
            f"top is {', '.join(ascii(text[:20]) for text in given[:3])}; send one whole number "
            f"from 1, the number of classes that are wanted, or leave it out for all of them.",
        )
    return int(given[0])


def shown(prediction: Outcome, top: int | None) -> dict[str, Any]:
    """What a client is told of one image."""
    if isinstance(prediction, RefusedError):
        return {"problem": problems.details(prediction.code, prediction.detail)}
    told: dict[str, Any] = {}
    if prediction.certainty is not None:
        told = {
            "unknown": prediction.certainty.unknown,
            "unknownScore": prediction.certainty.score,
        }
    scores = prediction.scores
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "scores": scores if top is None else dict(prediction.most_probable(top)),
        **told,
    }
