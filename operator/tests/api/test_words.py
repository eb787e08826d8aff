"""Words of others: what is left of them in a status, an Event or a log."""

from __future__ import annotations

import pytest
from dandelion_operator.api.status import parse
from dandelion_operator.api.words import LIMIT, address, foreign, is_word, one_line


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("no space left", "no space left", id="plain words stay as they are"),
        pytest.param("a\nb\r\n\tc", "a b c", id="lines become one"),
        pytest.param("\x1b[31mred\x1b[0m\x07", "[31mred [0m", id="a terminal is not steered"),
        pytest.param("abc\u202egnp.exe", "abc gnp.exe", id="writing is not turned around"),
        pytest.param("a\u2028b\u0085c\x00d", "a b c d", id="no other kind of line end"),
        pytest.param("\ud800x", "x", id="half a character"),
        pytest.param("<b>Bad</b> <script>x()</script>", "Bad x()", id="no markup"),
        pytest.param(
            "<urllib3.connection.HTTPConnection object at 0x7f>: refused",
            ": refused",
            id="no Python object",
        ),
        pytest.param("Müller's Wiese, 3 × 4", "Müller's Wiese, 3 × 4", id="any script is fine"),
        pytest.param(
            "GET http://me:hush@mlflow/api failed", "GET http://***@mlflow/api failed", id="a login"
        ),
        pytest.param("Authorization: Bearer abc.def", "Authorization=***", id="a header"),
        pytest.param("sent Bearer abcdef twice", "sent Bearer *** twice", id="a token"),
        pytest.param(
            "?X-Amz-Signature=0a1b&X-Amz-Date=1", "?X-Amz-Signature=***&X-Amz-Date=1", id="signed"
        ),
        pytest.param('{"password": "hush", "a": 1}', '{"password=***", "a": 1}', id="in JSON"),
        pytest.param("key AKIAABCDEFGHIJKLMNOP is off", "key *** is off", id="an AWS key"),
        pytest.param(
            "refuses the keys in the Secret mine for the bucket b: AccessDenied",
            "refuses the keys in the Secret mine for the bucket b: AccessDenied",
            id="the name of a Secret is none",
        ),
    ],
)
def test_foreign_words_are_cleaned(said: str, shown: str) -> None:
    assert foreign(said) == shown


def test_a_known_secret_is_hidden_wherever_it_stands() -> None:
    assert foreign("you sent minioadmin:hush", secrets=("hush", "")) == "you sent minioadmin:***"


def test_foreign_words_are_cut() -> None:
    assert len(foreign("x" * 10_000_000)) == LIMIT
    assert foreign("word " * 1000).endswith("…")


@pytest.mark.parametrize(
    ("text", "holds"),
    [("SlowDown", True), ("", False), ("Slow Down", False), ("A" * 65, False), ("a\n", False)],
)
def test_a_reason_is_one_word(text: str, holds: bool) -> None:
    assert is_word(text) is holds


def test_an_address_shows_no_login() -> None:
    assert address("https://me:hush@mlflow:5000/x?token=1#y") == "https://mlflow:5000/x"


def test_whatever_reaches_a_status_is_on_one_line() -> None:
    dirty = "a\x1b[2J\nb"
    written = parse(
        {
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "NotAnswering",
                    "message": dirty,
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }
            ],
            "training": {"run": "r", "trainingHash": "t", "stage": dirty, "message": dirty},
            "dataset": {"classes": [dirty], "warnings": [dirty]},
            "history": [{"time": "t", "decision": "Rejected", "reason": dirty}],
        }
    )
    assert "\x1b" not in str(written.as_json())
    assert written.conditions[0].message == one_line(dirty) == "a [2J b"
