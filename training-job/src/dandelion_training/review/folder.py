"""The queue as a folder of images, one folder a predicted class, and what it says when it is back.

A file that was moved to another folder has that label, one in `_reject` is rejected, one that stays
where it was is confirmed, and one that is gone is left undecided.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote

from dandelion_pictures.signatures import claimed_format

from dandelion_training.review import table
from dandelion_training.review.annotations import REJECT, Annotation, Returned, UnreadableError
from dandelion_training.review.queue import Item

TABLE = "queue.csv"
ENDINGS = {
    "a JPEG image": ".jpg",
    "a PNG image": ".png",
    "a GIF image": ".gif",
    "a BMP image": ".bmp",
    "a TIFF image": ".tiff",
    "a WebP image": ".webp",
    "an AVIF image": ".avif",
    "a HEIC image": ".heic",
    "a HEIF image": ".heif",
}
OF_TOOLS = {"thumbs.db", "desktop.ini"}
# What file systems or their tools do not take in a name; % because it marks these.
ESCAPED = set('%/\\:*?"<>|')


def folder_name(label: str) -> str:
    """A class as the name of a folder that is no special one; `label_of` reads it back."""
    last = len(label) - 1
    return "".join(
        "".join(f"%{byte:02X}" for byte in character.encode())
        if character in ESCAPED
        or not character.isprintable()
        or (character in "._" and position == 0)
        or (character in ". " and position == last)
        else character
        for position, character in enumerate(label)
    )


def label_of(folder: str) -> str | None:
    """The class that a folder stands for; None for that of rejected images."""
    return None if folder == REJECT else unquote(folder)


def write(target: Path, items: Iterable[Item], content: Callable[[str], bytes]) -> None:
    """`content` gives an image's bytes."""
    target.mkdir(parents=True, exist_ok=True)
    (target / REJECT).mkdir()
    places: dict[str, str] = {}
    for item in items:
        data = content(item.image)
        ending = ENDINGS.get(claimed_format(data) or "", "")
        places[item.image] = f"{folder_name(item.answer.label)}/{item.image}{ending}"
        file = target / places[item.image]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    for label in {label for item in items for label in item.answer.scores}:
        (target / folder_name(label)).mkdir(exist_ok=True)
    text = table.written(items, places, to_fill=False)
    (target / TABLE).write_text(text, encoding="utf-8")


def read(target: Path) -> Returned:
    """What the folder says; raises UnreadableError."""
    if not (target / TABLE).is_file():
        raise UnreadableError(f"there is no {TABLE} in it: give the exported folder back whole")
    keys = [table.row_key(*line) for line in table.rows((target / TABLE).read_bytes())]
    listed = {image: (key, source) for key, image, source in keys}
    annotations = []
    for file in sorted(target.rglob("*")):
        place = file.relative_to(target)
        if file.is_dir() or _is_of_a_tool(place) or place == Path(TABLE):
            continue
        if len(place.parts) != 2:
            raise UnreadableError(f"{place} is in no class's folder: move it to one, or delete it")
        image = file.name.partition(".")[0]
        if image not in listed:
            raise UnreadableError(
                f"{place} is none of the exported images: take it out, and leave the names of the"
                " others as they were"
            )
        key, source = listed[image]
        annotations.append(Annotation(str(place), key, image, source, label_of(place.parts[0])))
    images = {annotation.image for annotation in annotations}
    return Returned(tuple(annotations), len(listed.keys() - images))


def _is_of_a_tool(place: Path) -> bool:
    return place.name.lower() in OF_TOOLS or any(part.startswith(".") for part in place.parts)
