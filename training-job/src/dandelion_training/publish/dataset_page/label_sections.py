"""The images whose labels a person should look at, as parts of the page of a dataset version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dandelion_training.publish.sheet_page import picture

PICTURED = 30  # suspects with a picture; the others follow as rows


@dataclass(frozen=True)
class Labelled:
    """An image and the label that it has; `thumbnail` is a JPEG, or empty."""

    key: str
    label: str
    thumbnail: bytes


@dataclass(frozen=True)
class Suspect:
    """An image, the class that it looks like, and how much more than the given one."""

    image: Labelled
    suggested: str
    margin: float


@dataclass(frozen=True)
class Pair:
    """Two images that look the same and have two labels."""

    first: Labelled
    second: Labelled


def suspects_section(suspects: Sequence[Suspect], examined: int) -> Iterator[str]:
    if not examined:
        return
    yield "<section><h2>Labels to check</h2>"
    if not suspects:
        yield (
            f'<p class="note">None of {examined:,} images looks more like another class than like'
            " its own.</p></section>"
        )
        return
    yield (
        '<p class="note">These images look more like another class than like their own, of'
        f" {examined:,} that were examined; the least likely label comes first. A wrong label is"
        " one reason, a hard image another. The margin is a score, not a probability.</p>"
        f'<ul class="cards">{"".join(map(_suspect, suspects[:PICTURED]))}</ul>'
    )
    if rest := suspects[PICTURED:]:
        yield _rows(rest)
    yield "</section>"


def pairs_section(pairs: Sequence[Pair], count: int) -> Iterator[str]:
    if not pairs:
        return
    shown = f"The {len(pairs)} closest of {count:,} pairs." if count > len(pairs) else ""
    yield (
        "<section><h2>The same picture in two classes</h2>"
        f'<p class="note">{shown} One of the two labels is probably wrong.</p>'
        f'<ul class="cards">{"".join(map(_pair, pairs))}</ul></section>'
    )


def _suspect(suspect: Suspect) -> str:
    image = suspect.image
    return (
        f"<li>{picture(image.thumbnail, image.label)}<div>"
        f'<p class="truth"><small>labelled</small> <bdi>{escape(image.label)}</bdi></p>'
        f'<p class="to"><small>looks like</small> <bdi>{escape(suspect.suggested)}</bdi></p>'
        f"<p><small>margin {suspect.margin:.2f}</small></p>{_key(image.key)}</div></li>"
    )


def _rows(suspects: Sequence[Suspect]) -> str:
    body = "".join(
        f'<tr><td class="name"><bdi>{escape(s.image.key)}</bdi></td>'
        f"<td><bdi>{escape(s.image.label)}</bdi></td><td><bdi>{escape(s.suggested)}</bdi></td>"
        f'<td class="number">{s.margin:.2f}</td></tr>'
        for s in suspects
    )
    return (
        f"<details><summary>{len(suspects):,} more</summary>"
        '<div class="scroll"><table><thead><tr><th>File</th><th>Labelled</th><th>Looks like</th>'
        f'<th class="number">Margin</th></tr></thead><tbody>{body}</tbody></table></div></details>'
    )


def _pair(pair: Pair) -> str:
    return f'<li class="two"><div>{_figure(pair.first)}{_figure(pair.second)}</div></li>'


def _figure(image: Labelled) -> str:
    return (
        f"<figure>{picture(image.thumbnail, image.label)}<figcaption>"
        f'<p class="truth"><bdi>{escape(image.label)}</bdi></p>{_key(image.key)}'
        "</figcaption></figure>"
    )


def _key(key: str) -> str:
    return f'<p class="key" title="{escape(key)}"><bdi>{escape(key)}</bdi></p>'
