"""One byte of one linked object is changed, or the object is gone: exactly that one is named."""

from collections.abc import Callable

import pytest
from given.evaluation.traced import IMAGE, LOG, ROWS, Traced, changed
from given.runs import DATASET, MODELS, sha256

Place = Callable[[Traced], str]

OBJECTS: dict[str, Place] = {
    "the log's rows": lambda found: ROWS,
    "the logged image": lambda found: f"{LOG}/images/{sha256(IMAGE)}",
    "the contract": lambda found: f"{found.folder}/contract.json",
    "the fp32 graph": lambda found: f"{found.folder}/model.onnx",
    "the int8 graph": lambda found: f"{found.folder}/model.int8.xml",
    "the int8 weights": lambda found: f"{found.folder}/model.int8.bin",
    "the weights": lambda found: f"{found.folder}/model.safetensors",
    "the dataset version": lambda found: f"{MODELS}/datasets/{found.dataset}/manifest.jsonl.gz",
    "an ancestor's dataset version": lambda found: (
        f"{MODELS}/datasets/{found.contract['dataset']['lineage'][0][7:]}/manifest.jsonl.gz"
    ),
    "the evaluation": lambda found: f"{found.evaluation}/evaluation.json",
    "its answers": lambda found: f"{found.evaluation}/answers.jsonl.gz",
    "the comparison": lambda found: found.comparison,
}
GONE = {
    name: place
    for name, place in OBJECTS.items()
    if name not in ("the log's rows", "the logged image")
}
TAGS = (
    "run",
    "training-hash",
    "wish",
    "dataset-digest",
    "contract-digest",
    "evaluation-digest",
    "image",
    "git-revision",
    "precision",
)


def broken(found: Traced, capsys: pytest.CaptureFixture[str], *arguments: str) -> set[str]:
    """The places that are named."""
    code, links = found.links(capsys, *arguments)
    named = {link["place"] for link in links if link["state"] == "BROKEN"}
    assert code == (1 if named else 0)
    return named


@pytest.mark.parametrize("place", OBJECTS.values(), ids=OBJECTS)
def test_a_changed_byte_names_its_object(
    found: Traced, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = place(found)
    found.objects[uri] = changed(found.objects[uri])
    assert broken(found, capsys) == {uri}


@pytest.mark.parametrize("place", GONE.values(), ids=GONE)
def test_an_object_that_is_gone_is_named(
    found: Traced, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = place(found)
    del found.objects[uri]
    assert broken(found, capsys) == {uri}


@pytest.mark.parametrize("name", TAGS)
def test_a_changed_tag_of_the_version_is_named(
    found: Traced, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = found.tags[f"dandelion.dev/{name}"]
    found.tags[f"dandelion.dev/{name}"] = changed(value.encode()).decode()
    (place,) = broken(found, capsys)
    assert place == f"MLflow: default.lawn version 2, tag dandelion.dev/{name}"


@pytest.mark.parametrize("name", [*TAGS, "version"])
def test_a_changed_tag_of_the_run_is_named(
    found: Traced, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found.run_tags[f"dandelion.dev/{name}"] += "0"
    assert broken(found, capsys) == {f"MLflow: run id-2, tag dandelion.dev/{name}"}


@pytest.mark.parametrize("how", ["--images", "--images=hash"])
def test_a_changed_image_of_the_dataset_version_is_named(
    found: Traced, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"{DATASET}/blue/003.png"
    found.objects[uri] = changed(found.objects[uri])
    assert broken(found, capsys) == set()
    assert broken(found, capsys, how) == {uri}
    del found.objects[uri]
    assert broken(found, capsys, how) == {uri}


def test_expected_and_found_digests_are_told(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"{found.folder}/model.onnx"
    was = sha256(found.objects[uri])
    found.objects[uri] = changed(found.objects[uri])
    code, lines = found.called(capsys)
    at = lines.index(f"BROKEN  file        {uri}")
    assert [line.strip() for line in lines[at + 1 : at + 3]] == [
        f"expected sha256:{was}",
        f"found    sha256:{sha256(found.objects[uri])}",
    ]
    assert (code, lines[-1]) == (1, "BROKEN: 1 of 18 links.")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": "1"}, "version 2"),
        ({"name": "meadow"}, "default/lawn"),
        ({"index": 3}, "an index of [0]"),
        ({"label": "yellow"}, "label blue, which has the highest score"),
        ({"probability": 0.8}, "probability 0.75"),
    ],
    ids=str,
)
def test_a_row_that_contradicts_itself_or_its_id_is_named(
    found: Traced, change: dict[str, object], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found.log(found.row(**change))
    _, links = found.links(capsys)
    told = [link for link in links if link["link"] == "row" and link["state"] == "BROKEN"]
    assert expected in [link["expected"] for link in told]
    assert {link["place"] for link in told} == {f"{ROWS}, index {change.get('index', 0)}"}


def test_a_row_of_another_contract_is_named(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.log(found.row(contract="sha256:" + "0" * 64))
    assert broken(found, capsys) == {f"{ROWS}, contract"}


def test_an_id_that_nobody_signed_is_named(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.secret = b"another key"
    (place,) = broken(found, capsys)
    assert place.endswith("ohNIq_RYrd3OK_fr-r-mdQ")


def test_a_version_or_run_that_is_gone_is_named(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    run = found.mlflow.runs.pop()
    assert broken(found, capsys) == {f"MLflow: run {run.run_id}"}
    found.mlflow.versions["default.lawn"].pop()
    assert broken(found, capsys) == {"MLflow: default.lawn version 2"}
