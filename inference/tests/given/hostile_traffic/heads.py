"""Heads and framing that mean no good."""

from __future__ import annotations

from given.hostile_traffic import RawRequest

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
HEALTH = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n"


def _post(*lines: bytes, body: bytes = b"x") -> bytes:
    head = b"\r\n".join([b"POST /predict HTTP/1.1", b"Host: a", *lines, b"", b""])
    return head + body


def _chunked(body: bytes, *lines: bytes) -> bytes:
    return _post(b"Transfer-Encoding: chunked", *lines, body=body)


def ambiguous() -> dict[str, RawRequest]:
    """RFC 9112, section 6.3 and 11.2."""
    chunks = b"0\r\n\r\n" + SMUGGLED
    length = b"Content-Length: %d" % len(chunks)
    found = {
        "a length and chunks": _post(length, b"Transfer-Encoding: chunked", body=chunks),
        "chunks and a length": _post(b"Transfer-Encoding: chunked", length, body=chunks),
        "two lengths": _post(b"Content-Length: 1", b"Content-Length: 30", body=b"x" + SMUGGLED),
        "two lengths in one": _post(b"Content-Length: 1, 30", body=b"x" + SMUGGLED),
        "a length with a sign": _post(b"Content-Length: +1", body=b"x" + SMUGGLED),
        "a negative length": _post(b"Content-Length: -1", body=SMUGGLED),
        "a length in hex": _post(b"Content-Length: 0x10", body=SMUGGLED),
        "a length beyond 64 bits": _post(b"Content-Length: 99999999999999999999", body=SMUGGLED),
        "a length that is no number": _post(b"Content-Length: ten", body=SMUGGLED),
        "a length of Arabic digits": _post("Content-Length: ٣".encode(), body=SMUGGLED),
        "a blank before the colon": _post(b"Content-Length : 5", body=SMUGGLED),
        "a coding after chunked": _post(b"Transfer-Encoding: chunked, identity", body=chunks),
        "an unknown coding": _post(b"Transfer-Encoding: xchunked", length, body=chunks),
        "chunked in quotes": _post(b'Transfer-Encoding: "chunked"', length, body=chunks),
        "chunked twice": _post(
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", length, body=chunks
        ),
        "a chunk longer than it says": _chunked(b"1\r\nxx\r\n0\r\n\r\n" + SMUGGLED),
        "a chunk of 20 digits": _chunked(b"F" * 20 + b"\r\nx\r\n0\r\n\r\n" + SMUGGLED),
        "a chunk of a negative size": _chunked(b"-1\r\nx\r\n0\r\n\r\n" + SMUGGLED),
        "a chunk in decimal with a prefix": _chunked(b"0x1\r\nx\r\n0\r\n\r\n" + SMUGGLED),
        "chunks that end with a bare LF": _chunked(b"1\nx\n0\n\n" + SMUGGLED),
        "a header on two lines": _post(
            b"Content-Length: 1", b"X: a\r\n Transfer-Encoding: chunked", body=chunks
        ),
        "a header that begins with a blank": _post(b" Content-Length: 5", body=SMUGGLED),
        "a NUL in a name": _post(b"Content-\0Length: 5", body=SMUGGLED),
        "a NUL in a value": _post(b"X: a\0b", b"Content-Length: 1", body=b"x" + SMUGGLED),
        "a bare CR in a value": _post(b"X: a\rContent-Length: 30", body=SMUGGLED),
    }
    return {name: RawRequest(data, ambiguous=True) for name, data in found.items()}


def odd() -> dict[str, RawRequest]:
    """What is refused or answered, as long as it is one of the two."""
    big = b"a" * 60_000
    found = {
        "bare LFs": b"GET /v2/health/live HTTP/1.1\nHost: a\n\n",
        "no host": b"GET /v2/health/live HTTP/1.1\r\n\r\n",
        "two hosts": HEALTH + b"Host: b\r\n\r\n",
        "a host that is an address": b"GET /v2/health/live HTTP/1.1\r\nHost: http://a/../\r\n\r\n",
        "a header without a name": HEALTH + b": a\r\n\r\n",
        "a header without a colon": HEALTH + b"nothing\r\n\r\n",
        "a name of other letters": HEALTH + "Größe: 1\r\n\r\n".encode(),
        "a value of any bytes": HEALTH + b"X: \x80\xff\xfe\r\n\r\n",
        "a hundred of the same": HEALTH + b"X: a\r\n" * 99 + b"\r\n",
        "two of what is one": _post(
            b"Content-Type: image/png", b"Content-Type: multipart/form-data", b"Content-Length: 1"
        ),
        "two callers": _post(
            b"Authorization: Bearer a", b"Authorization: Bearer b", b"Content-Length: 1"
        ),
        "HTTP 0.9": b"GET /v2/health/live\r\n\r\n",
        "HTTP 1.9": b"GET /v2/health/live HTTP/1.9\r\nHost: a\r\n\r\n",
        "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        "another protocol": b"\x00\x00\x00\x5a\xffSMB" + bytes(80),
        "a small method": b"get /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "a long method": b"G" * 1000 + b" /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "TRACE": b"TRACE /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS of all": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "an absolute address": b"GET http://b:80/v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "an address that is none": b"GET http://[::1/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "a long address": b"GET /" + big + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "a long query": b"GET /v2/health/live?" + big + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "a way up": b"GET /docs/../../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        "a way up in percents": b"GET /docs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        "percents of nothing": b"GET /%zz%00%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n",
        "a blank in the address": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "any bytes in the address": b"GET /\xff\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "slashes": b"GET " + b"/" * 1000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "a websocket": HEALTH + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n\r\n",
        "HTTP 2 instead": HEALTH + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        "an unknown expectation": _post(b"Expect: a miracle", b"Content-Length: 1"),
        "a range": HEALTH + b"Range: bytes=0-,0-,0-\r\n\r\n",
        "a body of GET": HEALTH + b"Content-Length: 5\r\n\r\nhello",
        "an empty body": _post(b"Content-Length: 0", body=b""),
        "no body at all": _post(body=b""),
        "a long extension of a chunk": _chunked(b"1;" + big + b"\r\nx\r\n0\r\n\r\n"),
        "extensions without end": _chunked(
            (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 500 + b"0\r\n\r\n"
        ),
        "chunks of a byte": _chunked(b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"),
        "trailers that are framing": _chunked(
            b"1\r\nx\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        ),
        "a request behind the end": HEALTH + b"Connection: close\r\n\r\n" + SMUGGLED,
        "only blanks": b"\r\n" * 1000 + HEALTH + b"\r\n",
        "nothing of sense": bytes(range(256)) * 100,
    }
    return {name: RawRequest(data) for name, data in found.items()}
