"""What a downloader brings from real sockets, and what it refuses."""

import gzip
import itertools
import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from dandelion_training.ports.web.address import Address, AllowedHosts
from dandelion_training.ports.web.connection import Limits, Network
from dandelion_training.ports.web.download import Downloader
from dandelion_training.ports.web.errors import Fault
from fakes.web import PUBLIC, Web, answer, redirect
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = "http://example.org/a.jpg"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().serving() as found:
        yield found


def fault(web: Web, written: str, *allowed: str, limits: Limits | None = None) -> str:
    with pytest.raises(Fault) as caught:
        web.downloader(*allowed, limits=limits).fetch(Address.parse(written))
    return str(caught.value)


def test_a_file_comes_with_what_names_its_state(web: Web) -> None:
    headers = {"ETag": '"1"', "Last-Modified": "Sat, 01 Nov 2025 10:00:00 GMT"}
    web.pages["example.org/a.jpg?b=c"] = answer(200, headers, b"image")
    found = web.downloader().fetch(Address.parse(f"{HERE}?b=c"))
    assert (found.content, found.etag) == (b"image", '"1"')
    assert found.last_modified.startswith("Sat, 01 Nov")
    assert "User-Agent: Dandelion" in web.heads[0]
    assert "Accept-Encoding: identity" in web.heads[0]


def test_a_connection_goes_to_the_address_that_was_checked(web: Web) -> None:
    """The name would stand for another address at a second look, and there is none."""
    web.names["example.org"] = [["93.184.216.34"], ["169.254.169.254"], ["127.0.0.1"]]
    web.pages["example.org/a.jpg"] = b"image"
    assert web.downloader().fetch(Address.parse(HERE)).content == b"image"
    assert web.resolved == ["example.org"]
    assert web.connected == ["93.184.216.34 80"]


def test_a_name_is_looked_up_and_checked_anew_for_each_attempt(web: Web) -> None:
    web.names["example.org"] = [["93.184.216.34"], ["169.254.169.254"]]
    web.pages["example.org/a.jpg"] = answer(503)
    assert "metadata" in fault(web, HERE)
    assert web.connected == ["93.184.216.34 80"]


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], [PUBLIC, "127.0.0.1"], ["2606:4700::1111", "::1"], ["fe80::1%eth0"]]
)
def test_one_bad_address_of_a_name_is_enough_to_leave_it(web: Web, addresses: list[str]) -> None:
    web.names["example.org"] = [addresses]
    assert "its host has a" in fault(web, HERE)
    assert web.connected == []


@pytest.mark.parametrize(
    "written",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254./",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00:ec2::254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
    ],
)
def test_an_ip_address_is_checked_like_any_other(web: Web, written: str) -> None:
    assert "its host has a" in fault(web, written)
    assert web.connected == []


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://169.254.169.254/latest/meta-data/", "metadata"),
        ("http://inner.example/", "private"),
        ("//[::1]/", "loopback"),
        ("http://example.org:6379/", "port"),
        ("http://user@other.example/", "user name"),
        ("file:///etc/passwd", "http"),
        ("gopher://other.example/", "http"),
        ("http://0x7f.1/", "host name"),
    ],
)
def test_a_redirect_is_checked_from_the_beginning(web: Web, to: str, why: str) -> None:
    web.names["inner.example"] = [["192.168.0.7"]]
    web.pages["example.org/a.jpg"] = redirect(to)
    assert why in fault(web, HERE)
    assert web.connected == [f"{PUBLIC} 80"]


def test_redirects_lead_on_a_few_times(web: Web) -> None:
    for number in range(5):
        web.pages[f"example.org/{number}"] = redirect(f"/{number + 1}", 301 + number % 3)
    web.pages["example.org/5"] = b"image"
    first = Address.parse("http://example.org/0")
    assert web.downloader().fetch(first).content == b"image"


def test_a_circle_of_redirects_has_an_end(web: Web) -> None:
    web.pages["example.org/a.jpg"] = redirect("http://other.example/")
    web.pages["other.example/"] = redirect(HERE)
    assert "redirects more than 5 times" in fault(web, HERE)
    assert len(web.requests) == 6


