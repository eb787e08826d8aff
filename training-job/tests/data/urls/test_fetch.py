"""What becomes of the addresses of a table: taken once, tried again, left out, told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.ports.failures import Reason, TrainingFailure
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from fakes.web import Web, answer
from given.data.datasets import URI, VERSIONS, again, loaded, rejected, report
from given.data.urls import IMAGES, URLS, fetch, table, with_pages
from given.runs import sha256


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().serving() as found:
        yield found


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def stored(store: MemoryStore, place: object) -> set[str]:
    return {uri.removeprefix(f"{place}/") for uri in store.objects if uri.startswith(f"{place}/")}


def test_fetched_images_are_kept_by_their_content_and_noted(store: MemoryStore, web: Web) -> None:
    web.pages["a.example/1.png"] = answer(200, {"ETag": '"7"'}, encoded(picture(1)))
    found = fetch(store, web, table("http://a.example/1.png?token=secret,cat"))
    assert not found.images  # a query is part of an address
    found = fetch(store, web, table("http://a.example/1.png,cat"))
    name = sha256(encoded(picture(1)))
    assert stored(store, IMAGES) == {name}
    (note,) = stored(store, URLS)
    assert note.endswith(f"/{name}")
    told = json.loads(store.objects[f"{URLS}/{note}"])
    assert (told["address"], told["etag"]) == ("http://a.example/1.png", '"7"')
    assert [(i.key, i.label, i.sha256) for i in found.images] == [
        ("http://a.example/1.png", "cat", name)
    ]


def test_no_query_is_written_anywhere(store: MemoryStore, web: Web) -> None:
    web.pages["a.example/1.png?token=secret"] = encoded(picture(1))
    found = fetch(
        store,
        web,
        table("http://a.example/1.png?token=secret,a", "http://b.example/?pass=secret,a"),
    )
    assert (len(found.images), len(found.rejected)) == (1, 1)
    assert "secret" not in repr(found)
    assert not any("secret" in uri for uri in store.objects)
    assert not any(b"secret" in content for content in store.objects.values())


def test_what_was_fetched_before_is_not_fetched_again(store: MemoryStore, web: Web) -> None:
    lines = with_pages(web, "cat", 3, 100)
    web.pages["cat.example/late.png"] = [answer(404), encoded(picture(300))]
    lines.append("http://cat.example/late.png,cat")
    first = fetch(store, web, table(*lines))
    assert first.addresses is not None
    assert (first.addresses.fetched, first.addresses.lost) == (3, {"answered 404": 1})
    web.requests.clear()
    web.pages["cat.example/late.png"] = encoded(picture(300))
    second = fetch(store, web, table(*lines, *with_pages(web, "dog", 1, 200)))
    assert sorted(web.requests) == ["cat.example/late.png", "dog.example/0.png"]
    assert second.addresses is not None
    assert (second.addresses.fetched, second.addresses.known, second.addresses.lost) == (2, 3, {})


def test_the_table_of_today_says_the_label_and_what_belongs_to_it(
    store: MemoryStore, web: Web
) -> None:
    first, second, _ = with_pages(web, "cat", 3, 100)
    fetch(store, web, table(first, second))
    web.requests.clear()
    found = fetch(store, web, table(first.replace(",cat", ",tiger")))
    assert [image.label for image in found.images] == ["tiger"]
    assert web.requests == []


def test_a_note_whose_image_is_gone_is_not_believed(store: MemoryStore, web: Web) -> None:
    lines = with_pages(web, "cat", 1, 100)
    fetch(store, web, table(*lines))
    (name,) = stored(store, IMAGES)
    del store.objects[f"{IMAGES}/{name}"]
    found = fetch(store, web, table(*lines))
    assert len(found.images) == 1
    assert stored(store, IMAGES) == {name}


class Killed(BaseException):
    """The pod is gone."""


def test_killed_at_any_write_it_goes_on_and_fetches_nothing_twice_that_was_noted(web: Web) -> None:
    lines = with_pages(web, "cat", 6, 100)
    whole = MemoryStore()
    expected = fetch(whole, web, table(*lines))
    for survived in range(len(whole.written)):
        killed, after = MemoryStore(), MemoryStore()

        def cut_off(_key: str, store: MemoryStore = killed, survived: int = survived) -> None:
            if len(store.written) >= survived:
                raise Killed

        killed.before_write = cut_off
        with pytest.raises(Killed):
            fetch(killed, web, table(*lines))
        after.objects = dict(killed.objects)
        noted = len(stored(after, URLS))
        with Web(pages=web.pages).serving() as later:
            assert fetch(after, later, table(*lines)).images == expected.images
        assert len(later.requests) == 6 - noted
        assert after.objects == whole.objects


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "is not a usable image"),
        (b"\xff\xd8broken", "is not a usable image"),
        (encoded(picture(1))[:400], "is not a usable image"),
        (encoded(picture(1, side=10)), "smaller than 16 pixels"),
        (b"GIF89a", "is not a usable image"),
        (b"%PDF-1.7", "is not a usable image"),
        (b"PK\x03\x04", "is not a usable image"),
    ],
)
def test_what_is_no_image_is_left_out_and_not_kept(
    store: MemoryStore, web: Web, content: bytes, why: str
) -> None:
    web.pages["a.example/1.png"] = answer(200, {"Content-Type": "image/png"}, content)
    found = fetch(store, web, table("http://a.example/1.png,cat"))
    assert not found.images
    assert why in found.rejected[0].reason
    assert found.rejected[0].reason.startswith("line 2 of urls.csv: ")
    assert not store.objects


def test_fetched_images_join_those_in_the_folder(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    web.pages["copy.example/b"] = store.objects[f"{URI}/blue/003.png"]
    lines = [*with_pages(web, "green", 8, 900), *with_pages(web, "blue", 2, 950)]
    lines += ["http://copy.example/b,blue", "http://gone.example/x.png,blue"]
    dataset = loaded(store, tmp_path, fetched=fetch(store, web, table(*lines)))
    assert dataset.classes == ("blue", "green", "yellow")
    assert len(dataset.entries) == 24 + 10
    assert sum(e.key.startswith("http://green.example/") for e in dataset.entries) == 8
    assert len([e for e in dataset.subset(Split.HOLDOUT) if e.label == "green"]) > 0
    assert rejected(dataset) == {
        "http://copy.example/b": "an exact duplicate of blue/003.png",
        "http://gone.example/x.png": "line 13 of urls.csv: answered 404",
    }
    found = report(dataset)
    assert found.rejected["could not be fetched"] == 1
    assert found.addresses is not None
    assert found.addresses.words in found.reading
    assert any(
        "1 address of urls.csv could not be fetched: answered 404 (1, for example line 13 of"
        " urls.csv, http://gone.example/x.png)." in warning
        for warning in found.warnings
    )


def test_a_dataset_may_come_from_addresses_alone(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    content = table(*with_pages(web, "cat", 8, 100), *with_pages(web, "dog", 8, 200))
    store.objects[f"{URI}/urls.csv"] = content
    dataset = loaded(store, tmp_path, fetched=fetch(store, web, content))
    assert dataset.classes == ("cat", "dog")
    assert len(dataset.entries) == 16
    assert len(dataset.pixels[dataset.entries[0].sha256].pixels) > 0


def test_a_class_may_come_from_addresses(store: MemoryStore, web: Web, tmp_path: Path) -> None:
    with_dataset(store, URI)
    for uri in [uri for uri in store.objects if "/blue/" in uri]:
        del store.objects[uri]
    dataset = loaded(
        store, tmp_path, fetched=fetch(store, web, table(*with_pages(web, "green", 8, 900)))
    )
    assert dataset.classes == ("green", "yellow")


def test_one_class_is_too_few_wherever_it_comes_from(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    content = table(*with_pages(web, "cat", 8, 100))
    store.objects[f"{URI}/urls.csv"] = content
    with pytest.raises(TrainingFailure, match="has only the class 'cat'") as caught:
        loaded(store, tmp_path, fetched=fetch(store, web, content))
    assert caught.value.reason is Reason.TOO_FEW_CLASSES
    assert "No image lies under s3://data/lawn/." in caught.value.message


def test_a_label_that_looks_like_a_class_folder_is_refused(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    fetched = fetch(store, web, table(*with_pages(web, "Blue", 8, 900)))
    with pytest.raises(TrainingFailure, match="differ only in case"):
        loaded(store, tmp_path, fetched=fetched)


def test_where_people_held_images_out_fetched_ones_are_learnt_from(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    for number in range(40):
        side, label = ("train", "val")[number % 4 == 0], ("ants", "bees")[number // 20]
        store.objects[f"{URI}/{side}/{label}/{number}.png"] = encoded(picture(number))
    fetched = fetch(store, web, table(*with_pages(web, "ants", 6, 900)))
    dataset = loaded(store, tmp_path, fetched=fetched)
    assert {e.split for e in dataset.entries if e.key.startswith("http")} == {Split.TRAIN}


def test_the_same_addresses_make_the_same_version_and_none_is_read_again(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    content = table(*with_pages(web, "green", 8, 900))
    first = loaded(store, tmp_path, fetched=fetch(store, web, content))
    second = loaded(store, tmp_path, fetched=fetch(store, web, content), former=first.digest)
    assert first.digest == second.digest
    assert report(second).objects_read == 0
    plain = loaded(store, tmp_path)
    assert plain.digest != first.digest


def test_a_version_is_rebuilt_from_what_was_kept_of_its_addresses(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    fetched = fetch(store, web, table(*with_pages(web, "green", 8, 900)))
    dataset = loaded(store, tmp_path, fetched=fetched)
    web.pages.clear()
    assert again(store, tmp_path, dataset.digest).digest == dataset.digest
    lost = fetched.images[0]
    store.objects[f"{VERSIONS}/images/{lost.sha256}"] = b"another"
    with pytest.raises(TrainingFailure, match="has changed") as caught:
        again(store, tmp_path, dataset.digest)
    assert caught.value.reason is Reason.DATASET_VERSION_UNAVAILABLE


def test_a_host_that_is_down_leaves_its_images_out(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    web.names["green.example"] = [[]]
    fetched = fetch(store, web, table(*with_pages(web, "green", 20, 900)))
    dataset = loaded(store, tmp_path, fetched=fetched)
    assert dataset.classes == ("blue", "yellow")
    assert report(dataset).rejected["could not be fetched"] == 20


def test_a_dataset_of_which_most_is_lost_is_refused(
    store: MemoryStore, web: Web, tmp_path: Path
) -> None:
    with_dataset(store, URI)
    lines = with_pages(web, "green", 20, 900) + with_pages(web, "red", 10, 700)
    web.names |= {"green.example": [["10.0.0.7"]], "red.example": [["127.0.0.1"]]}
    with pytest.raises(TrainingFailure) as caught:
        loaded(store, tmp_path, fetched=fetch(store, web, table(*lines)))
    assert caught.value.reason is Reason.URLS_UNREACHABLE
    assert (
        "30 of the 30 addresses that urls.csv names could not be fetched, which is more than half"
        " of the dataset: its host has a private address (20, for example line 2 of urls.csv,"
        " http://green.example/0.png); its host has a loopback address (10," in caught.value.message
    )
    assert caught.value.exit_code == 64
