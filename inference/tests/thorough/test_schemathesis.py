"""Whatever the description allows, and much that it does not, gets an answer that it describes."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from running.service import Service
from schemathesis import GenerationMode, checks

EXAMPLES = 40
SERVED = {"name": "lawn", "version": "3"}

# Of what is wrong with a picture or a tensor, a schema can say little: bytes are bytes.
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SAME_EVERY_TIME = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def operations(running_service: Service) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{running_service.url}/openapi.json")
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("of_the_served_model", [False, True])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(
    operations: list[Any], mode: GenerationMode, of_the_served_model: bool
) -> None:
    tried = 0

    def check(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        if of_the_served_model:
            # What is made up at random names another model every time.
            case.path_parameters = {name: SERVED[name] for name in case.path_parameters}
        case.call_and_validate(checks=CHECKS, timeout=60)

    for operation in operations:
        if of_the_served_model and "{name}" not in operation.path:
            continue
        try:
            cases = operation.as_strategy(generation_mode=mode)
            SAME_EVERY_TIME(given(cases)(check))()
        except Unsatisfiable:
            # Where nothing is taken, nothing can be wrong with it.
            assert mode is GenerationMode.NEGATIVE
    assert tried >= 2 * EXAMPLES
