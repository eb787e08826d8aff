"""What is read in an address, and what is none that may be fetched."""

import pytest
from dandelion_training.ports.web.address import Address, AllowedHosts
from dandelion_training.ports.web.errors import Fault
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://EXAMPLE.org:443/A.jpg", "https://example.org/A.jpg"),
        ("http://example.org:80/a?b=c#d", "http://example.org/a?b=c"),
        ("https://example.org./a.jpg", "https://example.org/a.jpg"),
        ("https://bücher.example/ä.jpg", "https://xn--bcher-kva.example/%C3%A4.jpg"),
        ("https://example.org/a%20b.jpg", "https://example.org/a%20b.jpg"),
        ("http://8.8.8.8/a", "http://8.8.8.8/a"),
        ("http://[2606:4700:0:0::1111]:8443/a", "http://[2606:4700::1111]:8443/a"),
        ("http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/"),
    ],
)
def test_ways_to_write_one_address_are_one(written: str, normal: str) -> None:
    assert str(Address.parse(written)) == normal
    assert Address.parse(normal) == Address.parse(written)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ftp://example.org/a.jpg", "does not begin with http"),
        ("file:///etc/passwd", "does not begin with http"),
        ("gopher://127.0.0.1:6379/_x", "does not begin with http"),
        ("//example.org/a.jpg", "does not begin with http"),
        ("example.org/a.jpg", "does not begin with http"),
        ("http://user:secret@example.org/a.jpg", "holds a user name"),
        ("http://example.org@169.254.169.254/", "holds a user name"),
        ("http://example.org:80@169.254.169.254/", "holds a user name"),
        ("http://169.254.169.254\\@example.org/", "backslash"),
        ("http://example.org\\.evil.example/", "backslash"),
        ("http://exam\tple.org/", "white space"),
        ("http://example.org/a b.jpg", "white space"),
        ("http://example.org/\r\nHost: evil", "white space"),
        ("http://exam\u00adple.org:99999/", "not a valid address"),
        ("http://example.org:port/", "not a valid address"),
        ("http://[::1/", "not a valid address"),
        ("http://2130706433/", "host name"),
        ("http://0x7f000001/", "host name"),
        ("http://0x7f.1/", "host name"),
        ("http://017700000001/", "host name"),
        ("http://0177.0.0.1/", "host name"),
        ("http://127.1/", "host name"),
        ("http://127.0.0.1.2/", "host name"),
        ("http://example.0x7f/", "host name"),
        ("http://example.256/", "host name"),
        ("http://%31%32%37.0.0.1/", "host name"),
        ("http://exam%00ple.org/", "host name"),
        ("http://example..org/", "host name"),
        ("http://example.org../", "host name"),
        ("http://-example.org/", "host name"),
        ("http:///a.jpg", "host name"),
        ("http://[fe80::1%25eth0]/", "host name"),
        ("http://[v1.a]/", "valid"),
        (f"http://{'a' * 64}.org/", "host name"),
        (f"http://example.org/{'a' * 5000}", "longer than"),
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_none(written: str, why: str) -> None:
    with pytest.raises(Fault, match=why):
        Address.parse(written)


@pytest.mark.parametrize(
    "written",
    ["http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", "http://169。254。169。254/", "http://169.254.169.254./"],
)
def test_disguised_numbers_are_the_ip_address_that_they_stand_for(written: str) -> None:
    assert str(Address.parse(written).literal) == "169.254.169.254"


@given(st.text(max_size=60))
@settings(deadline=None)
def test_any_text_is_an_address_or_a_fault(text: str) -> None:
    for written in (text, f"http://{text}", f"https://example.org/{text}"):
        try:
            found = Address.parse(written)
        except Fault:
            continue
        assert Address.parse(str(found)) == found
        assert str(found).isascii()
        assert not set(found.host) & set("/\\@?#%")


def test_a_redirect_is_relative_to_the_address_that_answered() -> None:
    asked = Address.parse("https://example.org/a/b.jpg?c=d")
    assert str(asked.redirected("../e.jpg")) == "https://example.org/e.jpg"
    assert str(asked.redirected("//other.example/f")) == "https://other.example/f"


def test_a_query_is_not_shown_as_it_may_hold_a_key() -> None:
    signed = Address.parse("https://example.org/a.jpg?X-Amz-Signature=secret")
    other = Address.parse("https://example.org/a.jpg?X-Amz-Signature=other")
    assert "secret" not in signed.shown
    assert signed.shown.startswith("https://example.org/a.jpg?(")
    assert signed.shown != other.shown


def test_hosts_are_allowed_by_name_and_by_port() -> None:
    allowed = AllowedHosts.parse(["Images.internal", "store.internal:9000"])
    for written, private, port in [
        ("http://images.internal./a", True, True),
        ("http://images.internal:9000/a", True, False),
        ("http://store.internal:9000/a", True, True),
        ("http://sub.images.internal/a", False, True),
        ("http://example.org:443/a", False, True),
        ("http://example.org:22/a", False, False),
    ]:
        address = Address.parse(written)
        assert (allowed.private(address), allowed.port(address)) == (private, port), written


@pytest.mark.parametrize("written", ["http://images.internal", "a b", "images.internal:x", ""])
def test_what_names_no_host_is_not_allowed(written: str) -> None:
    with pytest.raises(ValueError, match="host"):
        AllowedHosts.parse([written])
