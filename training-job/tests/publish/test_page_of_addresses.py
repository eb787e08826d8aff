"""The page of a dataset version says what became of a table of addresses."""

from pathlib import Path

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.publish.dataset_page import NOT_EXAMINED, dataset_page
from dandelion_training.publish.dataset_page.page import html
from fakes.images import with_dataset
from fakes.s3 import MemoryStore
from fakes.web import Web
from given.data.datasets import URI, loaded
from given.data.pages import HOSTILE, Page
from given.data.urls import fetch, table, with_pages


def test_numbers_reasons_and_examples_are_on_it(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, URI)
    with Web().serving() as web:
        lines = with_pages(web, "green", 6, 900)
        lines.append(f'"http://gone.example/{HOSTILE.replace(" ", "").replace(chr(34), "")}",green')
        dataset = loaded(store, tmp_path, fetched=fetch(store, web, table(*lines)))
    page = Page(html(dataset_page("default/lawn", dataset, None, NOT_EXAMINED, Geometry(36, 32))))
    assert "urls.csv names 7 addresses: 6 fetched now, 0 before, 1 left out." in page.text
    assert "could not be fetched" in page.text
    assert "http://gone.example/" in page.text
    assert "line 8 of urls.csv: answered 404" in page.text
    assert "script" not in page.tags
