"""Label Studio's projects, their tasks and their files. Addresses and fields are those of its API
reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from dandelion_training.ports.label_studio.connection import Connection, LabelStudioError

PAGE = 100  # tasks or projects

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Project:
    """`interface` is its labeling configuration, `controls` the same as Label Studio reads it."""

    id: int
    title: str
    interface: str
    controls: Mapping[str, Any]


class LabelStudio:
    """Label Studio over a connection, which it closes. Every method raises LabelStudioError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def address(self, project: Project) -> str:
        """Of a project, for a browser."""
        return f"{self._connection.base}/projects/{project.id}"

    def project(self, number: int) -> Project:
        return self._project(self._connection.read(f"/api/projects/{number}/"))

    def projects(self, title: str) -> list[Project]:
        """Those that are called so, and perhaps others that have it in their title."""
        found: list[Project] = []
        page = 1
        while True:
            asked = {"title": title, "page": page, "page_size": PAGE}
            answer = self._connection.read("/api/projects/", asked)
            found += [self._project(item) for item in self._items(answer, "results")]
            if not answer.get("next"):
                return found
            page += 1

    def create(self, title: str, interface: str) -> Project:
        wanted = {"title": title, "label_config": interface}
        return self._project(self._connection.write("POST", "/api/projects/", wanted))

    def set_interface(self, project: Project, interface: str) -> None:
        path = f"/api/projects/{project.id}/"
        self._connection.write("PATCH", path, {"label_config": interface})

    def tasks(self, project: Project, annotated: bool) -> Iterator[Task]:
        """A page after the other; with annotations where these are asked for."""
        path = "/api/tasks/"
        asked: dict[str, Any] = {"project": project.id, "page_size": PAGE, "resolve_uri": "false"}
        if annotated:
            asked["fields"] = "all"
        page = seen = 0
        while True:
            page += 1
            answer = self._connection.asked("GET", path, asked | {"page": page})
            if answer.status == 404 and page > 1:
                return  # tasks were deleted meanwhile
            found = self._connection.told(answer, path)
            tasks = self._items(found, "tasks")
            yield from tasks
            seen += len(tasks)
            if not tasks or seen >= found.get("total", 0):
                return

    def add(self, project: Project, tasks: Sequence[Task]) -> None:
        """All of them or none."""
        self._connection.write("POST", f"/api/projects/{project.id}/import", list(tasks))

    def files(self, project: Project) -> list[str]:
        """Where the files lie that were uploaded to it: `/data/upload/7/0123abcd-NAME`."""
        path = f"/api/projects/{project.id}/file-uploads"
        return [self._place(item) for item in self._connection.read(path, {"all": "true"})]

    def upload(self, project: Project, name: str, content: bytes) -> str:
        """Where the file lies then. It is no task yet."""
        path = f"/api/projects/{project.id}/import"
        answer = self._connection.upload(path, {"commit_to_project": "false"}, name, content)
        numbers = answer.get("file_upload_ids")
        if not numbers:
            raise LabelStudioError(
                f"{self._connection.base} takes files in the background, as its Enterprise edition"
                " does: export to FILE.json, and import that in its page."
            )
        return self._place(self._connection.read(f"/api/import/file-upload/{numbers[0]}"))

    def people(self) -> dict[int, str]:
        """E-mail addresses by number; none where the token's user may not see them."""
        path = "/api/users/"
        answer = self._connection.asked("GET", path)
        if answer.status in (403, 404):
            return {}
        found = self._connection.told(answer, path)
        users = self._items(found, "results") if isinstance(found, dict) else found
        return {user["id"]: user["email"] for user in users if user.get("email")}

    def _place(self, upload: Any) -> str:
        file = upload.get("file") if isinstance(upload, dict) else None
        if not isinstance(file, str) or not file:
            raise self._connection.strange()
        if file.startswith(("http://", "https://", "/")):
            return file
        return f"{urlsplit(self._connection.base).path}/data/{file}"

    def _project(self, found: Any) -> Project:
        if not isinstance(found, dict) or not isinstance(found.get("id"), int):
            raise self._connection.strange()
        controls = found.get("parsed_label_config")
        return Project(
            found["id"],
            str(found.get("title") or ""),
            str(found.get("label_config") or ""),
            controls if isinstance(controls, dict) else {},
        )

    def _items(self, found: Any, name: str) -> list[Any]:
        items = found.get(name) if isinstance(found, dict) else None
        if not isinstance(items, list):
            raise self._connection.strange()
        return items
