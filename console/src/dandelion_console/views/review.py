"""The page on which answers are reviewed: what it asks, and what was chosen on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dandelion_console.resource import ModelDeployment

RIGHT, REJECT, OTHER, LABEL = "right", "reject", "other", "label:"
# So many classes have a button and a digit each.
DIGITS = 9
# As the API's schema has it: what mode Auto takes where `minAgreement` is left out, and at most.
AGREEMENT_IN_AUTO = 3
MOST_PEOPLE = 100


@dataclass(frozen=True)
class Share:
    """One of the two lists; `name` is in the address and the service's word for it."""

    name: str
    title: str
    meaning: str


SAMPLE = Share(
    "sample",
    "Random sample",
    "Drawn by lot, whatever was answered. How often the model is right follows from these alone: "
    "reject what nobody can tell instead of leaving it.",
)
UNCERTAIN = Share(
    "uncertain",
    "Most uncertain",
    "What somebody corrected and what came during drift, the most uncertain first. They teach the "
    "most, and say nothing of how often the model is right.",
)
SHARES = {share.name: share for share in (SAMPLE, UNCERTAIN)}


def obstacle(model: ModelDeployment) -> str:
    """Why its answers cannot be reviewed here, and what can be done; empty where they can."""
    spec, name = model.spec, model.metadata.name
    if spec.feedback.mode not in ("Review", "Auto"):
        return (
            f"Nobody is asked about answers of {name}: spec.feedback.mode is {spec.feedback.mode}. "
            "With Review, and serving.logging.images: true, a share of them is kept for people."
        )
    own = next(
        (
            field
            for field, value in (
                ("spec.storage.secretRef", spec.storage.secret_ref),
                ("spec.storage.endpoint", spec.storage.endpoint),
                ("spec.storage.bucket", spec.storage.bucket),
                ("spec.serving.logging.storageUri", spec.serving.logging.storage_uri),
            )
            if value
        ),
        "",
    )
    if own:
        return (
            f"{name} keeps its log or its decisions in a place of its own ({own}), where the "
            "installation's key does not go. Review its answers with the key that goes there: "
            "python -m dandelion_training review export, as k8s/samples/review.yaml does."
        )
    return ""


def people(model: ModelDeployment) -> int:
    """How many have to say the same of an image.

    In mode Auto no single voice teaches the model, so no single reviewer's does either.
    """
    feedback = model.spec.feedback
    if feedback.min_agreement is not None:
        return min(max(1, feedback.min_agreement), MOST_PEOPLE)
    return AGREEMENT_IN_AUTO if feedback.mode == "Auto" else 1


class ChoiceError(ValueError):
    """The form says nothing that can be kept."""


def chosen(sent: Mapping[str, str]) -> str | None:
    """The label that a form gives its image, or None to reject it; raises ChoiceError."""
    choice = sent.get("choice", "")
    if choice == REJECT:
        return None
    label = {
        RIGHT: sent.get("answered", ""),
        OTHER: sent.get("other", ""),
    }.get(choice, choice.removeprefix(LABEL) if choice.startswith(LABEL) else "")
    if not label:
        raise ChoiceError("Choose what the image shows, or reject it.")
    return label
