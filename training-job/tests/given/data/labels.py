"""Images beside a table of labels."""

from dandelion_training.data.layout import layout
from dandelion_training.data.layout.assignments import Layout
from given.data.layouts import URI

IMAGES = ("a.jpg", "b.jpg", "deep/c.jpg", "d e#1?.jpg")


def labelled(written: str | bytes, names: tuple[str, ...] = IMAGES, file: str = "l.csv") -> Layout:
    content = written.encode() if isinstance(written, str) else written
    return layout(f"{URI}/{file}", [*names, file], content)
