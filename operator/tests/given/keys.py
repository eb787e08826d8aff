"""The Secrets beside a model, and what is in them."""

from __future__ import annotations

import base64

from dandelion_operator.api import naming
from fakes.cluster import KEY
from small_world import World

NAMES = {
    naming.TRAINING: naming.training_secret(KEY),
    naming.INFERENCE: naming.inference_secret(KEY),
    naming.LOG: naming.log_secret(KEY),
}
SHARED = {naming.TRAINING: "training", naming.INFERENCE: "inference", naming.LOG: "logs"}


def held(world: World, purpose: str) -> dict[str, str]:
    data = world.cluster.one("secrets", NAMES[purpose])["data"]
    return {name: base64.b64decode(text).decode() for name, text in data.items()}


def access_keys(world: World) -> dict[str, str]:
    return {purpose: held(world, purpose)["AWS_ACCESS_KEY_ID"] for purpose in NAMES}


def are_temporary(world: World) -> bool:
    return all("AWS_SESSION_TOKEN" in held(world, purpose) for purpose in NAMES)
