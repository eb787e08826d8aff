"""Whoever follows a link in a text of the repository arrives at its file and its heading."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TRACKED = [
    REPOSITORY / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
]
TEXTS = [path for path in TRACKED if path.suffix == ".md"]
PAGES = [path for path in TEXTS if path.parent == REPOSITORY / "docs"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
# How a file that is no text, such as a manifest or a message, names a page.
NAMED = re.compile(r"\bdocs/[\w-]+\.md(?:#[\w-]+)?")


def prose(text: str) -> str:
    """The text without its blocks of code, in which # begins a comment and brackets are no link."""
    return re.sub(r"(?ms)^( *)```.*?^\1```$", "", text)


def anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a text: those of one name, all but the first, by number."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"(?m)^#{1,6} +(.+?) *$", prose(text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def missing(target: str, origin: Path) -> str:
    """What of a link, relative to the folder of its origin, is not there; empty if all of it is."""
    name, _, anchor = target.partition("#")
    path = origin.parent / name if name else origin
    if not path.exists():
        return "file"
    return "heading" if anchor and anchor not in anchors(path.read_text()) else ""


def inward(text: str) -> list[str]:
    return [link for link in LINK.findall(prose(text)) if "://" not in link]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_into_the_repository_leads_to_its_file_and_heading(path: Path) -> None:
    assert [link for link in inward(path.read_text()) if missing(link, path)] == []


def test_every_page_that_another_file_names_is_there_with_its_heading() -> None:
    named = {
        (str(path.relative_to(REPOSITORY)), name)
        for path in TRACKED
        if path.suffix in (".md", ".yaml", ".txt", ".tpl", ".html", ".py") and path.is_file()
        if "tests" not in path.parts
        for name in NAMED.findall(path.read_text())
    }
    assert len(named) > len(PAGES)
    assert [it for it in sorted(named) if missing(it[1], REPOSITORY / "README.md")] == []


def test_the_readme_leads_to_every_page() -> None:
    linked = inward((REPOSITORY / "README.md").read_text())
    assert len(PAGES) >= 10
    assert [path.name for path in PAGES if f"docs/{path.name}" not in linked] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.name))
def test_a_page_begins_with_its_title_and_what_it_is_for(path: Path) -> None:
    title, blank, sentence, *_ = path.read_text().splitlines()
    assert title.startswith("# ")
    assert not blank
    assert re.match(r"[A-Z]", sentence)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# The console", {"the-console"}),
        (
            "## Many teams: keys that reach no other team's data",
            {"many-teams-keys-that-reach-no-other-teams-data"},
        ),
        ("## `mode: None`", {"mode-none"}),
        ("# Load\n## Load", {"load", "load-1"}),
        ("```console\n# a comment\n```\n", set()),
    ],
)
def test_a_heading_is_called_what_github_calls_it(text: str, found: set[str]) -> None:
    assert anchors(text) == found


@pytest.mark.parametrize(
    ("link", "lacks"),
    [
        ("README.md", ""),
        ("gone.md", "file"),
        ("README.md#pages", ""),
        ("README.md#gone", "heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(link: str, lacks: str) -> None:
    assert missing(link, REPOSITORY / "README.md") == lacks
