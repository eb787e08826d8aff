"""The whole house behind the console, all of it real: API server, provider, a served model with its
token reviewer, and the review service over MinIO.
"""

from __future__ import annotations

import html
import itertools
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from dandelion_console.ports.session import Person, Sessions
from fakes import s3 as fake_s3
from running.logging_service import logging_environment
from running.reviewing import reviewing as reviewing_tokens
from running.service import Service, started

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.console.doors import Door
from tests.console.reviewing import Reviewing, reviewing
from tests.console.served import OTHER, TEAM, Console, put, serving
from tests.console.statuses import ready
from tests.keys.minio import Store
from tests.page.photos import meadow
from tests.page.served import artifact

SESSION_SECONDS = 3600
# Of which each form says another one.
MOMENTS = itertools.count()
REVIEWED = {"feedback": {"mode": "Review"}, "serving": {"logging": {"images": True}}}


@dataclass(frozen=True)
class Place:
    namespace: str
    name: str


OURS, THEIRS = Place(TEAM, "lawn"), Place(OTHER, "apples")


@dataclass(frozen=True)
class House:
    """`item` is what the form of an image to review holds, `answer` the id of a prediction."""

    door: Door
    served: Service
    review: Reviewing
    item: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    @property
    def console(self) -> Console:
        return self.door.console

    def reset(self, suspend: bool = False) -> None:
        """The models as they are before each test: of ours version 3 serves, 4 was turned down,
        and 2 served before.
        """
        status = ready()
        before = {"time": "2026-03-05T09:00:00Z", "decision": "FollowedAlias", "version": "2"}
        status["history"].append(before)
        for place in (OURS, THEIRS):
            given = REVIEWED | {"suspend": suspend}
            put(self.console.api, place.name, place.namespace, status, **given)

    def state(self) -> tuple[object, ...]:
        """All that a request may change."""
        models = [self.console.model(place.name, place.namespace) for place in (OURS, THEIRS)]
        lines = self.served.metrics().splitlines()
        asked = [line for line in lines if line.startswith("dandelion_requests")]
        return *models, asked, self.review.decisions(OURS.name)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        before = self.state()
        yield
        assert self.state() == before

    def by(self, person: str) -> httpx.Client:
        """Somebody who has logged in: with a token, or, for a group, by the provider."""
        group = person.removeprefix("oidc:")
        return self.door.logged_in(group) if group != person else self.console.logged_in(person)

    def with_session(self, value: str) -> httpx.Client:
        browser = self.console.browser()
        browser.cookies.set("dandelion-console", value)
        return browser

    def sealed(self, person: Person, age: float = 0, key: Path | None = None) -> httpx.Client:
        """Who has a session that the console itself would have made so long ago, with its key."""
        now = time.time() - age
        sessions = Sessions(key or self.door.folder / "key", SESSION_SECONDS, lambda: now)
        return self.with_session(sessions.seal(person))

    def form(self, place: Place, **more: str) -> dict[str, str]:
        """As the page of somebody who may has it."""
        uid = self.console.model(place.name, place.namespace)["metadata"]["uid"]
        minute, second = divmod(next(MOMENTS), 60)
        hour, minute = divmod(minute, 60)
        return {"uid": uid, "value": f"2026-03-08T{hour:02}:{minute:02}:{second:02}Z"} | more


@contextmanager
def standing(doors: dict[str, Door], store: Store, folder: Path) -> Iterator[House]:
    """Before an API server that does not know the console's provider."""
    unknown = doors["unknown"]
    api = unknown.console.api
    mounted, own = folder / "reviewer", folder / "console"
    for made in (mounted, own, folder / "review"):
        made.mkdir()
    (mounted / "token").write_text(ADMIN_TOKEN)
    (mounted / "ca.crt").write_text(api.authority.read_text())
    with (
        fake_s3.running() as objects,
        reviewing_tokens(api.port, mounted) as reviewer,
        started(
            logging_environment(objects, folder, artifact=artifact())
            | reviewer.environment()
            | {"DANDELION_MODEL_NAMESPACE": TEAM}
        ) as served,
        reviewing(api, store, folder / "review") as review,
        serving(
            api,
            own,
            model_address=served.url,
            review_url=review.url,
            review_token_file=str(folder / "review" / "review-token"),
            session_hours=str(SESSION_SECONDS / 3600),
            **unknown.settings,
        ) as console,
    ):
        served.wait_ready()
        house = House(Door(console, unknown.provider, own, unknown.settings), served, review)
        house.reset()
        review.answers(OURS.name, console.model()["metadata"]["uid"], 4)
        with closing(house.by("administrator")) as browser:
            page = f"/namespaces/{TEAM}/models/{OURS.name}"
            item = fields(browser.get(f"{page}/review"))
            image = {"content-type": "image/png"}
            answer = browser.post(f"{page}/predict", content=meadow(0), headers=image)
            yield House(house.door, served, review, item, fields(answer)["id"])


def fields(page: httpx.Response) -> dict[str, str]:
    """The hidden ones of its forms."""
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in hidden}


def account(api: ApiServer, name: str, role: str = "administrator") -> None:
    """Somebody of the team's namespace with one of the chart's roles."""
    api.kubectl("create", "serviceaccount", name, "-n", TEAM)
    bound = (f"--clusterrole=dandelion-{role}", f"--serviceaccount={TEAM}:{name}")
    api.kubectl("create", "rolebinding", name, "-n", TEAM, *bound)
