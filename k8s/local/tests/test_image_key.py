"""When an image counts as changed."""

from pathlib import Path

from dandelion_local import images
from dandelion_local.images import catalogue
from dandelion_local.images.catalogue import Image
from dandelion_local.images.contexts import context_files


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


def test_a_change_in_another_context_that_is_copied_from_makes_another_image(
    tmp_path: Path,
) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other / "src"):
        folder.mkdir(parents=True)
    (own / "Dockerfile").write_text("FROM scratch\nCOPY --from=other src /\n")
    (other / ".dockerignore").write_text("*\n!src\n")
    (other / "src" / "read.py").write_text("VERSION = 1\n")
    image = Image("example", "example.org/example:1", folder=own, contexts=(("other", other),))
    before = images.key(image)
    (other / "notes").write_text("left out of that context, so it changes nothing\n")
    assert images.key(image) == before
    (other / "src" / "read.py").write_text("VERSION = 2\n")
    assert images.key(image) != before


def test_what_reads_pictures_goes_into_training_and_serving() -> None:
    """So that a change of it makes both anew."""
    pictures = catalogue.places.REPOSITORY / "inference" / "pictures"
    assert ("pictures", pictures) in catalogue.named("training").contexts
    serving = catalogue.named("inference").folder
    assert serving is not None
    assert "pictures/src/dandelion_pictures/reader.py" in context_files(serving)
    assert "src/dandelion_pictures/reader.py" in context_files(pictures)
    assert not any(name.startswith("tests/") for name in context_files(pictures))
