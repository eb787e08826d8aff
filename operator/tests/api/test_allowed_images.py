"""Which images may train: beginnings of names and digests, as the installation wrote them."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.access.images import may_be_used
from dandelion_operator.api.location import location
from dandelion_operator.api.reasons import Reason

DIGEST = "sha256:" + "a" * 64
OURS = "registry.example.com/vision/"


@pytest.mark.parametrize(
    ("image", "allowed", "may"),
    [
        pytest.param("anything", (), True, id="no rule allows all"),
        pytest.param(f"{OURS}train:1", (OURS,), True, id="below a folder"),
        pytest.param(f"{OURS}deep/train:1", (OURS,), True, id="deeper below it"),
        pytest.param("registry.example.com/other/train:1", (OURS,), False, id="beside it"),
        pytest.param("registry.example.com/vision", (OURS,), False, id="named like it"),
        pytest.param(
            "registry.example.com/visionary/train", (OURS,), False, id="begins with its name"
        ),
        pytest.param(
            "registry.example.com.evil.net/vision/train", (OURS,), False, id="another registry"
        ),
        pytest.param("evil.net/registry.example.com/vision/t", (OURS,), False, id="within another"),
        pytest.param(f"{OURS}train:2.1", (f"{OURS}train:2*",), True, id="a beginning with a star"),
        pytest.param(f"{OURS}train:3", (f"{OURS}train:2*",), False, id="another tag"),
        pytest.param("python:3", ("docker.io/library/",), False, id="short for something allowed"),
        pytest.param(f"{OURS}t@{DIGEST}", (f"{OURS}t@{DIGEST}",), True, id="that very digest"),
        pytest.param(f"{OURS}t:1", (f"{OURS}t@{DIGEST}",), False, id="a tag where a digest is"),
        pytest.param(
            f"{OURS}t@{DIGEST}0", (f"{OURS}t@{DIGEST}",), False, id="longer than the digest"
        ),
        pytest.param("b.example.com/t", ("a.example.com/", "b.example.com/"), True, id="the other"),
    ],
)
def test_an_image_fits_what_is_written(image: str, allowed: tuple[str, ...], may: bool) -> None:
    assert may_be_used(image, allowed) is may


def test_who_is_refused_reads_which_image_and_what_is_allowed() -> None:
    defaults = replace(given.DEFAULTS, images=(OURS, "a.example.com/t*", f"b/t@{DIGEST}"))
    wanted = given.resource(training={"image": "python:3"})
    denied = location(wanted, defaults).image_denied
    assert denied is not None
    assert denied.reason is Reason.IMAGE_NOT_ALLOWED
    assert denied.message == (
        f"python:3 may not train: spec.training.image has to be {OURS}… or a.example.com/t… or "
        f"b/t@{DIGEST}, or left out; ask whoever installed Dandelion to name it in "
        "training.allowedImages"
    )


@pytest.mark.parametrize("image", [None, given.DEFAULTS.training_image])
def test_the_installations_own_image_is_always_allowed(image: str | None) -> None:
    wanted = given.resource(training={"image": image} if image else {})
    assert location(wanted, replace(given.DEFAULTS, images=(OURS,))).image_denied is None
