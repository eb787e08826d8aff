"""`?top=K`: only the most probable classes."""

from __future__ import annotations

import httpx
import pictures
import pytest
from dandelion_inference.answer.prediction import prediction
from dandelion_inference.model.contract import Calibration
from dandelion_inference.model.network import Outputs
from given import uploads

GREENISH = pictures.encoded(pictures.noise((40, 40)), "PNG")


def scores(answer: httpx.Response) -> list[tuple[str, float]]:
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["predictions"]
    return list(found["scores"].items())


@pytest.mark.parametrize("top", ["1", "2", "3", "03"])
def test_so_many_classes_are_told_the_most_probable_first(client: httpx.Client, top: str) -> None:
    everything = scores(client.post("/predict", content=GREENISH))
    ranked = sorted(everything, key=lambda item: -item[1])
    answer = client.post(f"/predict?top={top}", content=GREENISH)
    assert scores(answer) == ranked[: int(top)]
    assert answer.json()["predictions"][0]["label"] == ranked[0][0]


@pytest.mark.parametrize("query", ["", "?", "?top=4", "?top=999999999", "?other=1"])
def test_all_are_told_where_no_fewer_are_asked_for(client: httpx.Client, query: str) -> None:
    assert len(scores(client.post(f"/predict{query}", content=GREENISH))) == 3


def test_without_it_the_classes_stand_in_the_models_order(client: httpx.Client) -> None:
    found = scores(client.post("/predict", content=GREENISH))
    assert [label for label, _ in found] == ["red", "green", "blue"]


@pytest.mark.parametrize(
    "query",
    [
        *("top=0", "top=-1", "top=", "top=two", "top=1.5", "top=1&top=2", "top=1e3", "top=%D9%A3"),
        *(f"top={'9' * 5000}", "top=000"),
    ],
)
def test_what_is_no_number_of_classes_is_refused_with_what_to_send(
    client: httpx.Client, query: str
) -> None:
    answer = client.post(f"/predict?{query}", content=GREENISH)
    assert (answer.status_code, answer.json()["code"]) == (422, "InvalidRequest")
    assert "whole number from 1" in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 300


def test_each_image_of_a_form_gets_so_many(client: httpx.Client) -> None:
    files = uploads.form(pictures.plain(pictures.RED), b"no image", pictures.plain(pictures.BLUE))
    answer = client.post("/predict?top=1", files=files)
    first, second, third = answer.json()["predictions"]
    assert list(first["scores"]) == ["red"]
    assert list(second) == ["problem"]
    assert list(third["scores"]) == ["blue"]


def test_of_equally_probable_classes_the_first_of_the_model_comes_first() -> None:
    outputs = Outputs([0.2, 0.3, 0.2, 0.3], None)
    found = prediction(["a", "b", "c", "d"], outputs, Calibration(temperature=1))
    assert found.most_probable(3) == [("b", 0.3), ("d", 0.3), ("a", 0.2)]
    assert [label for label, _ in found.most_probable(10**30)] == ["b", "d", "a", "c"]
