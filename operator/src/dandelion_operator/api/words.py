"""Words of others, made fit for a condition, an Event or a log line.

What an endpoint, a pod or a registry says is shown to people and printed on terminals. `one_line`
is for every text of a status, `foreign` for words from outside, at the edge where they come in, and
`steady` before that for those that are said again and again. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

LIMIT = 200
# More than this of a text is never looked at.
MOST = 64 * 1024
HIDDEN = "***"

SPACES = re.compile(r"\s+")
MARKUP = re.compile(r"<[^<>]*>")
# The value of what is called a secret, whether in JSON, in a header or in an address.
NAMED_SECRET = re.compile(
    r"(signature|credential|passw(?:or)?d|secret|token|authorization|(?:access|secret|api)[_-]?key"
    r"(?:[_-]?id)?)[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic|aws4-hmac-sha256)\s+)?[^\s\"'&,;]+",
    re.IGNORECASE,
)
DURATION = r"\d[\d.]*(?:ns|[uµ]s|ms|s|m|h)(?:\d[\d.]*(?:ns|[uµ]s|ms|s|m|h))*"
# What kubelet, container runtimes and registries write otherwise each time they say the same.
PASSING = (
    (re.compile(r"^\(combined from similar events\): "), ""),
    (re.compile(r" ?No retries permitted until .{0,80}? \(durationBeforeRetry [^)]*\)\.?"), ""),
    (re.compile(rf"\b(back-off) {DURATION}", re.IGNORECASE), r"\1"),
    (re.compile(rf"\b(retry(?:ing)?(?:[ -](?:in|after))?):? {DURATION}", re.IGNORECASE), r"\1 …"),
    (re.compile(r" pod=[a-z\d.-]+_[a-z\d-]+\([\w-]+\)"), ""),
    (re.compile(r"\b(attempts?[ :=#]+)\d+", re.IGNORECASE), r"\1…"),
    (re.compile(r"\b(request[ _-]?id[\"']?[:=]? *)[^\s,;)]+", re.IGNORECASE), r"\1…"),
    # The port that a client of TCP or UDP happened to get; the one that it asked stays.
    (re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\]):\d+(?=->)"), r"\1"),
    (
        re.compile(
            r"(?<!after )(?<!before )\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"
            r"(?: ?Z\b| ?[+-]\d\d:?\d\d)?(?: [A-Z]{3,4}\b)?(?: m=\+[\d.]+)?|\b\d{8}T\d{6}Z\b"
        ),
        "…",
    ),
    (re.compile(r"(?<![\da-f])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b", re.IGNORECASE), "…"),
    (re.compile(r"(?<!sha256:)\b[\da-f]{64}\b"), "…"),
    (re.compile(r"\b(containerd-mount|0x|kube-api-access-)[\da-z]+"), r"\1…"),
)
VOLUMES = re.compile(r"(?<=volumes=\[)[^\]]+")
SECRETS = (
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
    re.compile(r"(?<=\bBearer )\S+|(?<=\bBasic )\S+|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
)


def one_line(text: str) -> str:
    """Without control characters, line ends, or what turns the direction of writing around."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    shown = "".join(
        " "
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        else character
        for character in text
    )
    return SPACES.sub(" ", shown).strip()


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def foreign(text: str, limit: int = LIMIT, secrets: Iterable[str] = ()) -> str:
    """At most `limit` characters on one line, without markup and without what may be a secret.

    `secrets`: values that must not be shown, whatever stands around them.
    """
    shown = one_line(MARKUP.sub(" ", text[:MOST]))
    for secret in secrets:
        if secret:
            shown = shown.replace(secret, HIDDEN)
    shown = NAMED_SECRET.sub(rf"\1={HIDDEN}", shown)
    for pattern in SECRETS:
        shown = pattern.sub(HIDDEN, shown)
    return cut(shown, limit)


def steady(text: str) -> str:
    """Without what changes each time the same is said: times, waits, attempts, ports and IDs.

    A status that repeats such words would otherwise be written for nothing.
    """
    shown = text[:MOST]
    for pattern, kept in PASSING:
        shown = pattern.sub(kept, shown)
    return VOLUMES.sub(lambda found: " ".join(sorted(found[0].split())), shown)


def is_word(text: str) -> bool:
    """Whether it may stand for a reason: letters and digits in CamelCase, as Kubernetes has it."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", text) is not None


def address(url: str) -> str:
    """An address without a user, a password, a query or a fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
