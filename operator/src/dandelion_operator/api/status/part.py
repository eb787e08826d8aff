"""What every part of a status is: camelCase names, and what is unknown passed over."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from dandelion_operator.api.words import one_line

# Text for people, some of it made of what others said.
Words = Annotated[str, AfterValidator(one_line)]


class Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )
