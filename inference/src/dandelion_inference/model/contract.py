"""The part of an artifact's contract.json that serving reads.

Serving knows nothing else of training. The contract is parsed once, after its bytes were proven to
be the promoted ones; called by `artifact.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from dandelion_pictures import VERSION, Preprocessing
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from dandelion_inference.model.reference import ReferenceStatistics

# A plain file name: it becomes part of a path on disk and of a key in the object store.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, config=ConfigDict(extra="ignore", alias_generator=to_camel))
class _Preprocessing(Preprocessing):
    """With what the contract says beside it, of which only one value is known."""

    resize_short_side: Annotated[int, Field(le=4096)]
    color_space: Literal["RGB"]
    interpolation: Literal["bilinear"]


class _ReaderOfPictures(_Part):
    """What made numbers of the files that the network was trained and judged on."""

    name: Literal["dandelion-pictures"]
    version: int

    @field_validator("version")
    @classmethod
    def _is_the_one_here(cls, version: int) -> int:
        if version != VERSION:
            raise ValueError(
                f"the model was made with dandelion-pictures version {version}, and this image "
                f"reads files as version {VERSION} does: serve it with an inference image of the "
                f"release that trained it"
            )
        return version


class Tensor(_Part):
    name: str
    shape: tuple[int | None, ...]


class StoredFile(_Part):
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int = Field(alias="bytes", ge=0)


class Precision(StrEnum):
    """What the network computes in. bf16 is the fp32 graph under another hint to the runtime."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class Graphs(_Part):
    fp32: FileName
    int8: FileName | None = None

    def of(self, precision: Precision) -> str | None:
        return self.int8 if precision is Precision.INT8 else self.fp32


class Precisions(_Part):
    choice: Precision = Field(
        default=Precision.FP32, description="what training found to answer as fp32 does"
    )


class UnknownScore(StrEnum):
    """What tells images of the classes from others, the higher the more like the classes: the
    highest probability, and the log density that the graph gives beside the logits. Computed by
    `answer/certainty.py` as training did."""

    MAX_PROBABILITY = "maxProbability"
    WITH_LOG_DENSITY = "maxProbabilityPlusLogDensity"


class Calibration(_Part):
    temperature: float = Field(
        gt=0, allow_inf_nan=False, description="what logits are divided by before the softmax"
    )
    unknown_score: UnknownScore = Field(
        default=UnknownScore.MAX_PROBABILITY,
        alias="unknownScore",
        description="earlier releases know the highest probability alone, and do not name it",
    )
    unknown_threshold: float | None = Field(
        default=None,
        alias="unknownThreshold",
        le=1,
        allow_inf_nan=False,
        description="an image whose score is lower may be none of the classes",
    )

    @field_validator("unknown_score", mode="before")
    @classmethod
    def _is_known(cls, name: object) -> object:
        if name not in list(UnknownScore):
            raise ValueError(
                f"the model tells unknown images by {name!r}, and this image knows "
                f"{' and '.join(UnknownScore)}: serve it with an inference image of the release "
                f"that trained it"
            )
        return name


class Metrics(_Part):
    """How the artifact answered its holdout, in the precision that training chose."""

    accuracy: float | None = None
    macro_f1: float | None = Field(default=None, alias="macroF1")


class DatasetVersion(_Part):
    """What the artifact was made from, without where that lies."""

    digest: str
    images: int
    train: int
    holdout: int


class Contract(_Part):
    api_version: Literal["dandelion.dev/contract/v1"] = Field(alias="apiVersion")
    reader: _ReaderOfPictures
    run: str
    architecture: str
    classes: tuple[str, ...] = Field(min_length=2)
    input: Tensor
    output: Tensor
    log_density: Tensor | None = Field(
        default=None,
        alias="logDensity",
        description="the graph's second output, where it has one: how much an image looks like "
        "those that were learnt from",
    )
    features: Tensor | None = Field(
        default=None,
        description="the graph's third output, where it has one: in what an image differs from "
        "those that were learnt from, a vector of length 1 at most",
    )
    preprocessing: _Preprocessing
    graphs: Graphs
    precision: Precisions = Precisions()
    metrics: Metrics = Metrics()
    dataset: DatasetVersion | None = None
    calibration: Calibration = Calibration(temperature=1)
    reference: ReferenceStatistics | None = Field(
        default=None,
        alias="referenceStatistics",
        description="what the images and answers of a later day are compared with",
    )
    files: dict[FileName, StoredFile]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Contract:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes are not distinct")
        for graph in filter(None, (self.graphs.fp32, self.graphs.int8)):
            if graph not in self.files:
                raise ValueError(f"graph {graph} is not listed in files")
        if self.graphs.of(self.precision.choice) is None:
            raise ValueError(f"precision {self.precision.choice} was chosen and has no graph")
        by_density = self.calibration.unknown_score is UnknownScore.WITH_LOG_DENSITY
        if by_density and self.log_density is None:
            raise ValueError(f"{self.calibration.unknown_score} needs logDensity, which is missing")
        told = self.reference.answers if self.reference is not None else None
        if told is not None and not told.probability.keys() <= set(self.classes):
            raise ValueError("the reference answers name a class that is none of the classes")
        if told is not None and told.log_density is not None and self.log_density is None:
            raise ValueError("the reference answers have a log density, and the graph has none")
        if self.features is not None and self.log_density is None:
            raise ValueError(
                "features are the third output, and logDensity, the second, is missing"
            )
        if told is not None and told.features is not None:
            shape = None if self.features is None else self.features.shape[1:]
            if shape != (len(told.features),):
                raise ValueError(
                    f"the reference answers have {len(told.features)} features, and the graph "
                    f"{'has none' if shape is None else f'gives them as {shape}'}"
                )
        crop = self.preprocessing.center_crop
        if self.input.shape[1:] != (3, crop, crop):
            raise ValueError(f"input shape {self.input.shape} does not fit centerCrop {crop}")
        if self.output.shape[1:] != (len(self.classes),):
            raise ValueError(f"output shape {self.output.shape} does not fit the classes")
        return self

    def files_of(self, graph: str) -> dict[str, StoredFile]:
        """The graph with its weights beside it: what else the artifact holds (the weights for the
        next training, the graph of another precision) a server needs not fetch."""
        data = Path(graph).with_suffix(".bin").name
        return {
            name: file
            for name, file in self.files.items()
            if name in (graph, data) or name.startswith(f"{graph}.")
        }
