"""When an image counts as changed."""

from pathlib import Path

from dandelion_local import images
from dandelion_local.catalogue import Image


def test_a_changed_dockerfile_makes_another_image_though_the_context_leaves_it_out(
    tmp_path: Path,
) -> None:
    (tmp_path / ".dockerignore").write_text("*\n!src\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    image = Image("example", "example.org/example:1", folder=tmp_path)
    before = images.key(image)
    assert images.key(image) == before
    (tmp_path / "README").write_text("left out of the context, so it changes nothing\n")
    assert images.key(image) == before
    (tmp_path / "Dockerfile").write_text("FROM scratch\nUSER 65532\n")
    assert images.key(image) != before
