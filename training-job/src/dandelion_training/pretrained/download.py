"""Fetches a published file, within bounds of size and time, and proves its digest."""

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from dandelion_training.pretrained.published import Published

MAXIMUM_BYTES = 400 * 1024**2  # the largest that is published has 230 MB
MAXIMUM_SECONDS = 900.0
CHUNK = 1024**2
CONNECT_SECONDS = 10.0
SILENT_SECONDS = 30.0


class UnavailableError(Exception):
    """The weights cannot be had; the message says from where and why."""


def download(wanted: Published, target: Path) -> str:
    """The file's SHA-256 in hex, once it lies at `target`. Raises `UnavailableError`."""
    http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS),
        retries=urllib3.Retry(total=3, backoff_factor=0.5),
    )
    try:
        with http.request("GET", wanted.url, preload_content=False) as response:
            if response.status != 200:
                raise UnavailableError(f"{wanted.url} answered {response.status}")
            if urlsplit(response.geturl() or wanted.url).scheme not in ("", _scheme(wanted)):
                raise UnavailableError(f"{wanted.url} leads to an address without TLS")
            found = _written(wanted, response, target)
    except urllib3.exceptions.HTTPError as error:
        raise UnavailableError(f"{wanted.url} cannot be reached: {_short(error)}") from error
    if not found.startswith(wanted.digest):
        raise UnavailableError(
            f"{wanted.url} is not the published file: its SHA-256 begins with"
            f" {found[: len(wanted.digest)]} instead of {wanted.digest}"
        )
    return found


def _written(wanted: Published, response: urllib3.BaseHTTPResponse, target: Path) -> str:
    digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + MAXIMUM_SECONDS
    with target.open("wb") as file:
        for chunk in response.stream(CHUNK):
            size += len(chunk)
            if size > MAXIMUM_BYTES:
                raise UnavailableError(f"{wanted.url} is larger than {MAXIMUM_BYTES} bytes")
            if time.monotonic() > deadline:
                raise UnavailableError(f"{wanted.url} took longer than {MAXIMUM_SECONDS:.0f} s")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _scheme(wanted: Published) -> str:
    return urlsplit(wanted.url).scheme


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
