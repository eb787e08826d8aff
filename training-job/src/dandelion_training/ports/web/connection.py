"""One request to one address, over a connection that is pinned to an IP address that was checked.

The host's name is resolved once, each address that comes of it is checked, and the connection goes
to one of these: there is no second look at DNS that could say something else. The name goes into
the request and the certificate check alone. Redirects are answers like any other here, proxies of
the environment and compressed bodies are unknown. `download` calls `request`.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from dandelion_training.ports.web.address import Address, AllowedHosts
from dandelion_training.ports.web.errors import Fault, Passing
from dandelion_training.ports.web.networks import IP, refusal

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
MOST_TRIED = 3  # of a host's addresses
CHUNK = 64 * 1024
UNCOMPRESSED = frozenset({"", "identity"})

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[IP, int, float], socket.socket]


def _resolved(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _connected(address: IP, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


@dataclass(frozen=True)
class Network:
    """How names become addresses, and addresses connections."""

    resolve: Resolve = _resolved
    connect: Connect = _connected


@dataclass(frozen=True)
class Answer:
    """`body` is read where the status is 200, and empty otherwise."""

    status: int
    headers: Mapping[str, str]  # by lower-case name
    body: bytes = b""


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    bytes: int
    seconds: float  # from the connection to the last byte


def request(
    address: Address,
    allowed: AllowedHosts,
    limits: Limits,
    network: Network,
    trust: ssl.SSLContext,
    user_agent: str,
) -> Answer:
    """The answer; raises Fault, and Passing where another attempt may bring one."""
    if not allowed.port(address):
        raise Fault("names a port that is not allowed", str(address.port))
    checked = _checked(address, allowed, network)
    with _deadline(_reached(address, checked, network), limits.seconds) as timed:
        try:
            answer = _exchanged(address, timed.connection, limits, trust, user_agent)
        except ssl.SSLCertVerificationError as error:
            raise Fault("its host has no valid certificate", error.verify_message) from error
        except (OSError, http.client.HTTPException) as error:
            if timed.over:
                raise _late(limits) from error
            waited = isinstance(error, TimeoutError)
            words = "its host fell silent" if waited else "its host broke off"
            raise Passing(words, address.host, silent=True) from error
        except Fault:
            if timed.over:
                raise _late(limits) from None
            raise
    if timed.over:
        raise _late(limits)
    return answer


def _late(limits: Limits) -> Fault:
    return Fault(f"did not arrive within {limits.seconds:g} seconds")


def _checked(address: Address, allowed: AllowedHosts, network: Network) -> list[IP]:
    """All that the host's name stands for, each of them found good."""
    if address.literal is not None:
        found = [address.literal]
    else:
        try:
            found = [ip_address(one) for one in network.resolve(address.host, address.port)]
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise Passing("its host name cannot be resolved now", silent=True) from error
            raise Fault("its host name is not known", address.host) from error
        except (OSError, ValueError) as error:
            raise Fault("its host name is not known", address.host) from error
    if not found:
        raise Fault("its host name is not known", address.host)
    for one in found:
        kind = refusal(one, allowed.private(address))
        if kind is not None:
            raise Fault(f"its host has {kind}", f"{address.host} is {one}")
    return list(dict.fromkeys(found))


def _reached(address: Address, checked: Sequence[IP], network: Network) -> socket.socket:
    for one in checked[:MOST_TRIED]:
        with suppress(OSError):
            return network.connect(one, address.port, CONNECT_SECONDS)
    raise Passing("its host does not answer", address.host, silent=True)


@dataclass
class _Timed:
    connection: socket.socket
    over: bool = False


@contextmanager
def _deadline(connection: socket.socket, seconds: float) -> Iterator[_Timed]:
    """Close the connection both ways when the time is over, whatever is being waited for.

    A timeout of the socket begins anew with every byte. The duplicate stays that of the connection
    when TLS takes the socket over.
    """
    timed, guard = _Timed(connection), connection.dup()

    def end() -> None:
        timed.over = True
        with suppress(OSError):
            guard.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield timed
    finally:
        timer.cancel()
        guard.close()
        timed.connection.close()


def _exchanged(
    address: Address,
    connection: socket.socket,
    limits: Limits,
    trust: ssl.SSLContext,
    user_agent: str,
) -> Answer:
    connection.settimeout(READ_SECONDS)
    if address.scheme == "https":
        connection = trust.wrap_socket(connection, server_hostname=address.host)
    client = http.client.HTTPConnection(address.host, address.port)
    client.sock = connection
    try:
        client.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
        client.putheader("Host", address.authority)
        client.putheader("User-Agent", user_agent)
        client.putheader("Accept", "image/*, */*;q=0.5")
        client.putheader("Accept-Encoding", "identity")
        client.putheader("Connection", "close")
        client.endheaders()
        with client.getresponse() as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            if response.status != http.client.OK:
                return Answer(response.status, headers)
            encoding = headers.get("content-encoding", "").strip().lower()
            if encoding not in UNCOMPRESSED:
                raise Fault("is sent compressed, though it was asked for as it is", encoding[:20])
            return Answer(response.status, headers, _body(response, limits))
    finally:
        client.close()


def _body(response: http.client.HTTPResponse, limits: Limits) -> bytes:
    too_large = Fault(f"is larger than {limits.bytes // 1024**2} MiB")
    if response.length is not None and response.length > limits.bytes:
        raise too_large
    content = bytearray()
    while chunk := response.read1(CHUNK):
        content += chunk
        if len(content) > limits.bytes:
            raise too_large
    if response.length:
        raise Passing("its host broke off")
    return bytes(content)
