"""The story: what happens to a model that is served, and what it does about it by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dandelion_local.commands import SetupError
from dandelion_local.progress import Step

from dandelion_demo.desk import Desk
from dandelion_demo.loop import images
from dandelion_demo.loop.images import Change, Coming
from dandelion_demo.loop.resource import NAME, Resource
from dandelion_demo.loop.traffic import predict, steady
from dandelion_demo.run import BUCKET

FIRST, PORTION, ENOUGH, QUIET_SECONDS = 500, 150, 100, 5
# Far more than a window of answers holds: a few images in turn are not what the holdout is like.
CLIENTS = 400
SENT, REVIEWED = 130, 40
ACCURACY = 0.7
REVIEWER = "ada"


def spec(namespace: str) -> dict[str, Any]:
    """Small, so that a run is a matter of half a minute; `minimum` and the rest are as they are
    for real."""
    return {
        "dataset": {"storageUri": f"s3://{BUCKET}/{namespace}/{NAME}"},
        "training": {"architecture": "resnet18", "epochs": 8, "imageSize": 32, "batchSize": 64},
        "triggers": {"newImages": ENOUGH, "quietSeconds": QUIET_SECONDS},
        "promotion": {"minimum": 0.8, "margin": 0.1},
        "serving": {"logging": {"images": True}},
        "feedback": {"mode": "Review", "reviewShare": 0.5},
    }


class Story:
    """Chapters build on each other: each begins with the model that the one before left."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._coming = Coming()
        self._desk = Desk(resource.kubectl, NAME)

    def chapters(self) -> list[tuple[str, Callable[[], str]]]:
        """Titles, and what makes each happen and returns its outcome in words; SetupError where
        something else came of it."""
        return [
            ("A first model", self.first_model),
            ("New images arrive", self.new_images),
            ("A portion with the wrong labels arrives", self.wrong_labels),
            ("A schedule fires while the operator is away", self.missed_schedule),
            ("What clients send changes", self.drift),
            ("Answers become wrong", self.falling_accuracy),
        ]

    def first_model(self) -> str:
        resource = self._resource
        resource.upload(self._coming.next(FIRST))
        resource.apply(spec(resource.namespace))
        resource.until("version 1 is served", lambda: resource.served("1"))
        return f"trained on {FIRST} images, {self._verdict('1')}"

    def new_images(self) -> str:
        resource = self._resource
        clients = self._coming.next(CLIENTS)
        with resource.url() as url, steady(url, clients) as traffic:
            resource.upload(self._coming.next(PORTION))
            resource.until("version 2 is served", lambda: resource.served("2"))
        if traffic.failures:
            raise SetupError(f"{len(traffic.failures)} requests failed: {traffic.failures[0]}")
        return (
            f"{self._why()}; {self._verdict('2')}; "
            f"{traffic.answered} requests were answered meanwhile and none was lost"
        )

    def wrong_labels(self) -> str:
        resource = self._resource
        wrong = images.mislabelled(self._coming.next(2 * PORTION))
        resource.upload(wrong)
        resource.until("version 3 is judged", lambda: resource.judged("3"))
        if resource.status["champion"]["version"] != "2":
            raise SetupError(f"version 3 is served: {self._verdict('3')}")
        resource.remove(wrong)
        return f"{self._why()}; {self._verdict('3')}; version 2 goes on serving"

    def missed_schedule(self) -> str:
        resource = self._resource
        # Far enough ahead to stop the operator before.
        due = (datetime.now(UTC) + timedelta(seconds=80)).replace(second=0, microsecond=0)
        resource.patch({"triggers": {"schedule": f"{due.minute} {due.hour} * * *"}})
        resource.until(
            "the operator knows the schedule",
            lambda: resource.status.get("triggers", {}).get("nextScheduleTime"),
        )
        with resource.without_operator(), Step(f"the operator is away at {due:%H:%M} UTC"):
            while datetime.now(UTC) < due + timedelta(seconds=2):
                time.sleep(1)
        resource.until("version 4 is judged", lambda: resource.judged("4"))
        return f"{self._why()}; {self._verdict('4')}"

    def drift(self) -> str:
        resource = self._resource
        resource.until("every replica answers with it", lambda: resource.settled)
        shows = self._send(images.blurred_and_dark, SENT)
        resource.until(
            "drift is noticed", lambda: resource.condition("DriftDetected").get("status") == "True"
        )
        noticed = resource.condition("DriftDetected")["message"]
        reviewed = self._review(shows, enough=REVIEWED)
        resource.kubectl("annotate", "mdep", NAME, "dandelion.dev/retrain=reviewed")
        resource.until("version 5 is judged", lambda: resource.judged("5"))
        return f"{noticed}; {reviewed}; {self._why()}; {self._verdict('5')}"

    def falling_accuracy(self) -> str:
        resource = self._resource
        resource.until("every replica answers with it", lambda: resource.settled)
        resource.patch({"triggers": {"accuracyBelow": ACCURACY}})
        reviewed = self._review(self._send(images.negative, SENT), enough=REVIEWED)
        resource.until("version 6 is judged", lambda: resource.judged("6"))
        return f"{reviewed}; {self._why()}; {self._verdict('6')}"

    def _send(self, change: Change, count: int) -> dict[str, str]:
        """What each of the images that were sent shows, by its digest."""
        sent = images.changed(self._coming.next(count), change)
        with self._resource.url() as url, Step(f"{count} images are sent"):
            for image in sent:
                predict(url, image)
        return images.labels(sent)

    def _review(self, shows: dict[str, str], enough: int) -> str:
        """Once pods have written what they hold of these images, which takes half a minute; what
        was decided.
        """
        self._desk.open()
        self._resource.until(
            "the sample is in the queue",
            lambda: len(shows.keys() & set(self._desk.export())) >= enough,
        )
        return self._desk.decide(shows, REVIEWER).splitlines()[0].rstrip(".")

    def _why(self) -> str:
        return str(self._resource.started()[0]["reason"])

    def _verdict(self, version: str) -> str:
        receipt = self._resource.judged(version)
        if receipt is None:
            raise SetupError(f"nothing was decided on version {version}")
        return f"version {version} {receipt['decision'].lower()}: {receipt['reason']}"
