"""Images on their way to a model: who may send them, as whom they come, and what comes back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fakes.cluster import FakeCluster
from fakes.serving import ANSWER, FakeServing
from given.browser import SAME_SITE, Browser, app
from given.predicting import AS_IMAGE, IMAGE, MODEL, logged_in, sent


def test_an_image_goes_to_the_models_own_service_and_its_answer_is_a_page(
    visitor: Browser, serving: FakeServing
) -> None:
    page = sent(visitor)
    assert page.status_code == 200
    (request,) = serving.requests
    assert str(request.url) == "http://lawn-inference.team.svc/predict"
    assert serving.bodies == [IMAGE]
    assert "daisy" in page.text
    assert "91.3 %" in page.text
    assert "&lt;b&gt;moss" in page.text
    assert "<b>moss" not in page.text
    assert 'value="signed-id"' in page.text


def test_the_models_address_does_not_come_from_its_status(
    visitor: Browser, cluster: FakeCluster, serving: FakeServing
) -> None:
    """Who may write a status could lead images elsewhere."""
    cluster.models["team", "lawn"]["status"]["url"] = "http://evil.example.com"
    assert sent(visitor).status_code == 200
    assert [request.url.host for request in serving.requests] == ["lawn-inference.team.svc"]


def test_it_comes_with_a_token_for_this_model_alone_and_nothing_of_the_persons(
    visitor: Browser, people: FakeCluster, serving: FakeServing
) -> None:
    sent(visitor, headers=AS_IMAGE | {"x-forwarded-user": "editor", "authorization": "Bearer x"})
    sent(visitor)
    for request in serving.requests:
        assert request.headers["authorization"] == "Bearer token-for-dandelion.dev/team/lawn"
        assert not {"cookie", "x-forwarded-user", "origin"} & request.headers.keys()
    made = [item for item in people.requests if item.url.path.endswith("/token")]
    assert len(made) == 1
    assert made[0].headers["authorization"] != "Bearer token-of-viewer"


def test_without_an_account_the_model_is_called_without_a_token(
    people: FakeCluster, serving: FakeServing, tmp_path: Path
) -> None:
    """Enough for `auth: None`."""
    browser = Browser(app(people, tmp_path, serving))
    browser.log_in("token-of-viewer")
    assert sent(browser).status_code == 200
    assert "authorization" not in serving.requests[0].headers


FORBIDDEN = {
    "guest": ("predict", "explain?label=daisy", "feedback"),
    "editor": ("feedback",),
}


@pytest.mark.parametrize(
    ("who", "what"), [(who, what) for who in FORBIDDEN for what in FORBIDDEN[who]]
)
def test_who_may_not_is_refused_before_the_model_is_called(
    people: FakeCluster, serving: FakeServing, tmp_path: Path, who: str, what: str
) -> None:
    browser = logged_in(who, people, serving, tmp_path)
    answer = sent(browser, f"{MODEL}/{what}")
    assert answer.status_code == 403
    right = "feedback" if what == "feedback" else "predict"
    assert f"may not create modeldeployments/{right} named lawn in team" in answer.text
    assert not serving.requests


def test_who_may_not_sees_no_way_there(
    people: FakeCluster, serving: FakeServing, tmp_path: Path
) -> None:
    people.let("guest", "get", "list")
    guest = logged_in("guest", people, serving, tmp_path)
    assert f"{MODEL}/predict" not in guest.get(MODEL).text
    assert guest.get(f"{MODEL}/predict").status_code == 403
    editor = logged_in("editor", people, serving, tmp_path)
    assert f"{MODEL}/predict" in editor.get(MODEL).text
    assert "/feedback" not in sent(editor).text


def test_nobody_is_answered_without_a_login(
    people: FakeCluster, serving: FakeServing, tmp_path: Path
) -> None:
    browser = Browser(app(people, tmp_path, serving))
    for what in ("predict", "explain?label=daisy", "feedback"):
        assert sent(browser, f"{MODEL}/{what}").status_code == 401
    assert not serving.requests


@pytest.mark.parametrize("what", ["predict", "explain?label=daisy", "feedback"])
def test_another_sites_page_sends_nothing(
    visitor: Browser, serving: FakeServing, what: str
) -> None:
    headers = {"content-type": "image/png", "origin": "https://evil.example.com"}
    assert sent(visitor, f"{MODEL}/{what}", headers=headers).status_code == 403
    assert not serving.requests


def test_a_form_of_a_page_without_scripts_goes_on_as_it_is(
    visitor: Browser, serving: FakeServing
) -> None:
    form = {"files": {"file": ("a.png", IMAGE)}, "content": None, "headers": SAME_SITE}
    assert sent(visitor, **form).status_code == 200
    assert serving.requests[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert IMAGE in serving.bodies[0]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/html",
        "application/jsonl",
        "multipart/form-data" * 20,
        "multipart/form-data; boundary=é",
    ],
)
def test_only_images_and_forms_go_on(
    visitor: Browser, serving: FakeServing, media_type: str
) -> None:
    headers = SAME_SITE | {"content-type": media_type.encode("latin-1")}
    answer = sent(visitor, headers=headers)
    assert answer.status_code == 415
    assert not serving.requests


def test_too_much_is_refused_by_its_length_or_while_it_comes(visitor: Browser) -> None:
    huge = 33 * 1024 * 1024
    declared = sent(visitor, headers=AS_IMAGE | {"content-length": str(huge)})
    assert declared.status_code == 413
    assert "larger than 32 MiB" in declared.text

    async def unending() -> Any:
        for _ in range(34):
            yield bytes(1024 * 1024)

    assert sent(visitor, content=unending()).status_code == 413


def test_of_several_images_each_has_its_card(visitor: Browser, serving: FakeServing) -> None:
    broken = {"problem": {"detail": "It ends too early.", "code": "TruncatedImage"}}
    unsure = ANSWER["predictions"][0] | {"unknown": True}
    serving.answer = ANSWER | {"predictions": [*ANSWER["predictions"], broken, unsure]}
    page = sent(visitor).text
    assert re.findall(r"Image \d", page) == ["Image 1", "Image 2", "Image 3"]
    assert "It ends too early." in page
    assert page.count("May be none of the classes") == 1
    assert page.count("It is right") == 1


def test_what_decided_comes_as_a_picture_and_as_nothing_else(
    visitor: Browser, serving: FakeServing
) -> None:
    label = "ox-eye daisy & co"
    answer = sent(visitor, f"{MODEL}/explain", params={"label": label})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert serving.requests[0].url.params["label"] == label
    serving.picture = b"<svg onload=alert(1)>"
    assert sent(visitor, f"{MODEL}/explain", params={"label": label}).status_code == 502
    assert sent(visitor, f"{MODEL}/explain").status_code == 400


@pytest.mark.parametrize("said", [{"right": "daisy"}, {"other": "daisy"}])
def test_feedback_is_the_answers_id_and_a_label(
    visitor: Browser, serving: FakeServing, said: dict[str, str]
) -> None:
    page = visitor.post(f"{MODEL}/feedback", {"id": "signed-id", "index": "2"} | said)
    assert page.status_code == 200
    assert "It is noted as “daisy”" in page.text
    assert serving.bodies == [b'{"id": "signed-id", "index": 2, "label": "daisy"}']


@pytest.mark.parametrize(
    "form", [{"id": "a"}, {"id": "a", "index": "-1", "right": "b"}, {"id": "a", "index": "0"}]
)
def test_feedback_that_is_no_form_of_the_page_is_refused(
    visitor: Browser, serving: FakeServing, form: dict[str, str]
) -> None:
    assert visitor.post(f"{MODEL}/feedback", form).status_code == 400
    assert not serving.requests


def test_the_log_says_who_and_holds_no_token(
    visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(visitor)
    visitor.post(f"{MODEL}/feedback", {"id": "signed-id", "index": "0", "right": "daisy"})
    printed = capsys.readouterr().out
    assert "predicted" in printed
    assert "feedback" in printed
    assert "viewer" in printed
    assert "token-" not in printed
