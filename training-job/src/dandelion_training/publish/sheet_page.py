"""A sheet of pictures as one HTML file: no script, nothing fetched, names from strangers escaped.

It is opened from MLflow, from a download or from a mail, in light or dark. `sheets` says what is on
it; here is how it looks.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from dandelion_training.publish.sheet_style import STYLE

# The page may show the pictures that it carries, and do nothing else.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Line:
    """One model's answer on a card."""

    who: str
    label: str
    probability: float
    right: bool


@dataclass(frozen=True)
class Card:
    """One image: what it is, and what was said of it. `thumbnail` is a JPEG; empty where the file
    could not be read again.
    """

    key: str
    label: str
    thumbnail: bytes
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Section:
    """Cards under a heading."""

    heading: str
    note: str
    cards: Sequence[Card]


@dataclass(frozen=True)
class Part:
    """A part of a whole that the page draws as a bar; `tone` is a class of the style sheet."""

    name: str
    count: int
    tone: str


@dataclass(frozen=True)
class Page:
    """A whole sheet."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]  # name and value
    sections: Sequence[Section]
    parts: Sequence[Part] = ()
    notes: Sequence[str] = field(default=())


def html(page: Page) -> bytes:
    """The file's bytes."""
    body = (
        *header(page.title, page.subtitle, page.facts, page.parts, page.notes),
        "<main>",
        *map(_section, page.sections),
        "</main>",
    )
    return document(f"{page.title} · {page.subtitle}", STYLE, body)


def document(title: str, style: str, body: Iterable[str]) -> bytes:
    """A whole HTML file of a style sheet and lines of HTML."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        )
    ).encode()


def header(
    title: str,
    subtitle: str,
    facts: Sequence[tuple[str, str]],
    parts: Sequence[Part],
    notes: Sequence[str],
) -> tuple[str, ...]:
    """What stands above everything else."""
    return (
        "<header>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="subtitle">{escape(subtitle)}</p>',
        *named(facts),
        _bar(parts),
        *(f'<p class="note">{escape(note)}</p>' for note in notes),
        "</header>",
    )


def named(facts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Names and their values."""
    listed = (f"<div><dt>{escape(name)}</dt><dd>{escape(v)}</dd></div>" for name, v in facts)
    return ("<dl>", *listed, "</dl>")


def percent(share: float) -> str:
    """A share for people; only what is certain is 0 or 100 %."""
    if 0 < share < 0.0005:
        return "< 0.1\u00a0%"
    if 0.9995 <= share < 1:
        return "> 99.9\u00a0%"
    return f"{100 * share:.1f}\u00a0%"


def _bar(parts: Sequence[Part]) -> str:
    """The parts side by side, and below them what they are."""
    whole = sum(part.count for part in parts)
    if not whole:
        return ""
    pieces = "".join(
        f'<span class="{part.tone}" style="flex-grow:{part.count}"></span>'
        for part in parts
        if part.count
    )
    legend = "".join(
        f'<li><span class="dot {part.tone}"></span>{escape(part.name)}'
        f" <b>{part.count:,}</b> <small>{escape(percent(part.count / whole))}</small></li>"
        for part in parts
    )
    return f'<div class="bar" aria-hidden="true">{pieces}</div><ul class="legend">{legend}</ul>'


def _section(section: Section) -> str:
    cards = "".join(map(_card, section.cards))
    return (
        f"<section><h2>{escape(section.heading)}</h2>"
        f'<p class="note">{escape(section.note)}</p>'
        f'<ul class="cards">{cards}</ul></section>'
    )


def _card(card: Card) -> str:
    lines = "".join(map(_line, card.lines))
    return (
        f"<li>{picture(card.thumbnail, card.label)}<div>"
        f'<p class="truth"><small>labelled</small> <bdi>{escape(card.label)}</bdi></p>'
        f'{lines}<p class="key" title="{escape(card.key)}"><bdi>{escape(card.key)}</bdi></p>'
        "</div></li>"
    )


def picture(jpeg: bytes, name: str) -> str:
    """A picture that the file carries, or the place where it would be."""
    if not jpeg:
        return '<div class="missing">no picture</div>'
    content = base64.b64encode(jpeg).decode("ascii")
    return f'<img alt="{escape(name)}" src="data:image/jpeg;base64,{content}">'


def _line(line: Line) -> str:
    tone, mark, said = ("right", "✓", "right") if line.right else ("wrong", "✗", "wrong")
    who = f"<small>{escape(line.who)}</small> " if line.who else ""
    return (
        f'<p class="answer {tone}">{who}<span aria-label="{said}">{mark}</span>'
        f" <bdi>{escape(line.label)}</bdi> <b>{escape(percent(line.probability))}</b></p>"
        f'<div class="sure {tone}"><span style="width:{100 * line.probability:.1f}%"></span></div>'
    )
