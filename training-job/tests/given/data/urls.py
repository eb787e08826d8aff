"""Images at addresses, and what a run brings of them."""

from collections.abc import Callable

from dandelion_training.data.copies import Copies
from dandelion_training.data.layout.fetched import Fetched
from dandelion_training.data.urls.fetch import fetched_images
from dandelion_training.data.urls.ledger import Ledger
from dandelion_training.data.urls.table import url_table
from dandelion_training.ports.web.address import Address
from dandelion_training.ports.web.download import Download
from fakes.images import encoded, picture
from fakes.s3 import MemoryStore
from fakes.web import Web
from given.data.datasets import VERSIONS

IMAGES, URLS = VERSIONS.child("images"), VERSIONS.child("urls")


def with_pages(web: Web, label: str, count: int, seed: int) -> list[str]:
    """So many images at a host that is named like their class; the lines of a table."""
    lines = []
    for number in range(count):
        place = f"{label.lower()}.example/{number}.png"
        web.pages[place] = encoded(picture(seed + number))
        lines.append(f"http://{place},{label}")
    return lines


def table(*lines: str) -> bytes:
    return "\n".join(["url,label", *lines]).encode()


def fetch(
    store: MemoryStore,
    web: Web,
    content: bytes,
    download: Callable[[Address], Download] | None = None,
) -> Fetched:
    return fetched_images(
        url_table("urls.csv", content),
        Ledger(store, URLS, Copies(store, IMAGES)),
        download or web.downloader().fetch,
        decoding=1,
        advance=lambda done, total: None,
    )
