"""What a person does who has something done: the page before, its form, and the page after."""

from __future__ import annotations

import html
import re

from given.browser import Browser

PAGE = "/namespaces/team/models/lawn"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def form(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def do(browser: Browser, action: str, version: str = "") -> str:
    """Confirms the action as a person does; the page that it leads to."""
    confirm = browser.get(f"{PAGE}/{action}")
    assert confirm.status_code == 200
    chosen = {"version": version} if version else {}
    done = browser.post(f"{PAGE}/{action}", form(confirm.text) | chosen)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done={action}")
    return browser.get(done.headers["location"]).text


SENT = {"uid": "uid-of-lawn", "value": "2026-03-08T12:00:00Z", "version": "2"}
RIGHTS = {
    "ingest": "ingest",
    "train": "train",
    "promote": "promote",
    "rollback": "rollback",
    "pause": "suspend",
    "resume": "suspend",
}
REJECTED = {"version": "4", "verdict": "rejected"}
PAST = [
    {"time": "2026-03-07T09:00:00Z", "decision": "Promoted", "version": "3"},
    {"time": "2026-03-05T09:00:00Z", "decision": "FollowedAlias", "version": "2"},
    {"time": "2026-03-01T09:00:00Z", "decision": "Promoted", "version": "1"},
]