def test_a_private_host_is_reached_where_it_is_named(web: Web) -> None:
    web.names["images.internal"] = [["10.0.0.7"]]
    web.pages["images.internal/a.jpg"] = web.pages["images.internal:9000/a.jpg"] = b"image"
    there, elsewhere = "http://images.internal/a.jpg", "http://images.internal:9000/a.jpg"
    assert "a private address: images.internal is 10.0.0.7" in fault(web, there)
    assert web.downloader("images.internal").fetch(Address.parse(there)).content == b"image"
    assert "port that is not allowed: 9000" in fault(web, elsewhere, "images.internal")
    named = web.downloader("images.internal:9000")
    assert named.fetch(Address.parse(elsewhere)).content == b"image"


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1"])
def test_no_name_allows_the_machine_itself(web: Web, inner: str) -> None:
    web.names["images.internal"] = [[inner]]
    assert "its host has a" in fault(web, "http://images.internal/", "images.internal")
    assert web.connected == []


@pytest.mark.parametrize("name", ["localhost", "localhost."])
def test_this_machine_is_refused_by_its_real_name(name: str) -> None:
    downloader = Downloader(AllowedHosts.parse(["localhost"]))
    with pytest.raises(Fault, match="its host has a loopback address"):
        downloader.fetch(Address.parse(f"http://{name}/"))


def test_a_real_connection_goes_to_the_ip_address_that_is_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with Network().connect(ip_address("127.0.0.1"), port, 5.0) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
        assert list(Network().resolve("127.0.0.1", port)) == ["127.0.0.1"]


def test_a_proxy_of_the_environment_is_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    web.pages["example.org/a.jpg"] = b"image"
    assert web.downloader().fetch(Address.parse(HERE)).content == b"image"
    assert web.requests == ["example.org/a.jpg"]


def test_another_address_of_a_host_is_tried_where_one_is_dead(web: Web) -> None:
    web.names["example.org"] = [["2606:4700::1111", PUBLIC]]
    web.dead = {"2606:4700::1111"}
    web.pages["example.org/a.jpg"] = b"image"
    assert web.downloader().fetch(Address.parse(HERE)).content == b"image"


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 4096)


def endless_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def endless_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        connection.sendall(f"X-{number}: {'y' * 1000}\r\n".encode())


def endless_line(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"y" * 4096)


def cut_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def cut_off_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (endless, "is larger than 0 MiB"),
        (endless_chunks, "is larger than 0 MiB"),
        (answer(200, {"Content-Length": "99999999"}), "is larger than 0 MiB"),
        (endless_head, "its host broke off"),
        (endless_line, "its host broke off"),
        (cut_off, "its host broke off"),
        (cut_off_chunks, "its host broke off"),
        (no_http, "its host broke off"),
        (answer(200), "is empty"),
        (answer(204), "answered 204"),
        (answer(401), "answered 401"),
        (answer(404), "answered 404"),
        (answer(302), "redirects without saying where to"),
        (answer(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10**6))), "compressed"),
    ],
)
def test_an_answer_that_is_no_file_is_refused(web: Web, page: bytes, why: str) -> None:
    web.pages["example.org/a.jpg"] = page
    assert why in fault(web, HERE)


WORDS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.1 503 Busy\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Location: ",
        b"Retry-After: ",
        b"-5\r\n",
        b"ffffffffffffffffff\r\n",
        b"\r\n",
    ]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(WORDS | st.binary(max_size=20), max_size=8).map(b"".join))
def test_whatever_a_host_sends_is_a_file_or_a_fault(sent: bytes) -> None:
    with Web(
        pages={"example.org/a.jpg": lambda connection: connection.sendall(sent)}
    ).serving() as web:
        try:
            found = web.downloader().fetch(Address.parse(HERE))
        except Fault:
            return
        assert 0 < len(found.content) <= len(sent)


def drop_by_drop(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)
    connection.settimeout(0.02)
    while True:
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            connection.sendall(b"x")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Header: ",
        b"HTTP",
    ],
    ids=["body", "body of no length", "header", "status"],
)
def test_a_file_that_comes_drop_by_drop_is_given_up(web: Web, head: bytes) -> None:
    """Each byte comes in time for a timeout of the socket."""
    web.pages["example.org/a.jpg"] = lambda connection: drop_by_drop(connection, head)
    limits = Limits(bytes=100_000, seconds=0.3)
    assert "did not arrive within 0.3 seconds" in fault(web, HERE, limits=limits)


def test_a_name_that_nobody_knows_is_told(web: Web) -> None:
    web.names["example.org"] = [[]]
    assert fault(web, HERE) == "its host name is not known: example.org"
