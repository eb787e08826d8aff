"""Decisions for good: signed, named by their content, and the latest counts."""

import gzip
import hashlib
import json
from typing import Any

import pytest
from dandelion_training.ports.storage import Location
from dandelion_training.review import decisions
from dandelion_training.review.decisions import Decision, Signer, keep, read
from fakes.s3 import MemoryStore
from given.reviews import DECISIONS, digest

SIGNER = Signer("default", "lawn", b"a secret")
PLACE = Location.parse(DECISIONS)


def decision(number: int = 1, **about: Any) -> Decision:
    return Decision.model_validate(
        {
            "id": f"answer-{number}",
            "index": 0,
            "imageSha256": digest(number),
            "source": "sample",
            "by": "ada",
            "time": "2026-03-10T12:00:00.000Z",
            **({} if about.get("reject") else {"label": "grass"}),
            **about,
        }
    )


@pytest.mark.parametrize("told", [decision(), decision(reject=True), decision(label="Löwenzahn")])
def test_a_decision_is_read_as_it_was_kept(told: Decision) -> None:
    store = MemoryStore()
    keep(store, PLACE, SIGNER, [told])
    found = read(store, PLACE, SIGNER)
    assert found.by_image == {told.image: told}
    assert found.refused == 0


def test_the_same_decisions_are_the_same_object() -> None:
    store = MemoryStore()
    places = {keep(store, PLACE, SIGNER, order) for order in ([decision(1), decision(2)],) * 2}
    places.add(keep(store, PLACE, SIGNER, [decision(2), decision(1)]))
    assert len(places) == 1
    assert len(store.objects) == 1


def test_the_latest_decision_about_an_image_counts() -> None:
    store = MemoryStore()
    later = decision(label="moss", time="2026-03-11T00:00:00.000Z")
    for told in (later, decision(), decision(reject=True, time="2026-03-09T00:00:00.000Z")):
        keep(store, PLACE, SIGNER, [told])
    assert read(store, PLACE, SIGNER).by_image == {digest(1): later}


def changed(**about: Any) -> bytes:
    row = json.loads(SIGNER.line(decision())) | about
    return json.dumps({key: value for key, value in row.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(changed(label="dandelion"), id="another label"),
        pytest.param(changed(by="mallory"), id="another person"),
        pytest.param(changed(time="2027-01-01T00:00:00.000Z"), id="another time"),
        pytest.param(changed(imageSha256=digest(2)), id="another image"),
        pytest.param(changed(source="correction"), id="another source"),
        pytest.param(changed(signature=None), id="no signature"),
        pytest.param(changed(signature=7), id="a number for a signature"),
        pytest.param(changed(signature="ä"), id="a signature of other letters"),
        pytest.param(changed(reject=True), id="a label and a rejection"),
        pytest.param(changed(more="1"), id="a field that is not signed"),
        pytest.param(Signer("default", "lawn", b"other").line(decision()), id="another key"),
        pytest.param(Signer("default", "park", b"a secret").line(decision()), id="another model"),
        pytest.param(Signer("other", "lawn", b"a secret").line(decision()), id="another namespace"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"not JSON", id="no JSON"),
        pytest.param(b"\xff", id="no text"),
    ],
)
def test_a_row_that_this_key_did_not_sign_does_not_count(line: bytes) -> None:
    assert SIGNER.decision(line) is None
    assert SIGNER.decision(SIGNER.line(decision())) == decision()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not packed", id="no gzip"),
        pytest.param(gzip.compress(SIGNER.line(decision())), id="rows of another name"),
        pytest.param(gzip.compress(SIGNER.line(decision()))[:-9], id="cut off"),
    ],
)
def test_an_object_that_is_not_what_its_name_says_does_not_count(content: bytes) -> None:
    store = MemoryStore()
    store.objects[f"{DECISIONS}/{'0' * 64}.jsonl.gz"] = content
    keep(store, PLACE, SIGNER, [decision(2)])
    found = read(store, PLACE, SIGNER)
    assert found.by_image == {digest(2): decision(2)}
    assert found.refused == 1


def test_a_key_is_shown_nowhere() -> None:
    assert "a secret" not in repr(SIGNER)


def test_what_is_too_large_to_be_decisions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever trains the model may write there, and one service reads it for everybody."""
    store = MemoryStore()
    keep(store, PLACE, SIGNER, [decision()])
    rows = SIGNER.line(decision(2)) * 1000
    name = f"{hashlib.sha256(rows).hexdigest()}.jsonl.gz"
    store.write(PLACE.child(name), gzip.compress(rows), "application/gzip")
    assert len(read(store, PLACE, SIGNER).by_image) == 2
    for limit in ("OBJECT_BYTES", "UNPACKED_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(decisions, limit, 1000)
            found = read(store, PLACE, SIGNER)
        assert (list(found.by_image), found.refused) == ([digest(1)], 1)
