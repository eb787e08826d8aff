"""The page of a dataset version: what it shows, as values, and those values as one HTML file.

No script, nothing fetched, and names from strangers escaped, as on every sheet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dandelion_training.publish.dataset_page.label_sections import (
    Pair,
    Suspect,
    pairs_section,
    suspects_section,
)
from dandelion_training.publish.dataset_page.sizes import Sizes
from dandelion_training.publish.dataset_page.style import STYLE
from dandelion_training.publish.sheet_page import Part, document, header, named, percent, picture

CLASSES_SHOWN = 50  # of the largest and of the smallest, where there are more than both


@dataclass(frozen=True)
class ClassRow:
    """A class and its images; `looks` are JPEGs of some of them."""

    name: str
    train: int
    holdout: int
    looks: Sequence[bytes] = ()

    @property
    def images(self) -> int:
        return self.train + self.holdout


@dataclass(frozen=True)
class LeftOut:
    """Files that were left out for one kind of reason; examples are keys and reasons."""

    kind: str
    files: int
    examples: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class DatasetPage:
    """All that the page shows. Lists are as long as they are shown; counts are of everything."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    notes: Sequence[str]
    warnings: Sequence[str]
    classes: Sequence[ClassRow]
    suspects: Sequence[Suspect]  # the first of them with pictures
    examined: int  # images whose labels were examined; 0: they were not
    pairs: Sequence[Pair]
    pair_count: int
    duplicates: Sequence[tuple[str, str]]
    left_out: Sequence[LeftOut]
    ignored: Sequence[str]
    sizes: Sizes | None


def html(page: DatasetPage) -> bytes:
    """The file's bytes."""
    return document(f"{page.title} · {page.subtitle}", STYLE, _body(page))


def _body(page: DatasetPage) -> Iterator[str]:
    yield from header(page.title, page.subtitle, page.facts, page.parts, page.notes)
    if page.warnings:
        yield _listed("warnings", page.warnings)
    yield "<main>"
    yield from _classes(page.classes)
    yield from _looks(page.classes)
    yield from pairs_section(page.pairs, page.pair_count)
    yield from suspects_section(page.suspects, page.examined)
    yield from _left_out(page)
    yield from _sizes(page.sizes)
    yield "</main>"


def _listed(name: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="{name}">{items}</ul>'


def _classes(classes: Sequence[ClassRow]) -> Iterator[str]:
    """The largest first; of very many the largest and the smallest."""
    ranked = sorted(classes, key=lambda row: (-row.images, row.name))
    most = max((row.images for row in ranked), default=0)
    yield "<section><h2>Classes</h2>"
    if len(ranked) > 2 * CLASSES_SHOWN:
        yield f'<p class="note">The {CLASSES_SHOWN} largest of {len(ranked):,}.</p>'
        yield _table(ranked[:CLASSES_SHOWN], most)
        yield f"<h3>The {CLASSES_SHOWN} smallest</h3>"
        yield _table(ranked[-CLASSES_SHOWN:], most)
    else:
        yield _table(ranked, most)
    yield "</section>"


def _table(rows: Sequence[ClassRow], most: int) -> str:
    body = "".join(
        f'<tr><td class="name"><bdi>{escape(row.name)}</bdi></td>'
        f'<td class="number">{row.images:,}</td><td class="number">{row.train:,}</td>'
        f'<td class="number">{row.holdout:,}</td>'
        f'<td class="number">{escape(percent(row.holdout / max(1, row.images)))}</td>'
        f'<td class="of">{_bar(row, most)}</td></tr>'
        for row in rows
    )
    return (
        '<div class="scroll"><table><thead><tr><th>Class</th><th class="number">Images</th>'
        '<th class="number">Train</th><th class="number">Holdout</th>'
        '<th class="number">Held out</th><th class="of"></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _bar(row: ClassRow, most: int) -> str:
    pieces = "".join(
        f'<span class="{tone}" style="flex-grow:{count}"></span>'
        for tone, count in (("train", row.train), ("holdout", row.holdout))
        if count
    )
    return f'<div style="width:{100 * row.images / max(1, most):.1f}%">{pieces}</div>'


def _looks(classes: Sequence[ClassRow]) -> Iterator[str]:
    shown = [row for row in classes if row.looks]
    if not shown:
        return
    yield "<section><h2>How they look</h2>"
    yield '<p class="note">Some of each class, drawn by chance, as the network sees them.</p>'
    yield '<div class="looks">'
    for row in shown:
        strip = "".join(picture(jpeg, row.name) for jpeg in row.looks)
        yield f'<div><b><bdi>{escape(row.name)}</bdi></b><div class="strip">{strip}</div></div>'
    yield "</div></section>"


def _left_out(page: DatasetPage) -> Iterator[str]:
    yield "<section><h2>Left out and duplicates</h2>"
    yield from named(page.duplicates)
    if page.left_out:
        body = "".join(map(_kind, page.left_out))
        yield (
            '<div class="scroll"><table><thead><tr><th>Why it was left out</th>'
            '<th class="number">Files</th><th>For example</th></tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
    else:
        yield '<p class="note">No image file was left out.</p>'
    if page.ignored:
        yield "<h3>Ignored</h3>" + _listed("plain", page.ignored)
    yield "</section>"


def _kind(left_out: LeftOut) -> str:
    examples = "".join(
        f"<li><bdi>{escape(key)}</bdi> – {escape(reason)}</li>" for key, reason in left_out.examples
    )
    return (
        f'<tr><td class="name">{escape(left_out.kind)}</td>'
        f'<td class="number">{left_out.files:,}</td>'
        f'<td><ul class="examples">{examples}</ul></td></tr>'
    )


def _sizes(sizes: Sizes | None) -> Iterator[str]:
    if sizes is None:
        return
    most = max(count for _, count in sizes.bins)
    yield "<section><h2>Sizes</h2>"
    yield from named(sizes.facts)
    yield '<p class="note">Images by the pixels of their short side.</p><ul class="bars">'
    for name, count in sizes.bins:
        yield (
            f'<li>{escape(name)}<div><span style="width:{100 * count / most:.1f}%"></span></div>'
            f'<b class="number">{count:,}</b></li>'
        )
    yield "</ul></section>"
