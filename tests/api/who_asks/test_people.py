"""What people may ask for, and that they sign with no name but their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer, KubectlError
from tests.api.who_asks.asking import MOMENT, PROMOTE, RETRAIN, SIGNED, TEAM, asked, model, patch


@pytest.mark.parametrize(
    ("who", "body", "words"),
    [
        pytest.param("editor", asked(retrain="1"), "", id="an editor trains as before"),
        pytest.param("editor", {"spec": {"suspend": True}}, "", id="an editor pauses as before"),
        pytest.param("editor", asked(retrain="1", by="retrain=1 by editor"), "", id="and may sign"),
        pytest.param(
            "editor",
            {**asked(by=f"suspend=true at {MOMENT} by editor"), "spec": {"suspend": True}},
            "",
            id="and sign a pause",
        ),
        pytest.param("editor", asked(ingest="1"), "", id="an editor has images read"),
        pytest.param(
            "editor", asked(ingest="1", by="ingest=1 by editor"), "", id="and signs that too"
        ),
        pytest.param(
            "editor",
            asked(ingest="1", by="ingest=1 by owner"),
            "your own name",
            id="and not in somebody else's name",
        ),
        pytest.param(
            "editor",
            asked(ingest="1", by="ingest=2 by editor"),
            "your own name",
            id="nor for another reading",
        ),
        pytest.param("owner", asked(promote="5"), "", id="an owner promotes"),
        pytest.param("owner", asked(promote="3/again"), "", id="an owner rolls back"),
        pytest.param(
            "owner", asked(promote="3", by="promote=3 by owner"), "", id="an owner signs that"
        ),
        pytest.param(
            "editor", asked(promote="5"), "modeldeployments/promote", id="an editor does not"
        ),
        pytest.param(
            "editor", asked(promote="3"), "modeldeployments/rollback", id="nor rolls back"
        ),
        pytest.param("owner", asked(promote="v3"), "the number of a version", id="no number"),
        pytest.param("owner", asked(promote="3 4"), "the number of a version", id="two numbers"),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=1 by owner"),
            'your own name, as in "retrain=1 by editor"',
            id="somebody else's name",
        ),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=1 by owner by editor"),
            "your own name",
            id="a name before one's own",
        ),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=2 by editor"),
            "your own name",
            id="other words",
        ),
        pytest.param("editor", asked(by="editor"), "your own name", id="a name alone"),
        pytest.param(
            "editor",
            asked(by=f"suspend=true at {MOMENT} by editor"),
            "your own name",
            id="a pause that is none",
        ),
        pytest.param("", asked(retrain="1", by="retrain=1 by owner"), "", id="who may sign"),
    ],
)
def test_what_is_asked_for_and_signed(
    lawn: ApiServer, who: str, body: dict[str, Any], words: str
) -> None:
    said = patch(lawn, who, body)
    assert (words in said and bool(said)) if words else not said, said


@pytest.mark.parametrize("what", ["retrain", "ingest"])
def test_a_name_cannot_be_used_again_by_somebody_else(lawn: ApiServer, what: str) -> None:
    assert not patch(lawn, "owner", asked(**{what: "1", "by": f"{what}=1 by owner"}))
    assert not patch(lawn, "editor", asked(**{what: "2"}))
    said = patch(lawn, "editor", asked(**{what: "1"}))
    assert "is what owner asked for before" in said
    assert not patch(lawn, "owner", asked(**{what: "1"}))


def test_what_others_left_there_hinders_nobody(lawn: ApiServer) -> None:
    assert not patch(lawn, "owner", asked(promote="3", by="promote=3 by owner"))
    assert not patch(lawn, "editor", {"spec": {"training": {"epochs": 3}}})
    assert not patch(lawn, "editor", asked(retrain="1"))
    assert not patch(lawn, "editor", {"spec": {"suspend": True}})
    cleared = {"metadata": {"annotations": {PROMOTE: None, SIGNED: None}}}
    assert not patch(lawn, "editor", cleared)


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({PROMOTE: "3"}, "modeldeployments/promote"),
        ({RETRAIN: "1", SIGNED: "retrain=1 by owner"}, "your own name"),
        ({RETRAIN: "1", SIGNED: "retrain=1 by editor"}, ""),
    ],
)
def test_a_new_resource_asks_for_no_more(
    lawn: ApiServer, annotations: dict[str, str], words: str
) -> None:
    lawn.kubectl("delete", "mdep", "lawn", "-n", TEAM)
    if not words:
        lawn.apply(model(**annotations), "--as", "editor")
        return
    with pytest.raises(KubectlError, match=words):
        lawn.apply(model(**annotations), "--as", "editor")
