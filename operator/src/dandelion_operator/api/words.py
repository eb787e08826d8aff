"""Words of others, made fit for a condition, an Event or a log line.

What an endpoint, a pod or a registry says is shown to people and printed on terminals. `one_line`
is for every text of a status, `foreign` for words from outside, at the edge where they come in.
Pure.
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


def is_word(text: str) -> bool:
    """Whether it may stand for a reason: letters and digits in CamelCase, as Kubernetes has it."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", text) is not None


def address(url: str) -> str:
    """An address without a user, a password, a query or a fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
