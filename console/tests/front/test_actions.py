"""What changes a model: told before, done by whoever may, signed, and told after."""

from __future__ import annotations

import html
import re

import pytest
from fakes.cluster import FakeCluster
from given.acting import PAGE, PAST, REJECTED, RIGHTS, SENT, STAMP, do, form
from given.browser import Browser
from given.models import model
from given.stories import much_said

PATCHED = "/apis/dandelion.dev/v1alpha1/namespaces/team/modeldeployments/lawn"


def test_who_may_only_look_is_offered_nothing(viewer: Browser) -> None:
    page = viewer.get(PAGE).text
    assert "Train now" not in page
    assert "Pause" not in page


def test_who_may_change_it_is_offered_what_would_change_something(
    editor: Browser, cluster: FakeCluster
) -> None:
    page = editor.get(PAGE).text
    assert f'href="{PAGE}/train"' in page
    assert f'href="{PAGE}/pause"' in page
    assert f'href="{PAGE}/resume"' not in page
    cluster.add(model(spec={"suspend": True}))
    page = editor.get(PAGE).text
    assert f'href="{PAGE}/resume"' in page
    assert f'href="{PAGE}/pause"' not in page


@pytest.mark.parametrize("action", ["ingest", "train", "pause", "resume"])
def test_looking_at_what_it_will_do_changes_nothing(
    editor: Browser, cluster: FakeCluster, action: str
) -> None:
    assert editor.get(f"{PAGE}/{action}").status_code == 200
    assert not cluster.patches


def test_it_says_before_what_it_will_do_and_how_kubectl_does_it(
    editor: Browser, cluster: FakeCluster
) -> None:
    page = html.unescape(editor.get(f"{PAGE}/train").text)
    assert "The new version serves only if it passes the gate." in page
    command = rf"kubectl -n team annotate mdep lawn --overwrite dandelion.dev/retrain={STAMP}"
    assert re.search(command, page)
    cluster.add(much_said())
    assert "The run that is under way is ended" in editor.get(f"{PAGE}/train").text
    page = html.unescape(editor.get(f"{PAGE}/pause").text)
    assert (
        """kubectl -n team patch mdep lawn --type=merge -p '{"spec": {"suspend": true}}'""" in page
    )


def test_training_is_asked_for_by_the_annotation(editor: Browser, cluster: FakeCluster) -> None:
    page = do(editor, "train")
    ((path, patch),) = cluster.patches
    assert path == PATCHED
    stamp = patch["metadata"]["annotations"]["dandelion.dev/retrain"]
    assert re.fullmatch(STAMP, stamp)
    assert patch == {
        "metadata": {
            "uid": "uid-of-lawn",
            "annotations": {
                "dandelion.dev/retrain": stamp,
                "dandelion.dev/requested-by": f"retrain={stamp} by editor",
            },
        }
    }
    assert f"asked for by editor: dandelion.dev/retrain is {stamp}." in page
    assert "The operator has not begun it yet." in page
    cluster.models["team", "lawn"]["status"]["training"] = {
        "run": "9f8e",
        "retrain": stamp,
        "state": "Running",
    }
    assert "Run 9f8e is for it: running." in editor.get(f"{PAGE}?done=train").text


def test_reading_the_images_is_told_before_asked_for_and_told_after(
    editor: Browser, cluster: FakeCluster
) -> None:
    before = html.unescape(editor.get(f"{PAGE}/ingest").text)
    assert "Nothing is trained, and what serves goes on serving." in before
    command = rf"kubectl -n team annotate mdep lawn --overwrite dandelion.dev/ingest={STAMP}"
    assert re.search(command, before)
    page = do(editor, "ingest")
    ((_, patch),) = cluster.patches
    annotations = patch["metadata"]["annotations"]
    stamp = annotations["dandelion.dev/ingest"]
    assert annotations == {
        "dandelion.dev/ingest": stamp,
        "dandelion.dev/requested-by": f"ingest={stamp} by editor",
    }
    assert f"asked to be read by editor: dandelion.dev/ingest is {stamp}." in page
    assert "The operator has not begun it yet." in page


@pytest.mark.parametrize(
    ("told", "words", "progress"),
    [
        (
            {"state": "Pending", "reason": "Unschedulable", "message": "0 nodes have room"},
            "It waits: Unschedulable: 0 nodes have room.",
            "reading the images: pending",
        ),
        (
            {"state": "Running", "stage": "reading", "progressPercent": 45},
            "It is under way.",
            "45 %, reading the images: running, reading",
        ),
        (
            {"state": "Succeeded", "message": "no change since dataset version sha256:abcd1234…"},
            "They are read: no change since dataset version sha256:abcd1234….",
            "",
        ),
        (
            {"state": "Failed", "reason": "TooFewImages", "message": "grass has 3"},
            "It failed: TooFewImages: grass has 3.",
            "",
        ),
        ({"state": "Refused", "message": "a version is pinned"}, "It was refused: a version", ""),
        ({"state": "Stopped"}, "It was stopped.", ""),
    ],
)
def test_what_becomes_of_reading_the_images_is_followed(
    editor: Browser, cluster: FakeCluster, told: dict[str, object], words: str, progress: str
) -> None:
    now = {"value": "now"} | told
    cluster.add(model(annotations={"dandelion.dev/ingest": "now"}, ingest=now))
    page = html.unescape(editor.get(f"{PAGE}?done=ingest").text)
    assert words in page
    assert ("Progress of reading the images" in page) is bool(progress)
    assert progress in page


