"""Kubernetes Events: each for what is new, none for what is known or told by another."""

from __future__ import annotations

import pytest
from dandelion_operator.api.status import Status, parse
from dandelion_operator.api.status.history import HistoryEntry
from dandelion_operator.loop.report.events import Event, event_objects, new_events
from given import NOW

Told = tuple[str, str, str]  # type, status, reason


def of(told: Told | None) -> Status:
    if told is None:
        return Status()
    kind, state, reason = told
    words = {"message": "the words", "lastTransitionTime": NOW}
    return parse({"conditions": [{"type": kind, "status": state, "reason": reason} | words]})


EMPTY = ("Accepted", "False", "DatasetEmpty")
TAKEN = ("RolledOut", "False", "NameTaken")
PULLS = ("RolledOut", "Unknown", "ImagePullFailed")
READY = ("Ready", "True", "Serving")


@pytest.mark.parametrize(
    ("before", "now", "warning"),
    [
        pytest.param(None, EMPTY, True, id="refused from the start"),
        pytest.param(EMPTY, EMPTY, None, id="refused as before"),
        pytest.param(
            ("Accepted", "False", "BucketNotFound"), EMPTY, True, id="refused for another reason"
        ),
        pytest.param(("Accepted", "Unknown", "DatasetListing"), EMPTY, True, id="refused by now"),
        pytest.param(
            ("RolledOut", "Unknown", "NameTaken"), TAKEN, True, id="no matter of time any more"
        ),
        pytest.param(EMPTY, ("Accepted", "True", "Valid"), None, id="accepted by now"),
        pytest.param(EMPTY, ("Accepted", "Unknown", "DatasetListing"), None, id="being listed"),
        pytest.param(None, ("RolledOut", "False", "NoVersion"), None, id="nothing to roll out yet"),
        pytest.param(
            None, ("RolledOut", "False", "ArtifactRejected"), None, id="told by the history"
        ),
        pytest.param(None, ("Trained", "False", "TrainingFailed"), None, id="a run that failed"),
        pytest.param(None, ("Trained", "False", "NameTaken"), None, id="a run without a name"),
        pytest.param(None, ("Promoted", "False", "AliasMissing"), None, id="no alias"),
        pytest.param(None, ("RolledOut", "Unknown", "Progressing"), None, id="on its way"),
        pytest.param(None, ("Trained", "Unknown", "Unschedulable"), True, id="no node"),
        pytest.param(PULLS, PULLS, None, id="an image that still cannot be pulled"),
        pytest.param(
            ("RolledOut", "Unknown", "Evicted"), PULLS, True, id="another trouble of a pod"
        ),
        pytest.param(None, READY, False, id="ready"),
        pytest.param(("Ready", "False", "NotAnswering"), READY, False, id="ready again"),
        pytest.param(READY, READY, None, id="ready as before"),
        pytest.param(READY, ("Ready", "False", "DatasetEmpty"), None, id="told where it began"),
    ],
)
def test_a_condition_that_is_new_is_an_event(
    before: Told | None, now: Told, warning: bool | None
) -> None:
    found = list(new_events(of(before), of(now)))
    assert found == ([] if warning is None else [Event(now[2], "the words", warning)])


@pytest.mark.parametrize(
    ("entry", "event"),
    [
        pytest.param(
            HistoryEntry(time=NOW, decision="Promoted", version="3", reason="better", trigger="x"),
            Event("Promoted", "version 3: better", False),
            id="a version and its reason",
        ),
        pytest.param(
            HistoryEntry(time=NOW, decision="TrainingStarted", trigger="Created"),
            Event("TrainingStarted", "Created", False),
            id="a trigger where there is no reason",
        ),
        pytest.param(
            HistoryEntry(time=NOW, decision="Observed"), Event("Observed", "", False), id="nothing"
        ),
        *(
            pytest.param(
                HistoryEntry(time=NOW, decision=word, reason="why"),
                Event(word, "why", True),
                id=f"{word} is a warning",
            )
            for word in (
                "AdoptionNeeded",
                "ArtifactRejected",
                "ProgressDeadlineExceeded",
                "Rejected",
                "TrainingFailed",
            )
        ),
    ],
)
def test_an_entry_of_the_history_is_an_event(entry: HistoryEntry, event: Event) -> None:
    assert list(new_events(Status(), Status(history=(entry,)))) == [event]


def dataset(version: str = "sha256:a", **about: object) -> Status:
    return parse({"dataset": {"version": version} | about})


FEW = {"warnings": ["grass: few"]}


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        pytest.param(Status(), Status(), None, id="no version"),
        pytest.param(Status(), dataset(), None, id="nothing to say"),
        pytest.param(dataset(), dataset(**FEW), "grass: few", id="known, but nothing was said"),
        pytest.param(dataset(**FEW), dataset(**FEW), None, id="said before"),
        pytest.param(
            dataset("sha256:b", **FEW), dataset(**FEW), "grass: few", id="said of another version"
        ),
    ],
)
def test_a_dataset_is_an_event_once_a_version(
    before: Status, now: Status, words: str | None
) -> None:
    found = [event.message for event in new_events(before, now)]
    assert found == ([] if words is None else [f"dataset version sha256:a: {words}"])


def silent(challenger: str, *names: str) -> Status:
    return parse({"evaluation": {"challenger": challenger, "neverAnswered": list(names)}})


@pytest.mark.parametrize(
    ("before", "now", "count"),
    [
        pytest.param(silent("4", "moss"), silent("4", "moss"), 0, id="known"),
        pytest.param(silent("4"), silent("4", "moss"), 1, id="known by another figure"),
        pytest.param(silent("3", "moss"), silent("4", "moss"), 1, id="of another version"),
        pytest.param(silent("4", "moss"), silent("4"), 0, id="no longer so"),
    ],
)
def test_classes_that_are_never_given_are_an_event_once_a_version(
    before: Status, now: Status, count: int
) -> None:
    assert len(list(new_events(before, now))) == count


def test_an_event_is_cut_and_of_its_type() -> None:
    long = HistoryEntry(time=NOW, decision="TrainingFailed", reason="x" * 2000)
    short = HistoryEntry(time=NOW, decision="Promoted", reason="better")
    body = {"metadata": {"namespace": "default", "name": "lawn", "uid": "1"}}
    found = list(event_objects(body, Status(), Status(history=(long, short)), NOW))
    assert [(item["type"], len(item["message"])) for item in found] == [
        ("Normal", 6),
        ("Warning", 1024),
    ]
