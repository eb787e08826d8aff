"""The page's files over HTTP. What it does in a browser is proven in /tests/page."""

from __future__ import annotations

import re

import httpx
import pytest
from dandelion_pictures import ACCEPTED

FILES = {
    "": "text/html; charset=utf-8",
    "page/app.js": "text/javascript; charset=utf-8",
    "page/card.js": "text/javascript; charset=utf-8",
    "page/service.js": "text/javascript; charset=utf-8",
    "page/camera.js": "text/javascript; charset=utf-8",
    "page/style.css": "text/css; charset=utf-8",
    "page/mark.svg": "image/svg+xml",
}

every_file = pytest.mark.parametrize("path", FILES)


@every_file
def test_every_file_says_what_it_is_and_what_it_may(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == FILES[path]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@every_file
def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(f"/{path}")
    assert first.headers["Cache-Control"] == "no-cache"
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = client.get(f"/{path}", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["ETag"] == tag
    assert client.get(f"/{path}", headers={"If-None-Match": '"other"'}).status_code == 200


@every_file
def test_nothing_is_addressed_outside_or_from_the_root(client: httpx.Client, path: str) -> None:
    text = client.get(f"/{path}").text.replace("http://www.w3.org/2000/svg", "")
    assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    addresses = re.findall(r'(?:src|href|fetch\(|from )=?"?([^"\s,)]+)', text)
    assert [address for address in addresses if address.startswith("/")] == []


def test_the_page_names_only_files_that_are_there(client: httpx.Client) -> None:
    named = set(re.findall(r'(?:src|href)="([^"]+)"', client.get("/").text))
    assert {"page/app.js", "page/style.css", "page/mark.svg", "docs"} == named
    for address in named:
        assert client.get(f"/{address}").status_code == 200


def test_the_page_offers_every_format_that_is_read(client: httpx.Client) -> None:
    text = client.get("/").text
    assert f">{ACCEPTED}<" in text
    [offered] = re.findall(r'<input id="files"[^>]*accept="([^"]+)"', text)
    named = {name.lower() for name in re.findall(r"\w+", ACCEPTED)} - {"or"}
    assert {f"image/{name}" for name in named} <= set(offered.split(","))


def test_a_page_can_be_asked_for_without_being_sent(client: httpx.Client) -> None:
    answer = client.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


def test_no_other_file_is_served(client: httpx.Client) -> None:
    for path in ("/page/", "/page/other.js", "/page/..%2fapp.py", "/page/index.html"):
        assert client.get(path).status_code == 404
