"""Label Studio's API on a socket of this machine, in the shapes that a real one was seen to answer
with. What it keeps may be looked at and set.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

LEGACY = "0123456789abcdef0123456789abcdef01234567"
PERSONAL = "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl"
EMAIL = "eve@example.com"

Answer = tuple[int, Any]


@dataclass
class FakeLabelStudio:
    """`answers` are given in place of its own, by method and path, one after the other; None breaks
    off.
    """

    projects: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    uploads: dict[int, dict[str, Any]] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    answers: dict[str, list[Answer | None]] = field(default_factory=dict)
    url: str = ""
    uses: int = 1000  # of the first access token
    posts: int = 1000  # after so many it breaks off,
    loses: bool = False  # and does what was asked all the same, or not
    _access: int = 0

    def answer(self, method: str, target: str, token: str, kind: str, body: bytes) -> Answer | None:
        parts = urlsplit(target)
        self.requests.append(f"{method} {target}")
        planned = self.answers.get(f"{method} {parts.path}")
        if planned:
            return planned.pop(0)
        if method == "POST":
            self.posts -= 1
            if self.posts < 0:
                if self.loses:
                    self._respond(method, parts, body, kind)
                return None
        if parts.path == "/api/token/refresh/":
            return self._refreshed(json.loads(body))
        self.tokens.append(token)
        if not self._is_good(token):
            return 401, {"status_code": 401, "detail": "Invalid token."}
        return self._respond(method, parts, body, kind)

    def _respond(self, method: str, parts: SplitResult, body: bytes, kind: str) -> Answer:
        for pattern, respond in self._routes().items():
            found = re.fullmatch(pattern, f"{method} {parts.path}")
            if found:
                numbers = [int(part) for part in found.groups()]
                return respond(*numbers, dict(parse_qsl(parts.query)), body, kind)
        return 404, {"detail": "Not found."}

    def annotate(self, number: int, *choices: str, at: str, **about: Any) -> None:
        """Somebody says what the image of a task shows."""
        result = {
            "type": "choices",
            "from_name": "label",
            "to_name": "image",
            "value": {"choices": list(choices)},
        }
        (task,) = (task for tasks in self.tasks.values() for task in tasks if task["id"] == number)
        task["annotations"].append(
            {
                "id": 1000 + number,
                "completed_by": 1,
                "was_cancelled": False,
                "result": [result] if choices else [],
                "updated_at": at,
                **about,
            }
        )

    def _is_good(self, token: str) -> bool:
        if token == f"Token {LEGACY}":
            return True
        self.uses -= 1
        return token == f"Bearer access-{self._access}" and self.uses >= 0

    def _refreshed(self, asked: dict[str, Any]) -> Answer:
        if asked != {"refresh": PERSONAL}:
            return 401, {"detail": "Token is invalid", "code": "token_not_valid"}
        self._access += 1
        self.uses = 1000 if self._access > 1 else self.uses
        return 200, {"access": f"access-{self._access}"}

    def _routes(self) -> dict[str, Callable[..., Answer]]:
        return {
            "GET /api/projects/": self._projects,
            "POST /api/projects/": self._create,
            "GET /api/projects/([0-9]+)/": self._project,
            "PATCH /api/projects/([0-9]+)/": self._change,
            "POST /api/projects/([0-9]+)/import": self._import,
            "GET /api/projects/([0-9]+)/file-uploads": self._uploads,
            "GET /api/import/file-upload/([0-9]+)": self._upload,
            "GET /api/tasks/": self._tasks,
            "GET /api/users/": lambda *_: (200, [{"id": 1, "email": EMAIL}]),
        }

    def _projects(self, query: dict[str, str], *_: Any) -> Answer:
        called = [p for p in self.projects.values() if query["title"] in p["title"]]
        page, size = int(query["page"]), int(query["page_size"])
        shown = called[(page - 1) * size : page * size]
        following = f"{self.url}/api/projects/?page={page + 1}" if called[page * size :] else None
        return 200, {"count": len(called), "next": following, "previous": None, "results": shown}

    def _create(self, _query: Any, body: bytes, _kind: str) -> Answer:
        number = len(self.projects) + 1
        self.projects[number] = {"id": number}
        self.tasks[number] = []
        return 201, self._change(number, _query, body, _kind)[1]

    def _project(self, number: int, *_: Any) -> Answer:
        found = self.projects.get(number)
        return (200, found) if found else (404, {"detail": "Not found."})

    def _change(self, number: int, _query: Any, body: bytes, _kind: str) -> Answer:
        self.projects[number] |= json.loads(body)
        config = self.projects[number]["label_config"]
        labels = re.findall(r'<Choice value="(.*?)"/>', config)
        control = {"type": "Choices", "to_name": ["image"], "labels": labels}
        self.projects[number]["parsed_label_config"] = {"label": control} if labels else {}
        return 200, self.projects[number]

    def _import(self, number: int, query: dict[str, str], body: bytes, kind: str) -> Answer:
        if kind.startswith("multipart/form-data"):
            assert query == {"commit_to_project": "false"}
            head, _, rest = body.partition(b"\r\n\r\n")
            (name,) = re.findall(r'filename="(.*?)"', head.decode())
            upload = len(self.uploads) + 1
            file = f"upload/{number}/{upload:08x}-{name}"
            self.uploads[upload] = {"id": upload, "file": file}
            self.content[f"/data/{file}"] = rest[: rest.rindex(b"\r\n--")]
            return 201, {"task_count": 1, "file_upload_ids": [upload]}
        rows = json.loads(body)
        for row in rows:
            count = sum(map(len, self.tasks.values()))
            self.tasks[number].append({"id": 100 + count, "annotations": [], **row})
        return 201, {"task_count": len(rows), "file_upload_ids": []}

    def _uploads(self, number: int, query: dict[str, str], *_: Any) -> Answer:
        assert query == {"all": "true"}
        folder = f"upload/{number}/"
        return 200, [found for found in self.uploads.values() if found["file"].startswith(folder)]

    def _upload(self, upload: int, *_: Any) -> Answer:
        return 200, self.uploads[upload]

    def _tasks(self, query: dict[str, str], *_: Any) -> Answer:
        assert query["resolve_uri"] == "false"
        tasks = self.tasks[int(query["project"])]
        page, size = int(query["page"]), int(query["page_size"])
        shown = tasks[(page - 1) * size : page * size]
        if not shown and page > 1:
            return 404, {"detail": "Invalid page."}
        if query.get("fields") != "all":
            shown = [{"id": task["id"], "data": task["data"]} for task in shown]
        return 200, {"tasks": shown, "total": len(tasks), "total_annotations": 0}


@contextmanager
def running(studio: FakeLabelStudio) -> Iterator[FakeLabelStudio]:
    """It answers at `studio.url` meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            token = self.headers.get("Authorization", "")
            kind = self.headers.get("Content-Type", "")
            answer = studio.answer(self.command, self.path, token, kind, body)
            self.close_connection = True
            if answer is None:
                return
            status, told = answer
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            if 300 <= status < 400:
                self.send_header("Location", "https://elsewhere.example.org/")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _respond  # noqa: N815 - the names are the library's

        def log_message(self, *_: Any) -> None:
            """Nothing: tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        studio.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield studio
        finally:
            server.shutdown()
            thread.join()
