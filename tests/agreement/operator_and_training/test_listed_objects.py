"""What training notes of the objects that it listed is what the operator finds in its listing."""

from __future__ import annotations

import hashlib

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.documents import listed
from dandelion_training.data.version import library, objects
from dandelion_training.data.version.manifest import name_of
from dandelion_training.ports.storage import Location, StoredObject

OBJECTS = [
    StoredObject(f"{label}/{number}.png", number, hashlib.md5(b"%d" % number).hexdigest())
    for label in ("grass", "größe 10", "#2/?%41")
    for number in range(500)
]
NO_ETAG = StoredObject("grass/empty.png", 0, "")


def test_the_operator_knows_every_object_that_training_listed_and_no_other() -> None:
    known = listed.ListedObjects(objects.encoded([*OBJECTS, NO_ETAG]))
    for item in (*OBJECTS, NO_ETAG):
        assert listed.digest(item.name, item.size, item.etag) in known
    for item in OBJECTS:
        assert listed.digest(f"{item.name}~", item.size, item.etag) not in known


@pytest.mark.parametrize("item", [*OBJECTS[::100], NO_ETAG])
def test_both_have_the_same_digest_of_an_object(item: StoredObject) -> None:
    assert listed.digest(item.name, item.size, item.etag).to_bytes(8) == objects.digest(item)


TABLE = """url,label
https://a.example/1.png,grass
  https://a.example/größe?key=1 ,"two, words"\r
\t
http://10.0.0.1/2.png,grass""".encode()


def test_the_operator_knows_every_line_of_the_table_that_training_read_and_no_other() -> None:
    known = listed.ListedObjects(objects.encoded(OBJECTS, objects.line_digests(TABLE)))
    assert known.have_lines
    assert known.new_lines(TABLE) == 0
    assert known.new_lines(b"\n".join(reversed(TABLE.splitlines()))) == 0
    changed = TABLE.replace(b"1.png,grass", b"1.png,moss") + b"\nhttp://a.example/3.png,moss\n"
    assert known.new_lines(changed) == 2
    assert all(listed.digest(item.name, item.size, item.etag) in known for item in OBJECTS)


def test_without_a_table_the_operator_knows_that_there_was_none() -> None:
    assert not listed.ListedObjects(objects.encoded(OBJECTS)).have_lines
    assert listed.ListedObjects(objects.encoded([], objects.line_digests(b""))).have_lines


def test_the_document_stays_as_it_is() -> None:
    """What runs of earlier releases wrote has to be read."""
    document = objects.encoded([StoredObject("grass/1.png", 7, "e1"), NO_ETAG])
    assert document.hex() == (
        b"dandelion.dev/dataset-objects/v1\n".hex() + "6b385008a82b07f4c68e1d022e1b3944"
    )
    lines = objects.encoded([], objects.line_digests(b"http://a.example/1.png,grass"))
    assert (
        lines.hex()
        == b"dandelion.dev/dataset-objects/v1\n".hex() + "451e0101cfdf0b34b570ab8f61a83ce3"
    )


def test_both_look_for_it_at_the_same_place() -> None:
    key, version = NamespacedName("default", "lawn"), f"sha256:{'a' * 64}"
    root = Location.parse(naming.manifests_uri("models", key))
    stored = root.child(f"{name_of(version)}/{library.OBJECTS}")
    assert stored == Location("models", naming.listed_objects(key, version))
