"""`review export` to Label Studio and `review import` from it, over its API."""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dandelion_training.commands.connection import add_option, refused
from dandelion_training.commands.review.desk import Desk
from dandelion_training.ports.label_studio.api import LabelStudio
from dandelion_training.ports.label_studio.connection import ENVIRONMENT, Address, Connection
from dandelion_training.review.annotations import Returned
from dandelion_training.review.label_studio import project
from dandelion_training.review.label_studio.project import Sent, title_of
from dandelion_training.review.queue import Item

WAY_OUT = (
    "Its page shows or makes one under Account & Settings: write it into a file, and name that by"
    f" --token-file, or into {ENVIRONMENT}."
)


def is_address(target: str) -> bool:
    """Whether it is no path."""
    return target.lower().startswith(("http://", "https://"))


def add_token_option(verb: argparse.ArgumentParser) -> None:
    """The token itself is never an argument: everybody on a machine can read those."""
    add_option(
        verb,
        "--token-file",
        "FILE",
        "DANDELION_LABEL_STUDIO_TOKEN_FILE",
        f"of Label Studio's token; left out: the token is in {ENVIRONMENT}",
    )


def sent(
    desk: Desk, parsed: argparse.Namespace, items: Sequence[Item], content: Callable[[str], bytes]
) -> Sent:
    """Raises LabelStudioError, UnreadableError, and TrainingFailure where there is no token."""
    address = Address.parse(parsed.target)
    with _studio(address, parsed) as studio:
        return project.send(studio, address.project, title_of(desk.model), items, content)


def returned(desk: Desk, parsed: argparse.Namespace) -> tuple[Returned, int]:
    """What people said, and how many tasks are no tasks of a review. Raises as `sent` does."""
    address = Address.parse(parsed.target)
    with _studio(address, parsed) as studio:
        return project.given_back(studio, address.project, title_of(desk.model))


@contextmanager
def _studio(address: Address, parsed: argparse.Namespace) -> Iterator[LabelStudio]:
    with LabelStudio(Connection(address.base, _token(parsed.token_file))) as studio:
        yield studio


def _token(file: str) -> str:
    try:
        token = (Path(file).read_text("utf-8") if file else os.environ.get(ENVIRONMENT, "")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise refused(f"--token-file {file} cannot be read ({error}). {WAY_OUT}") from error
    where = file or ENVIRONMENT
    if not token:
        raise refused(f"{where} holds no token of Label Studio. {WAY_OUT}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise refused(f"What {where} holds is no token: it has characters that no token has.")
    return token
