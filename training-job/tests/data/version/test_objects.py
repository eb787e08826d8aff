"""Every look at the bucket leaves which objects it listed beside the version that came of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dandelion_training.data.layout.fetched import Addresses, Fetched
from dandelion_training.data.version.objects import HEADER, digest, line_digests
from dandelion_training.ports.storage import StoredObject
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore, etag_of
from given.data.datasets import URI, VERSIONS, loaded


def place(version: str) -> str:
    return f"{VERSIONS}/{version.removeprefix('sha256:')}/objects.bin"


def noted(store: MemoryStore, version: str) -> set[bytes]:
    """The digests that are stored beside a version."""
    content = store.objects[place(version)]
    assert content.startswith(HEADER)
    digests = content.removeprefix(HEADER)
    assert len(digests) % 8 == 0
    found = [digests[at : at + 8] for at in range(0, len(digests), 8)]
    assert found == sorted(found)
    return set(found)


def listed(store: MemoryStore, folder: str = URI) -> set[bytes]:
    return {
        digest(StoredObject(uri.removeprefix(f"{folder}/"), len(content), etag_of(content)))
        for uri, content in store.objects.items()
        if uri.startswith(f"{folder}/")
    }


def test_all_that_was_listed_is_noted_whether_or_not_it_can_be_learnt_from(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    store.objects[f"{URI}/blue/broken.png"] = b"not an image"
    store.objects[f"{URI}/blue/Thumbs.db"] = b"Windows"
    store.objects[f"{URI}/README.txt"] = b"water daily"
    version = loaded(store, tmp_path).digest
    assert noted(store, version) == listed(store)
    assert len(noted(store, version)) == 27


def test_a_look_that_finds_the_same_version_renews_it(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    version = loaded(store, tmp_path).digest
    store.objects[f"{URI}/README.txt"] = b"water daily"
    assert loaded(store, tmp_path, former=version).digest == version
    assert noted(store, version) == listed(store)
    del store.objects[f"{URI}/README.txt"]
    assert loaded(store, tmp_path).digest == version
    assert noted(store, version) == listed(store), "what was noted of a look before is found again"


def test_a_run_that_is_begun_again_leaves_what_an_earlier_release_did_not(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    version = loaded(store, tmp_path).digest
    del store.objects[place(version)]
    assert loaded(store, tmp_path).digest == version
    assert noted(store, version) == listed(store)


def test_a_version_that_is_found_has_it(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)

    def cut_off(uri: str) -> None:
        if uri.endswith("/objects.bin"):
            raise InterruptedError

    store.before_write = cut_off
    with pytest.raises(InterruptedError):
        loaded(store, tmp_path)
    assert not any(uri.endswith("/manifest.jsonl.gz") for uri in store.objects)


def test_of_a_table_of_labels_it_and_its_folder_are_noted(tmp_path: Path) -> None:
    store = MemoryStore()
    rows = ["key,label"]
    for number in range(20):
        store.objects[f"{URI}/images/{number}.png"] = encoded(picture(number))
        rows.append(f"images/{number}.png,{'ab'[number % 2]}")
    store.objects[f"{URI}/labels.csv"] = "\n".join(rows).encode()
    store.objects[f"{URI}/images/unnamed.png"] = encoded(picture(99))
    version = loaded(store, tmp_path, uri=f"{URI}/labels.csv").digest
    assert noted(store, version) == listed(store)
    assert len(noted(store, version)) == 22


ROWS = (b"http://a.example/1.png,blue", b"http://gone.example/2.png,blue", b"no address,blue")


def fetched(*rows: bytes) -> Fetched:
    """Of a table of which no address could be fetched."""
    addresses = Addresses("urls.csv", len(rows), 0, 0, {})
    return Fetched(addresses=addresses, lines=line_digests(b"\n".join([b"url,label", *rows])))


def test_every_line_of_a_table_of_addresses_is_noted_whatever_became_of_it(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    version = loaded(store, tmp_path, fetched=fetched(*ROWS)).digest
    added = noted(store, version) - listed(store)
    assert added == fetched(*ROWS).lines
    assert len(added) == len(ROWS) + 2, "the header's and the empty one"


def test_a_look_that_finds_the_same_version_renews_the_lines(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    version = loaded(store, tmp_path, fetched=fetched(*ROWS[:2])).digest
    assert loaded(store, tmp_path, fetched=fetched(*ROWS)).digest == version
    assert noted(store, version) - listed(store) == fetched(*ROWS).lines
    assert loaded(store, tmp_path).digest == version
    assert noted(store, version) == listed(store), "there is no table any more"


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(b"url,label\r\na,b\r\nc,d\r\n", id="another end of lines"),
        pytest.param(b"url,label\nc,d\na,b", id="another order"),
        pytest.param(b"url,label\na,b\n\n  c,d \na,b\n", id="twice, and white space"),
    ],
)
def test_what_says_the_same_has_the_same_lines(same: bytes) -> None:
    assert line_digests(same) == line_digests(b"url,label\na,b\nc,d\n")


def test_another_label_is_another_line() -> None:
    assert len(line_digests(b"a,b") - line_digests(b"a,c")) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(StoredObject("grass/1.png", 7, "e1"), id="it was moved"),
        pytest.param(StoredObject("moss/1.png", 8, "e1"), id="it has another size"),
        pytest.param(StoredObject("moss/1.png", 7, "e2"), id="it has another ETag"),
    ],
)
def test_an_object_that_changed_is_another_one(other: StoredObject) -> None:
    assert digest(other) != digest(StoredObject("moss/1.png", 7, "e1"))
