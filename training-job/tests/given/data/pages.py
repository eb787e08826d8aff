"""An HTML file as a browser reads it, and the name that a stranger would give a picture."""

import base64
from html.parser import HTMLParser

HOSTILE = '<script src="https://evil.example/x.js">"\'&'


class Page(HTMLParser):
    """What a browser would find in the file; in `text`, a | begins each cell, line and heading."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.pictures: list[bytes] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag in ("td", "li", "dd", "p", "h2", "h3"):
            self.text += " | "
        if tag == "img":
            head, _, data = (dict(attrs)["src"] or "").partition(",")
            assert head == "data:image/jpeg;base64"
            self.pictures.append(base64.b64decode(data))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data.replace("\u00a0", " ")
