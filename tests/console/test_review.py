"""Answers are reviewed as people do it: Chromium, the console, the review service, the API server
and MinIO are real.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_local import places
from dandelion_training.ports.callers import AUDIENCE
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.api.server import ApiServer
from tests.api.tokens import expired
from tests.chart.rendering import NAMESPACE
from tests.console.reviewing import CONSOLE, Reviewing, reviewing, token
from tests.console.served import TEAM, Console
from tests.console.test_pages import person
from tests.keys.minio import Store
from tests.page.visit import Visit

WIDTHS = {"desk": 1100, "phone": 390}
HEIC = (places.REPOSITORY / "inference/pictures/tests/files/quarters.heic").read_bytes()
NO_SAMPLE = "Nothing waits for you here"


@pytest.fixture(scope="module")
def review(
    console: Console, api: ApiServer, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reviewing]:
    with reviewing(api, store, tmp_path_factory.mktemp("review")) as found:
        yield found


def address(name: str) -> str:
    return f"/namespaces/{TEAM}/models/{name}/review"


@contextmanager
def reviewer(
    browser: Browser, review: Reviewing, account: str, name: str, **context: Any
) -> Iterator[Visit]:
    """Somebody who stands before the first image of the sample."""
    with person(browser, review.console, account, **context) as visit:
        visit.page.goto(review.console.url + address(name))
        yield visit


def shown(page: Page) -> str:
    """The image that is there to see."""
    # The script shows them as it begins: a key that is pressed before is nobody's.
    expect(page.locator("#moves")).to_be_visible()
    image = page.locator("#stage img")
    expect(image).to_be_visible()
    # Until it is complete, the page takes no decision about it.
    expect(image).to_have_js_property("complete", True)
    expect(image).not_to_have_js_property("naturalWidth", 0)
    return str(image.get_attribute("src"))


def test_a_person_reviews_by_keyboard_and_every_decision_counts(
    browser: Browser, review: Reviewing
) -> None:
    review.answers("meadow", review.model("meadow"), 4)
    with person(browser, review.console, "ada") as visit:
        page = visit.page
        page.goto(f"{review.console.url}/namespaces/{TEAM}/models/meadow")
        page.get_by_role("link", name="Review answers").click()
        seen = []
        for key in ("Enter", "r", "3", "x"):
            seen.append(shown(page))
            expect(page.locator("#answered")).to_have_text("dandelion")
            page.keyboard.press(key)
        expect(page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert len(set(seen)) == 4
    (line,) = review.accuracy("meadow")
    assert line.startswith("Version 3: 2 of 3 right")
    assert "0 wait, 1 rejected, 0 corrections" in line
    assert f"system:serviceaccount:{TEAM}:ada" in review.log.read_text()


def test_going_back_is_deciding_anew(browser: Browser, review: Reviewing) -> None:
    review.answers("heath", review.model("heath"), 2)
    with reviewer(browser, review, "ada", "heath") as visit:
        page = visit.page
        first = shown(page)
        page.keyboard.press("1")
        assert shown(page) != first
        page.keyboard.press("u")
        assert shown(page) == first
        page.keyboard.press("Enter")
        shown(page)
        page.keyboard.press("Enter")
        expect(page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert review.accuracy("heath")[0].startswith("Version 3: 2 of 2 right")


@pytest.mark.parametrize("mode", ["Review", "Auto"])
def test_two_people_where_one_voice_is_not_enough(
    browser: Browser, review: Reviewing, mode: str
) -> None:
    agreement = {"mode": mode, "minAgreement": 2}
    serving = {"auth": "ClusterTokens", "logging": {"images": True}}
    name = f"moor-{mode.lower()}"
    review.answers(name, review.model(name, feedback=agreement, serving=serving), 1)
    with reviewer(browser, review, "ada", name) as visit:
        expect(visit.page.get_by_text("0 of 2 people so far")).to_be_visible()
        shown(visit.page)
        visit.page.keyboard.press("3")
        expect(visit.page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert review.decisions(name) == 0
    with reviewer(browser, review, "bob", name) as visit:
        expect(visit.page.get_by_text("1 of 2 people so far")).to_be_visible()
        assert "grass" not in visit.page.locator(".said").inner_text()
        shown(visit.page)
        visit.page.keyboard.press("3")
        expect(visit.page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert review.decisions(name) == 1
    assert review.accuracy(name)[0].startswith("Version 3: 0 of 1 right")


def test_what_somebody_corrected_waits_in_a_list_of_its_own(
    browser: Browser, review: Reviewing
) -> None:
    review.answers("dune", review.model("dune"), 2, share=0)
    with reviewer(browser, review, "ada", "dune") as visit:
        page = visit.page
        expect(page.get_by_text(NO_SAMPLE)).to_be_visible()
        page.get_by_role("link", name="Most uncertain").click()
        expect(page.get_by_text("somebody sent back: grass")).to_be_visible()
        shown(page)
        page.keyboard.press("3")
        expect(page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert "1 corrections" in review.accuracy("dune")[0]


def test_what_a_browser_does_not_show_comes_as_the_model_sees_it(
    browser: Browser, review: Reviewing
) -> None:
    lying = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40), (200, 40, 40)).save(lying, "TIFF", exif=exif)
    review.answers("mire", review.model("mire"), 2, images=[HEIC, lying.getvalue()])
    sizes = []
    with reviewer(browser, review, "ada", "mire") as visit:
        for _ in range(2):
            shown(visit.page)
            image = visit.page.locator("#stage img")
            sizes.append(image.evaluate("image => [image.naturalWidth, image.naturalHeight]"))
            visit.page.keyboard.press("Enter")
        expect(visit.page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert sorted(sizes) == [[40, 80], [128, 64]]
    assert review.accuracy("mire")[0].startswith("Version 3: 2 of 2 right")


@pytest.mark.parametrize("rendered", [True, False])
def test_an_image_that_this_browser_fails_at_is_asked_for_once_more(
    browser: Browser, review: Reviewing, rendered: bool
) -> None:
    name = f"moss-{rendered}".lower()
    review.answers(name, review.model(name), 1)
    with reviewer(browser, review, "ada", name) as visit:
        page = visit.page
        failing = re.compile(r"/review/images/\w+$" if rendered else "/review/images/")
        page.route(failing, lambda route: route.fulfill(body="?", content_type="image/new"))
        page.reload()
        if rendered:
            expect(page.locator("#stage img[src$='?rendered=true']")).to_be_visible()
            assert shown(page).endswith("?rendered=true")
        else:
            expect(page.get_by_text("This image cannot be shown")).to_be_visible()


def test_without_scripts_it_works_too(browser: Browser, review: Reviewing) -> None:
    review.answers("copse", review.model("copse"), 2)
    with reviewer(browser, review, "ada", "copse", java_script_enabled=False) as visit:
        page = visit.page
        page.get_by_role("button", name="Right").click()
        expect(page.get_by_text("1 on this page")).to_be_visible()
        page.get_by_role("button", name="grass").click()
        expect(page.get_by_text(NO_SAMPLE)).to_be_visible()
    assert review.accuracy("copse")[0].startswith("Version 3: 1 of 2 right")


def test_who_may_not_review_sees_no_way_there(browser: Browser, review: Reviewing) -> None:
    review.answers("fen", review.model("fen"), 1)
    with person(browser, review.console, "viewer") as visit:
        visit.expected = ("401", "403")
        page = visit.page
        page.goto(f"{review.console.url}/namespaces/{TEAM}/models/fen")
        expect(page.get_by_role("heading", name="fen")).to_be_visible()
        expect(page.get_by_role("link", name="Review answers")).to_have_count(0)
        page.goto(review.console.url + address("fen"))
        expect(page.get_by_text("may not review fen in garden")).to_be_visible()
    with closing(review.console.logged_in("viewer")) as viewer:
        answer = viewer.post(address("fen"), data={"choice": "right"})
        assert answer.status_code == 403
    assert review.decisions("fen") == 0


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_sites_form_decides_nothing(review: Reviewing, headers: dict[str, str]) -> None:
    uid = review.model("marsh")
    with closing(review.console.logged_in("ada")) as ada:
        answer = ada.post(address("marsh"), data={"uid": uid, "choice": "right"}, headers=headers)
    assert answer.status_code == 403
    assert review.decisions("marsh") == 0


@pytest.mark.parametrize(
    "case",
    [
        *("nothing", "a reviewer's", "the console's, for the API server", "for another audience"),
        *("the console's, expired", "a forged header"),
    ],
)
def test_the_service_hears_the_console_alone(review: Reviewing, api: ApiServer, case: str) -> None:
    tokens: dict[str, Callable[[], str]] = {
        "nothing": lambda: "",
        "a reviewer's": lambda: review.console.token("ada", f"--audience={AUDIENCE}"),
        "the console's, for the API server": lambda: token(api, CONSOLE),
        "for another audience": lambda: token(api, CONSOLE, "--audience=dandelion.dev"),
        "the console's, expired": lambda: expired(api, NAMESPACE, CONSOLE, AUDIENCE),
        "a forged header": lambda: "",
    }
    name = f"system:serviceaccount:{NAMESPACE}:{CONSOLE}"
    forged = {"X-Remote-User": name, "X-Forwarded-User": name} if "header" in case else {}
    answer = httpx.get(
        f"{review.url}/v1/models/{TEAM}/meadow/queue",
        params={"uid": "u", "by": "ada", "share": "sample"},
        headers={"Authorization": f"Bearer {tokens[case]()}".strip()} | forged,
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == 401


def test_no_token_and_no_key_is_in_its_log(review: Reviewing) -> None:
    lines = review.log.read_text()
    assert "listening" in lines
    assert "eyJ" not in lines
    assert "secret-of-a-test" not in lines


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, review: Reviewing, pictures_folder: Path, scheme: str, width: str
) -> None:
    name = f"glade-{width}-{scheme}"
    review.answers(name, review.model(name), 3)
    size = {"width": WIDTHS[width], "height": 844}
    with reviewer(browser, review, "ada", name, viewport=size, color_scheme=scheme) as visit:
        shown(visit.page)
        visit.screenshot(pictures_folder, f"console-{width}-{scheme}-review")
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert visit.page.evaluate(overflow) == 0
