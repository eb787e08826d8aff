"""What the node has pulled is dropped when, and only when, the registry has something newer."""

import re

import pytest
from dandelion_local import images
from dandelion_local.images import catalogue, stale
from dandelion_local.node.components import MIRRORED

OPERATOR = "ghcr.io/dandelion-ml/dandelion-operator:0.1.0"
LISTING = f"""REF TYPE DIGEST SIZE PLATFORMS LABELS
{OPERATOR} application/vnd.oci.image.manifest.v1+json sha256:aaa 80.0 MiB linux/amd64 managed
{OPERATOR.rpartition(":")[0]}@sha256:aaa application/vnd sha256:aaa 80.0 MiB linux/amd64 managed
sha256:123 application/vnd sha256:aaa 80.0 MiB linux/amd64 managed
quay.io/other/thing:1 application/vnd sha256:bbb 1.0 MiB linux/amd64 managed
"""


def test_a_changed_image_goes_under_all_its_names() -> None:
    assert stale(LISTING, {OPERATOR: "sha256:ccc"}) == [
        OPERATOR,
        f"{OPERATOR.rpartition(':')[0]}@sha256:aaa",
        "sha256:123",
    ]


def test_an_unchanged_image_stays() -> None:
    assert stale(LISTING, {OPERATOR: "sha256:aaa"}) == []


def test_an_image_that_the_registry_lost_stays_usable() -> None:
    assert stale(LISTING, {OPERATOR: None}) == []


def test_an_empty_node_has_nothing_to_drop() -> None:
    assert stale("REF TYPE DIGEST SIZE PLATFORMS LABELS\n", {OPERATOR: "sha256:ccc"}) == []


def test_every_image_comes_from_a_registry_that_the_node_looks_up_locally() -> None:
    assert {image.reference.partition("/")[0] for image in catalogue.IMAGES} <= set(MIRRORED)


def test_a_base_is_built_once_and_before_what_stands_on_it() -> None:
    wanted = (catalogue.named("operator"), catalogue.named("inference"))
    names = [image.name for image in catalogue.with_bases(wanted)]
    assert names == ["python", "operator", "inference"]


@pytest.mark.parametrize("image", [item for item in catalogue.IMAGES if item.folder])
def test_an_image_is_built_on_what_its_dockerfile_names(image: catalogue.Image) -> None:
    assert image.folder is not None
    named = re.findall(r"^FROM (\S+)", (image.folder / "Dockerfile").read_text(), re.MULTILINE)
    assert set(named) == {catalogue.named(image.base).reference}


def test_the_two_pythons_are_made_of_different_debians() -> None:
    assert images.key(catalogue.named("python")) != images.key(catalogue.named("python-trixie"))