def test_a_pinned_version_leaves_nothing_to_read(editor: Browser, cluster: FakeCluster) -> None:
    pinned = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"}
    cluster.add(model(spec={"dataset": pinned}))
    assert f'href="{PAGE}/ingest"' not in editor.get(PAGE).text


def test_asking_twice_on_one_page_asks_for_one_run(editor: Browser, cluster: FakeCluster) -> None:
    sent = form(editor.get(f"{PAGE}/train").text)
    for _ in range(2):
        assert editor.post(f"{PAGE}/train", sent).status_code == 303
    first, second = cluster.patches
    assert first == second


def test_a_model_is_paused_and_resumed(editor: Browser, cluster: FakeCluster) -> None:
    paused = do(editor, "pause")
    assert re.search(rf"spec.suspend is true, which editor asked for at {STAMP}\.", paused)
    assert cluster.models["team", "lawn"]["spec"]["suspend"] is True
    resumed = do(editor, "resume")
    assert re.search(rf"It is resumed, which editor asked for at {STAMP}\.", resumed)
    assert cluster.models["team", "lawn"]["spec"]["suspend"] is False
    for _, patch in cluster.patches:
        assert patch["metadata"]["annotations"].keys() == {"dandelion.dev/requested-by"}
        assert patch["metadata"]["annotations"].keys() | patch["spec"].keys() == {
            *("dandelion.dev/requested-by", "suspend"),
        }


def test_a_pause_that_nobody_signed_is_nobodys(editor: Browser, cluster: FakeCluster) -> None:
    signed = "suspend=false at 2026-03-01T12:00:00Z by somebody"
    annotations = {"dandelion.dev/requested-by": signed}
    cluster.add(model(spec={"suspend": True}, annotations=annotations))
    assert "It is paused: spec.suspend is true." in editor.get(f"{PAGE}?done=pause").text


@pytest.mark.parametrize("action", RIGHTS)
def test_who_may_not_is_told_which_right_it_takes_and_nothing_is_written(
    viewer: Browser, cluster: FakeCluster, action: str
) -> None:
    for answer in (viewer.get(f"{PAGE}/{action}"), viewer.post(f"{PAGE}/{action}", SENT)):
        assert answer.status_code == 403
        assert f"right to create modeldeployments/{RIGHTS[action]} there" in answer.text
    assert not cluster.patches


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_who_may_patch_promotes_nothing_by_that(
    editor: Browser, cluster: FakeCluster, action: str
) -> None:
    assert editor.get(f"{PAGE}/{action}").status_code == 403
    assert editor.post(f"{PAGE}/{action}", SENT).status_code == 403
    assert not cluster.patches


@pytest.mark.parametrize("action", RIGHTS)
def test_what_one_right_allows_is_offered_and_done_and_nothing_else(
    browser: Browser, cluster: FakeCluster, action: str
) -> None:
    cluster.add(model(spec={"suspend": action == "resume"}, challenger=REJECTED, history=PAST))
    browser.log_in(cluster.let("somebody", "get", f"create {RIGHTS[action]}"))
    page = browser.get(PAGE).text
    assert [other for other in RIGHTS if f'href="{PAGE}/{other}"' in page] == [action]
    for other in RIGHTS:
        if RIGHTS[other] != RIGHTS[action]:
            assert browser.post(f"{PAGE}/{other}", SENT).status_code == 403
    assert not cluster.patches
    do(browser, action, {"promote": "4", "rollback": "2"}.get(action, ""))
    assert len(cluster.patches) == 1


def test_one_that_was_made_anew_meanwhile_is_left_alone(
    editor: Browser, cluster: FakeCluster
) -> None:
    sent = form(editor.get(f"{PAGE}/pause").text)
    cluster.models["team", "lawn"]["metadata"]["uid"] = "another"
    answer = editor.post(f"{PAGE}/pause", sent)
    assert answer.status_code == 409
    assert "was deleted and made anew since you looked at it" in answer.text


def test_nobody_acts_without_a_login(browser: Browser, cluster: FakeCluster) -> None:
    sent = {"uid": "uid-of-lawn", "value": "2026-03-08T12:00:00Z"}
    assert browser.post(f"{PAGE}/train", sent).status_code == 401
    assert not cluster.requests


@pytest.mark.parametrize(
    "sent",
    [{"other": "1"}, {"uid": "uid-of-lawn", "value": "x: y"}, {"value": "2026-03-08T12:00:00Z"}],
)
def test_a_form_of_another_make_is_refused(
    editor: Browser, cluster: FakeCluster, sent: dict[str, str]
) -> None:
    assert editor.post(f"{PAGE}/train", sent).status_code == 400
    assert not cluster.patches


@pytest.mark.parametrize("action", ["delete", "TRAIN"])
def test_there_are_no_other_actions(editor: Browser, cluster: FakeCluster, action: str) -> None:
    sent = {"uid": "uid-of-lawn", "value": "2026-03-08T12:00:00Z"}
    assert editor.get(f"{PAGE}/{action}").status_code == 404
    assert editor.post(f"{PAGE}/{action}", sent).status_code == 404
    assert not cluster.patches


def test_who_did_what_is_in_the_log(
    editor: Browser, viewer: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {"uid": "uid-of-lawn", "value": "2026-03-08T12:00:00Z"}
    viewer.log_in("token-of-editor")
    viewer.post(f"{PAGE}/train", sent)
    viewer.log_in("token-of-viewer")
    viewer.post(f"{PAGE}/train", sent)
    done, refused = [
        line for line in capsys.readouterr().out.splitlines() if "action=train" in line
    ]
    assert "done" in done
    assert "person=editor" in done
    assert "refused" in refused
    assert "person=viewer" in refused
