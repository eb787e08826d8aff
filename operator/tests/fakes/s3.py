"""A loopback server that answers the few S3 calls the operator makes, and fails as S3 fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

WRITTEN = "2026-01-01T00:00:00Z"


@dataclass
class FakeS3:
    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refuses: str | None = None
    not_s3: str = ""
    may_make_buckets: bool = True
    may_list: bool = True
    read_only: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""
    now: datetime | None = None  # by its own clock; None: that of this machine
    written: dict[tuple[str, str], str] = field(default_factory=dict)

    def put(self, bucket: str, name: str, content: bytes = b"x", written: str = WRITTEN) -> None:
        self.buckets.setdefault(bucket, {})[name] = content
        self.written[bucket, name] = written


@contextmanager
def serving() -> Iterator[FakeS3]:
    s3 = FakeS3()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            if s3.now is None:
                return super().date_time_string(timestamp)
            return format_datetime(s3.now, usegmt=True)

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            bucket, _, name = unquote(parts.path).strip("/").partition("/")
            s3.requests.append(f"{self.command} /{bucket}/{name}".rstrip("/"))
            if s3.not_s3:
                self._send(200, s3.not_s3.encode(), "text/html")
            elif s3.refuses:
                self._error(403, s3.refuses)
            elif self.command == "PUT" and not name:
                if s3.may_make_buckets:
                    s3.buckets[bucket] = {}
                    self._send(200, b"")
                else:
                    self._error(403, "AccessDenied")
            elif bucket not in s3.buckets:
                self._error(404, "NoSuchBucket")
            elif self.command == "PUT":
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if bucket in s3.read_only:
                    self._error(403, "AccessDenied")
                else:
                    s3.buckets[bucket][name] = body
                    self._send(200, b"")
            elif not name and not s3.may_list:
                self._error(403, "AccessDenied")
            elif not name:
                self._list(
                    bucket, s3.buckets[bucket], parse_qs(parts.query, keep_blank_values=True)
                )
            elif name not in s3.buckets[bucket]:
                self._error(404, "NoSuchKey")
            else:
                written = s3.written.get((bucket, name), WRITTEN)
                self._send(200, s3.buckets[bucket][name], "application/octet-stream", written)

        def _list(
            self, bucket: str, objects: dict[str, bytes], query: dict[str, list[str]]
        ) -> None:
            prefix = query.get("prefix", [""])[0]
            if "delimiter" in query and query["delimiter"][0]:
                self._folders(bucket, objects, prefix)
                return
            found = "".join(
                f"<Contents><Key>{escape(name)}</Key><Size>{len(content)}</Size>"
                f"<ETag>{md5(content).hexdigest()}</ETag>"
                f"<LastModified>{s3.written.get((bucket, name), WRITTEN)}</LastModified></Contents>"
                for name, content in sorted(objects.items())
                if name.startswith(prefix)
            )
            body = (
                f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{found}"
                "</ListBucketResult>"
            )
            self._send(200, body.encode())

        def _folders(self, bucket: str, objects: dict[str, bytes], prefix: str) -> None:
            inside = (name.removeprefix(prefix) for name in objects if name.startswith(prefix))
            names = sorted({name.split("/")[0] for name in inside if "/" in name})
            found = "".join(
                f"<CommonPrefixes><Prefix>{escape(f'{prefix}{name}/')}</Prefix></CommonPrefixes>"
                for name in names
            )
            body = (
                f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{found}"
                "</ListBucketResult>"
            )
            self._send(200, body.encode())

        def _error(self, status: int, code: str) -> None:
            body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
            self._send(status, body.encode())

        def _send(
            self, status: int, body: bytes, kind: str = "application/xml", written: str = WRITTEN
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            modified = format_datetime(datetime.fromisoformat(written), usegmt=True)
            self.send_header("Last-Modified", modified)
            self.send_header("ETag", f'"{md5(body).hexdigest()}"')
            self.end_headers()
            if self.command == "HEAD":
                return
            try:
                self.wfile.write(body)
            except ConnectionError:
                # Who is sent more than they take hangs up.
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    s3.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
