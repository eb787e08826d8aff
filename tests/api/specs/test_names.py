"""What a person reads when a name is one that children could not carry."""

from __future__ import annotations

import pytest

from tests.api.server import ApiServer
from tests.api.specs.refusal import refusal
from tests.api.test_crd import model_deployment


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "a" * 64,
            "metadata.name: Invalid value: metadata.name must have at most 42 characters, because "
            "the names of Jobs, Pods and Services are derived from it: choose a shorter name",
            id="64 characters",
        ),
        pytest.param("a" * 43, "metadata.name must have at most 42 characters", id="43 characters"),
        pytest.param(
            "3lawns",
            "metadata.name must start with a letter, end with a letter or digit, and hold only "
            "a-z, 0-9 and '-', because it becomes a Service name: write for example lawn-v2",
            id="a digit first",
        ),
        pytest.param("lawn.v2", "hold only a-z, 0-9 and '-'", id="a dot"),
    ],
)
def test_a_name_that_children_could_not_carry(api: ApiServer, name: str, said: str) -> None:
    assert said in refusal(api, model_deployment(name))


def test_a_name_of_42_characters_is_fine(api: ApiServer) -> None:
    api.apply(model_deployment("a" * 42), "--dry-run=server")
