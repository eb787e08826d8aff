"""Bare connections to a service, for what no HTTP client would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit


def opened(url: str, receive_buffer: int | None = None) -> socket.socket:
    """A connection; `receive_buffer` is in bytes, where little is to be taken unread."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(60)
    connection.connect((address.hostname, address.port))
    return connection


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def send_all(connection: socket.socket, pieces: Iterable[bytes]) -> bool:
    """Whether the service has let itself be sent all of it."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


def said(connection: socket.socket) -> bytes:
    """All that the service says until it closes."""
    answer = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            return answer
        if not data:
            return answer
        answer += data


def status_and_code(answer: bytes) -> tuple[int, str]:
    """Of a refusal that closes its connection."""
    beginning, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in beginning
    assert b"connection: close" in beginning
    return int(beginning.split()[1]), json.loads(body)["code"]
