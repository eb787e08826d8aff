"""One change in a JSON document, said in a line, for tables of documents that are refused."""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def put(*path: str | int, value: object) -> Callable[[Document], None]:
    def change(found: Document) -> None:
        place: Any = found
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return change
