"""A former state of this repository: its chart, and its images under tags of their own.

Images are built by today's builder from that commit's Dockerfiles, once a machine: the tag is the
commit, so what lies under it never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dandelion_local import cluster, places
from dandelion_local.cluster import Kind
from dandelion_local.commands import SetupError, output
from dandelion_local.images import catalogue, registry
from dandelion_local.images.catalogue import Image

COMPONENTS = ("operator", "training", "inference", "mlflow")


@contextmanager
def tree(commit: str) -> Iterator[Path]:
    """The files of a commit in a folder that goes with the block.

    Raises:
        SetupError: this clone does not have the commit, and the text says how to get it.
    """
    git = ["git", "-C", str(places.REPOSITORY)]
    try:
        output([*git, "cat-file", "-e", f"{commit}^{{commit}}"])
    except SetupError:
        raise SetupError(
            f"this clone has no commit {commit}: get the whole history with "
            "`git fetch --unshallow`, or check out with fetch-depth: 0"
        ) from None
    with TemporaryDirectory(prefix="dandelion-former-") as folder:
        archive = Path(folder) / "tree.tar"
        output([*git, "archive", "--output", str(archive), commit])
        files = Path(folder) / "tree"
        files.mkdir()
        output(["tar", "-xf", str(archive), "-C", str(files)])
        yield files


def images(files: Path, commit: str) -> list[Image]:
    """What that commit's chart runs, by today's builder; MinIO is the same then and now."""
    made = []
    for name in COMPONENTS:
        today = catalogue.named(name)
        assert today.folder is not None
        former = replace(
            today,
            name=f"{name}-{commit}",
            reference=f"{catalogue.PROJECT}-{name}:{commit}",
            folder=files / today.folder.relative_to(places.REPOSITORY),
            contexts=(),
            base="python",  # of all of them, then
        )
        made.append(former)
    return made


def image_settings(files: Path, commit: str) -> Sequence[str]:
    """Builds the images where the cluster is; chart values that name them.

    Raises:
        SetupError: nothing can be built for a cluster of the person's own.
    """
    if cluster.chosen() is Kind.OWN:
        raise SetupError(
            f"the images of {commit} are in no registry: leave CONTEXT out, so that they are built "
            "for the local cluster"
        )
    built = images(files, commit)
    cluster.ensure_images(built)
    if cluster.chosen() is Kind.KIND:
        return [f"{name}.image.tag={commit}" for name in COMPONENTS]
    return [
        f"{name}.image.tag={commit}@{registry.digest(image.reference)}"
        for name, image in zip(COMPONENTS, built, strict=True)
    ]
