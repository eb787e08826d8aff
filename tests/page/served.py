"""The real service as a process, with a network that can be judged by hand: it answers with the
mean of each colour channel, so a red picture is the first class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes import s3 as fake_s3
from given import artifacts
from running import service

# The first three are told by red, green and blue; the others never win. One name is no markup.
CLASSES = (
    *("poppy", "clover", "cornflower", "dandelion", "ox-eye daisy", "Löwenmäulchen"),
    '<b>not</b> bold & "quoted"',
)
MARKUP = CLASSES[-1]
SIZE = 64
LIMIT = str(1024 * 1024)


@dataclass(frozen=True)
class Served:
    service: service.Service
    store: fake_s3.FakeS3
    artifact: artifacts.StoredArtifact

    def offer(self) -> None:
        """Lets the service fetch its artifact."""
        self.store.objects.update(self.artifact.objects())

    @property
    def url(self) -> str:
        return self.service.url


def artifact(**changes: Any) -> artifacts.StoredArtifact:
    preprocessing = artifacts.contract(b"")["preprocessing"]
    return artifacts.stored(
        artifacts.colour_graph(size=SIZE, gain=6.0, classes=len(CLASSES)),
        classes=list(CLASSES),
        input={"name": "image", "shape": [None, 3, SIZE, SIZE]},
        output={"name": "logits", "shape": [None, len(CLASSES)]},
        preprocessing=preprocessing | {"resizeShortSide": SIZE, "centerCrop": SIZE},
        **changes,
    )


@contextmanager
def serving(
    home: Path, settings: dict[str, str] | None = None, *, fetchable: bool = True, **changes: Any
) -> Iterator[Served]:
    """`changes` are of the contract."""
    stored = artifact(**changes)
    with fake_s3.running() as store:
        environment = service.environment(stored, store.url, home) | (settings or {})
        with service.started(environment) as running:
            served = Served(running, store, stored)
            if fetchable:
                served.offer()
            yield served
