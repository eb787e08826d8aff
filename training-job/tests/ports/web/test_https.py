"""A host proves by its certificate that it is the one that was named, wherever it lies."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dandelion_training.ports.web.address import Address
from dandelion_training.ports.web.errors import Fault
from fakes.web import PUBLIC, Web, redirect


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of example.org, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:example.org"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture
def web(certificate: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with Web(certificate=context).serving() as found:
        found.pages["example.org/a.jpg"] = b"image"
        yield found


def test_the_name_is_in_the_certificate_though_the_connection_is_to_a_number(
    web: Web, certificate: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    found = web.downloader(trust=trust).fetch(Address.parse("https://example.org/a.jpg"))
    assert found.content == b"image"
    assert web.connected == [f"{PUBLIC} 443"]


@pytest.mark.parametrize(
    ("written", "trusted"),
    [
        ("https://example.org/a.jpg", False),
        ("https://other.example/a.jpg", True),
        ("https://93.184.216.34/a.jpg", True),
    ],
)
def test_a_certificate_of_somebody_else_is_refused(
    web: Web, certificate: Path, written: str, trusted: bool
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate) if trusted else None)
    with pytest.raises(Fault, match="no valid certificate"):
        web.downloader(trust=trust).fetch(Address.parse(written))
    assert web.requests == []


def test_a_redirect_over_tls_is_checked_too(web: Web, certificate: Path) -> None:
    web.pages["example.org/a.jpg"] = redirect("https://[fd00:ec2::254]/latest/meta-data/")
    trust = ssl.create_default_context(cafile=str(certificate))
    with pytest.raises(Fault, match="metadata"):
        web.downloader(trust=trust).fetch(Address.parse("https://example.org/a.jpg"))
    assert web.connected == [f"{PUBLIC} 443"]
