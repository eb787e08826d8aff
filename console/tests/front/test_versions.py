"""Another version is served: earlier ones are rolled back to, later ones promoted."""

from __future__ import annotations

import html
import re

import pytest
from fakes.cluster import FakeCluster
from given.acting import PAGE, PAST, REJECTED, SENT, STAMP, do
from given.browser import Browser
from given.models import model


@pytest.mark.parametrize(
    ("action", "offered", "said"),
    [
        ("promote", ["4"], "whatever the gate said of it"),
        ("rollback", ["2", "1"], "becomes the champion again in the place of version 3"),
    ],
)
def test_earlier_versions_are_rolled_back_to_and_later_ones_promoted(
    administrator: Browser, cluster: FakeCluster, action: str, offered: list[str], said: str
) -> None:
    cluster.add(model(challenger=REJECTED, history=PAST))
    page = html.unescape(administrator.get(f"{PAGE}/{action}").text)
    assert re.findall(r'name="version" value="(\d+)"', page) == offered
    assert said in page
    assert re.search(rf"--overwrite dandelion.dev/promote={offered[0]}/{STAMP}", page)
    done = do(administrator, action, offered[0])
    annotations = cluster.models["team", "lawn"]["metadata"]["annotations"]
    asked = annotations["dandelion.dev/promote"]
    assert re.fullmatch(rf"{offered[0]}/{STAMP}", asked)
    assert annotations["dandelion.dev/requested-by"] == f"promote={asked} by administrator"
    assert f"Version {offered[0]} was asked for by administrator" in done
    assert "The operator has not dealt with it yet." in done


@pytest.mark.parametrize(
    ("request_", "champion", "said"),
    [
        (None, "3", "The operator has not dealt with it yet."),
        ({"value": "1/then", "state": "Done"}, "3", "The operator has not dealt with it yet."),
        ({"value": "2/now", "state": "Done"}, "3", "what serves is not all of it yet"),
        ({"value": "2/now", "state": "Done"}, "2", "It is the champion, and serves."),
        (
            {"value": "2/now", "state": "Refused", "message": "MLflow has no version 2"},
            "3",
            "It was refused: MLflow has no version 2.",
        ),
    ],
)
def test_the_receipt_of_a_version_is_what_the_operator_says(
    administrator: Browser,
    cluster: FakeCluster,
    request_: dict[str, str] | None,
    champion: str,
    said: str,
) -> None:
    annotations = {"dandelion.dev/promote": "2/now"}
    served = {"champion": {"version": champion}}
    cluster.add(model(annotations=annotations, promotionRequest=request_, **served))
    page = administrator.get(f"{PAGE}?done=rollback").text
    assert "Version 2 was asked for: dandelion.dev/promote is 2/now." in page
    assert said in page


@pytest.mark.parametrize(
    ("action", "version", "status", "said"),
    [
        ("promote", "", 400, "Say which version"),
        ("promote", "4 by root", 400, "Say which version"),
        ("promote", "0", 400, "Say which version"),
        ("promote", "2", 409, "Version 2 is not later: version 3 is the champion."),
        ("promote", "3", 409, "Version 3 is not later"),
        ("rollback", "3", 409, "Version 3 is not earlier"),
        ("rollback", "4", 409, "Version 4 is not earlier"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(
    administrator: Browser,
    cluster: FakeCluster,
    action: str,
    version: str,
    status: int,
    said: str,
) -> None:
    answer = administrator.post(f"{PAGE}/{action}", {**SENT, "version": version})
    assert answer.status_code == status
    assert said in answer.text
    assert not cluster.patches


def test_without_a_version_to_choose_the_button_is_not_there(administrator: Browser) -> None:
    page = administrator.get(PAGE).text
    assert f'href="{PAGE}/promote"' not in page
    assert f'href="{PAGE}/rollback"' not in page
    assert 'name="version" inputmode="numeric"' in administrator.get(f"{PAGE}/promote").text


def test_who_asked_is_in_the_story(viewer: Browser, cluster: FakeCluster) -> None:
    entry = {**PAST[0], "by": "Person", "requestedBy": "ada@example.com"}
    training = {"run": "9f8e", "state": "Running", "requestedBy": "bob@example.com"}
    cluster.add(model(history=[entry], training=training))
    page = viewer.get(PAGE).text
    assert "asked for by ada@example.com" in page
    assert "asked for by bob@example.com" in page
