"""What one model answered for every image of a holdout, kept for later comparisons.

answers.jsonl.gz: a header that says of which artifact, dataset version and classes, then a line an
image in order of its digest. Two such lists of one dataset version are all that a comparison
needs. Arrays throughout: 200,000 images of 2,000 classes take 25 MB here, whatever the classes.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.evaluate.documents import (
    SHOWN,
    Unreadable,
    compact_json,
    refused,
    rounded,
)

API_VERSION: Literal["dandelion.dev/answers/v1"] = "dandelion.dev/answers/v1"
FILE = "answers.jsonl.gz"
TOP = 5  # classes of an image whose scores are kept
LONGEST_LINE = 1 << 20  # bytes; the header names every class
LONGEST_FILE = 1 << 30  # bytes once unpacked

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Classes = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of one model to one holdout: arrays with an item an image, ordered by `sha256`.

    `label` (truth) and `predicted` count `classes` from 0. `top` is images × at most five, the
    classes with the highest scores, the predicted one first; `scores` are their probabilities, the
    softmax of the logits that the graph gave, rounded to six decimals.
    """

    dataset: str
    contract: str
    classes: tuple[str, ...]
    sha256: NDArray[np.bytes_]  # 64 hexadecimal digits
    label: NDArray[np.int32]
    predicted: NDArray[np.int32]
    top: NDArray[np.int32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sha256)

    @property
    def probability(self) -> NDArray[np.float32]:
        """Of the predicted class."""
        return self.scores[:, 0]


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    api_version: Literal["dandelion.dev/answers/v1"] = Field(alias="apiVersion")
    dataset: Digest
    contract: Digest
    classes: Classes
    images: Annotated[int, Field(gt=0)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    label: str
    predicted: str
    scores: dict[str, Share]


def write_answers(answers: Answers) -> bytes:
    """The exact bytes of answers.jsonl.gz."""
    file = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
        for line in _lines(answers):
            packed.write(line)
    return file.getvalue()


def read_answers(content: bytes) -> Answers | Unreadable:
    """The answers, or why the content is none."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return _read(packed)
    except ValidationError as error:
        return refused(FILE, error)
    except (OSError, EOFError, zlib.error) as error:
        return Unreadable(f"{FILE} cannot be unpacked: {error}")
    except ValueError as error:
        return Unreadable(f"{FILE}: {error}")


def _lines(answers: Answers) -> Iterator[bytes]:
    names = answers.classes
    yield compact_json(
        {
            "apiVersion": API_VERSION,
            "dataset": answers.dataset,
            "contract": answers.contract,
            "classes": list(names),
            "images": len(answers),
        }
    )
    for row, sha256 in enumerate(answers.sha256):
        kept = zip(answers.top[row].tolist(), answers.scores[row].tolist(), strict=True)
        yield compact_json(
            {
                "sha256": sha256.decode(),
                "label": names[answers.label[row]],
                "predicted": names[answers.predicted[row]],
                "scores": {names[index]: rounded(score) for index, score in kept},
            }
        )


def _read(packed: gzip.GzipFile) -> Answers:
    header = _Header.model_validate_json(_line(packed))
    index = {name: number for number, name in enumerate(header.classes)}
    if len(index) < len(header.classes):
        raise ValueError("the header names a class twice")
    kept = min(TOP, len(index))
    shas, labels, predicted, tops, scores = [], [], [], [], []
    before = ""
    while text := _line(packed):
        line = _Line.model_validate_json(text)
        if line.sha256 <= before:
            raise ValueError(f"image {line.sha256} is not after {before}: sorted, each once")
        before = line.sha256
        top, score = _top(line, index, kept)
        shas.append(line.sha256.encode())
        labels.append(_known(line.label, index))
        predicted.append(top[0])
        tops.append(top)
        scores.append(score)
    if len(shas) != header.images:
        raise ValueError(f"the header promises {header.images} images, there are {len(shas)}")
    return Answers(
        header.dataset,
        header.contract,
        header.classes,
        np.array(shas, "S64"),
        np.array(labels, np.int32),
        np.array(predicted, np.int32),
        np.array(tops, np.int32),
        np.array(scores, np.float32),
    )


def _line(packed: gzip.GzipFile) -> bytes:
    if packed.tell() > LONGEST_FILE:
        raise ValueError(f"more than {LONGEST_FILE >> 20} MiB")
    text = packed.readline(LONGEST_LINE)
    if len(text) == LONGEST_LINE:
        raise ValueError(f"a line of more than {LONGEST_LINE >> 10} KiB")
    return text


def _top(line: _Line, index: dict[str, int], kept: int) -> tuple[list[int], list[float]]:
    """Classes and scores, the predicted one first, then by score."""
    found = sorted(
        ((_known(name, index), score) for name, score in line.scores.items()),
        key=lambda item: (-item[1], item[0]),
    )
    first = _known(line.predicted, index)
    found.sort(key=lambda item: item[0] != first)
    if len(found) != kept:
        raise ValueError(f"image {line.sha256} has {len(found)} scores, not {kept}")
    if found[0][0] != first or found[0][1] < max(score for _, score in found):
        raise ValueError(f"image {line.sha256}: the predicted class has not the highest score")
    return [number for number, _ in found], [score for _, score in found]


def _known(name: str, index: dict[str, int]) -> int:
    if name not in index:
        raise ValueError(f"a class that the header does not name: {name[:SHOWN]!r}")
    return index[name]
