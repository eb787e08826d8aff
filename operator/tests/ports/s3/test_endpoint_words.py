"""What an endpoint says of its failure is shown, cut and cleaned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.api.reasons import Failure
from fakes.hostile import answer, hostile, says
from given.storage.reads import BRIEF, dataset


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(
            answer(
                b"<Error><Code>SlowDown</Code><Message>&lt;b&gt;wait\n\x0bnow&lt;/b&gt; "
                b"token=abc</Message></Error>".replace(b"\x0b", b"\t"),
                "503 Busy",
            ),
            "answers SlowDown: wait now token=***",
            id="an error's message",
        ),
        pytest.param(
            answer(b"<Error><Code>a b\nc</Code><Message/></Error>", "400 No"),
            "answers an error without a code",
            id="a code that is none",
        ),
        pytest.param(
            answer(b"<html>secret page</html>", "502 Bad Gateway", "text/html"),
            "does not answer as an S3 endpoint does: HTTP 502 with text/html",
            id="a proxy's page",
        ),
        pytest.param(
            answer(b"<html>secret page</html>", "200 OK", "text/html"),
            "what it sends is no XML of S3",
            id="a page for an answer",
        ),
    ],
)
def test_an_endpoints_words_are_cut_and_cleaned(said: bytes, shown: str) -> None:
    with hostile(says(said)) as endpoint:
        found = dataset(endpoint.endpoint, replace(BRIEF, seconds=60))
    assert isinstance(found, Failure)
    assert found.message.endswith(shown)
