"""A web of hosts on this machine: names and addresses are made up, the sockets are real."""

import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dandelion_training.ports.web.address import AllowedHosts
from dandelion_training.ports.web.connection import Limits, Network
from dandelion_training.ports.web.download import Downloader
from dandelion_training.ports.web.hosts import Hosts
from dandelion_training.ports.web.networks import IP

PUBLIC = "93.184.216.34"
Send = Callable[[socket.socket], None]
Page = bytes | Send  # a good answer's body, or all that is sent


def answer(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Send:
    fields = {"Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return lambda connection: connection.sendall(
        f"HTTP/1.1 {status} Words\r\n{head}\r\n".encode() + body
    )


def redirect(to: str, status: int = 302) -> Send:
    return answer(status, {"Location": to})


@dataclass
class Web:
    """`pages` by host and target; several pages of one place come one after the other, the last for
    good. `names` are what a name resolves to, look by look.
    """

    pages: dict[str, Page | Sequence[Page]] = field(default_factory=dict)
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)  # IP addresses that do not answer
    requests: list[str] = field(default_factory=list)  # host and target, as they were asked for
    heads: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)  # IP addresses and ports
    slept: list[float] = field(default_factory=list)
    now: float = 1000.0
    certificate: ssl.SSLContext | None = None  # where TLS is spoken
    _port: int = 0
    _looks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def downloader(
        self,
        *allowed: str,
        limits: Limits | None = None,
        apart: float = 0.0,
        trust: ssl.SSLContext | None = None,
    ) -> Downloader:
        return Downloader(
            AllowedHosts.parse(allowed),
            self.network(),
            limits or Limits(bytes=100_000, seconds=60),
            lambda: self.now,
            Hosts(lambda: self.now, self._sleep, apart=apart),
            trust or ssl.create_default_context(),
        )

    def network(self) -> Network:
        return Network(self._resolve, self._connect)

    @contextmanager
    def serving(self) -> Iterator["Web"]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._port = server.getsockname()[1]
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield self
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _resolve(self, host: str, _port: int) -> list[str]:
        with self._lock:
            self.resolved.append(host)
            answers = self.names.get(host, [[PUBLIC]])
            look = min(self._looks[host], len(answers) - 1)
            self._looks[host] += 1
        if not answers[look]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers[look]

    def _connect(self, address: IP, port: int, seconds: float) -> socket.socket:
        self.connected.append(f"{address} {port}")
        if str(address) in self.dead:
            raise TimeoutError
        return socket.create_connection(("127.0.0.1", self._port), seconds)

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.certificate is not None:
                connection = self.certificate.wrap_socket(connection, server_side=True)
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received:
                return
            head += received
        text = head.decode("latin-1")
        target = text.split(" ")[1]
        host = text.lower().partition("\r\nhost: ")[2].partition("\r\n")[0]
        with self._lock:
            place = f"{host}{target}"
            self.requests.append(place)
            self.heads.append(text)
            page = self.pages.get(place, answer(404))
            if isinstance(page, Sequence) and not isinstance(page, bytes):
                page = page[min(self.requests.count(place), len(page)) - 1]
        send = answer(200, body=page) if isinstance(page, bytes) else page
        send(connection)
