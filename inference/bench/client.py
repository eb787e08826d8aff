"""The client that puts load on every server alike: one thread, bare sockets, connections kept open.

It shares the processors with the server it measures, so it does next to nothing: whole requests are
made beforehand, and of an answer it reads the status and whether an expected text is in it. Called
by `comparison.py`; what it costs itself is measured there against a server that does nothing.
"""

from __future__ import annotations

import select
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

TIMEOUT = 60.0
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Question:
    """A whole HTTP request, and what the answer to it must contain."""

    request: bytes
    expected: bytes


def post(path: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Load:
    """What came of it. The latencies, in seconds, are those of right answers."""

    seconds: float = 0.0
    client_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.latencies else 0.0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.seconds + other.seconds,
            self.client_seconds + other.client_seconds,
            self.latencies + other.latencies,
            self.errors + other.errors,
        )


class _Connection:
    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self.question = Question(b"", b"")
        self.since = 0.0

    def send(self, question: Question, since: float) -> int:
        """Asks; the file descriptor to wait on. `since` is when the wait for the answer began."""
        self.question, self.since = question, since
        self._received.clear()
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            # Nothing was asked on it, so the server has let go of it. Clients that pool connections
            # look, because an idle one may be closed at any time (RFC 9112, 9.3.1).
            self.close()
        if self._socket is None:
            self._socket = socket.socket()
            # A whole request fits, so that sending never waits for the server to read.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(TIMEOUT)
            self._socket.connect(("127.0.0.1", self._port))
        self._socket.sendall(question.request)
        return self._socket.fileno()

    def receive(self) -> str | None:
        """`""` after the right answer, else what is wrong; None while some of it is missing."""
        assert self._socket is not None
        data = self._socket.recv(1 << 16)
        self._received += data
        head_end = self._received.find(HEAD_END)
        if head_end >= 0:
            head = bytes(self._received[:head_end]).lower()
            body = self._received[head_end + len(HEAD_END) :]
            if data and not _complete(head, body):
                return None
            if b"connection: close" in head or not data:
                self.close()
            if not head.startswith(b"http/1.1 200"):
                return head[9:12].decode(errors="replace")
            return "" if self.question.expected in body else "wrong answer"
        if data:
            return None
        self.close()
        return "connection closed"

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _complete(head: bytes, body: bytearray) -> bool:
    _, found, rest = head.partition(b"content-length:")
    if found:
        return len(body) >= int(rest.split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in head:
        return body.endswith(b"0" + HEAD_END)
    return False


class _Run:
    """Connections with a question under way, and what came of those that are answered."""

    def __init__(self, port: int, questions: Sequence[Question], connections: int) -> None:
        self.load = Load()
        self.free = [_Connection(port) for _ in range(connections)]
        self._questions = questions
        self._asked = 0
        self._waiting: dict[int, _Connection] = {}
        self._poll = select.epoll()

    def ask(self, since: float) -> None:
        connection = self.free.pop()
        question = self._questions[self._asked % len(self._questions)]
        self._asked += 1
        try:
            descriptor = connection.send(question, since)
        except OSError as error:
            self._failed(connection, type(error).__name__)
            time.sleep(0.01)  # a server that is gone refuses at once, again and again
            return
        self._waiting[descriptor] = connection
        self._poll.register(descriptor, select.EPOLLIN)

    def answers(self, wait: float) -> None:
        """Takes what has been answered after at most `wait` seconds."""
        for descriptor, _ in self._poll.poll(max(wait, 0)):
            connection = self._waiting[descriptor]
            try:
                wrong = connection.receive()
            except OSError as error:
                wrong = type(error).__name__
                connection.close()
            if wrong is None:
                continue
            del self._waiting[descriptor]
            if connection._socket is not None:
                self._poll.unregister(descriptor)
            if wrong:
                self._failed(connection, wrong)
            else:
                self.load.latencies.append(time.perf_counter() - connection.since)
                self.free.append(connection)

    def finish(self) -> None:
        deadline = time.perf_counter() + TIMEOUT
        while self._waiting and time.perf_counter() < deadline:
            self.answers(0.5)
        self.load.errors["no answer"] += len(self._waiting)
        for connection in [*self.free, *self._waiting.values()]:
            connection.close()
        self._poll.close()
        self.load.errors += Counter()  # drops what never happened

    def _failed(self, connection: _Connection, wrong: str) -> None:
        self.load.errors[wrong] += 1
        connection.close()
        self.free.append(connection)


def closed_loop(port: int, questions: Sequence[Question], connections: int, seconds: float) -> Load:
    """Every connection asks its next question when it has the answer to the last, and one at least,
    however short the time is."""
    run = _Run(port, questions, connections)
    started, used = time.perf_counter(), time.process_time()
    for _ in range(connections):
        run.ask(time.perf_counter())
    while (now := time.perf_counter()) < started + seconds:
        while run.free and now < started + seconds:
            run.ask(now := time.perf_counter())
        run.answers(0.1)
    run.finish()
    run.load.seconds = time.perf_counter() - started
    run.load.client_seconds = time.process_time() - used
    return run.load


def open_loop(port: int, questions: Sequence[Question], rate: float, seconds: float) -> Load:
    """Evenly spaced questions, whether or not the last is answered.

    A latency counts from when its question was due, so that a server that falls behind is seen to.
    """
    run = _Run(port, questions, connections=64)
    started, used = time.perf_counter(), time.process_time()
    due = [started + number / rate for number in range(max(1, int(rate * seconds)))]
    for moment in due:
        while (wait := moment - time.perf_counter()) > 0 or not run.free:
            run.answers(wait if run.free else 0.1)
            if time.perf_counter() > moment + TIMEOUT:
                break
        if run.free:
            run.ask(moment)
        else:
            run.load.errors["no answer"] += 1
    run.finish()
    run.load.seconds = time.perf_counter() - started
    run.load.client_seconds = time.process_time() - used
    return run.load
