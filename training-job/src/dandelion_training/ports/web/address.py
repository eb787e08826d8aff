"""An address of the web, read strictly: what two readers could take for two hosts is refused.

Whatever is checked is what is connected to: nothing of the written text is used again once it is
parsed.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

from dandelion_training.ports.web.errors import Fault
from dandelion_training.ports.web.networks import IP

USUAL_PORTS = {"http": 80, "https": 443}
LONGEST = 4096  # characters
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")  # what the C library reads as a part of an IPv4 address
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\u0080-\u00a0\u2028\u2029\ud800-\udfff]")
_OF_PATH, _OF_QUERY = "/%:@!$&'()*+,;=~", "/?%:@!$&'()*+,;=~"


@dataclass(frozen=True)
class Address:
    """`host` is in lower-case ASCII without a dot at the end, or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # percent-encoded
    query: str | None
    literal: IP | None  # where the host is an IP address

    @classmethod
    def parse(cls, written: str) -> Self:
        """Raises Fault where it is none that may be fetched, whatever its host is."""
        if len(written) > LONGEST:
            raise Fault(f"is longer than {LONGEST:,} characters")
        if _UNSAFE.search(written):
            raise Fault("contains white space, a backslash or a control character")
        try:
            parts = urlsplit(written)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise Fault("is not a valid address") from error
        if parts.scheme not in USUAL_PORTS:
            raise Fault("does not begin with http:// or https://")
        if "@" in parts.netloc:
            raise Fault("holds a user name or a password")
        name, literal = _host(host, "[" in parts.netloc)
        usual = USUAL_PORTS[parts.scheme]
        query = quote(parts.query, safe=_OF_QUERY) if parts.query else None
        path = quote(parts.path, safe=_OF_PATH) or "/"
        return cls(parts.scheme, name, usual if port is None else port, path, query, literal)

    def redirected(self, location: str) -> "Address":
        """Where `location`, relative to this address, leads to; raises Fault."""
        try:
            return Address.parse(urljoin(str(self), location))
        except ValueError as error:
            raise Fault("is not a valid address") from error

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return host if self.port == USUAL_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """As the request names it."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def shown(self) -> str:
        """For people and documents: a query may hold a key or a signature, so its digest stands in
        its place.
        """
        place = f"{self.scheme}://{self.authority}{self.path}"
        if self.query is None:
            return place
        return f"{place}?({hashlib.sha256(self.query.encode()).hexdigest()[:12]})"


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts that may have private addresses, and the ports that were named with them."""

    names: frozenset[str] = frozenset()
    ports: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, written: Iterable[str]) -> Self:
        """Each `host` or `host:port`; raises ValueError."""
        names, ports = set(), set()
        for item in written:
            host, colon, port = item.strip().lower().partition(":")
            name = host.removesuffix(".")
            if not _NAME.fullmatch(name) or (colon and not port.isdecimal()):
                raise ValueError(f"{item!r} is not a host, or a host and a port: write HOST:PORT")
            names.add(name)
            if colon:
                ports.add((name, int(port)))
        return cls(frozenset(names), frozenset(ports))

    def private(self, address: Address) -> bool:
        return address.host in self.names

    def port(self, address: Address) -> bool:
        return address.port in USUAL_PORTS.values() or (address.host, address.port) in self.ports


def _host(host: str, bracketed: bool) -> tuple[str, IP | None]:
    if bracketed:
        try:
            found = IPv6Address(host)
        except AddressValueError as error:
            raise Fault("has no valid host name") from error
        if found.scope_id:
            raise Fault("has no valid host name")
        return str(found), found
    try:
        name = host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError as error:
        raise Fault("has no valid host name") from error
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise Fault("has no valid host name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return name, IPv4Address(name)
        except AddressValueError as error:
            raise Fault("has no valid host name") from error
    return name, None
