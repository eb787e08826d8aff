"""Names and counts in sentences of bounded length, for every stage's refusals and warnings."""

import unicodedata
from collections.abc import Collection, Mapping

SHOWN = 3


def quoted(name: str) -> str:
    """A name in quotes, with what cannot be seen in it written as an escape."""
    return repr(name) if unicodedata.is_normalized("NFC", name) else ascii(name)


def listed(names: Collection[str], shown: int = SHOWN) -> str:
    """`'a', 'b' and 'c'`, or `'a', 'b', 'c' and 97 more`; in order of name."""
    in_order = [quoted(name) for name in sorted(names)]
    if len(in_order) > shown:
        return f"{', '.join(in_order[:shown])} and {len(in_order) - shown:,} more"
    return " and ".join(part for part in (", ".join(in_order[:-1]), *in_order[-1:]) if part)


def counted(kinds: Mapping[str, int], shown: int = 5) -> str:
    """`Thumbs.db (20), .git (3)`: the most frequent kinds, and how many files are of others."""
    in_order = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{kind} ({count:,})" for kind, count in in_order[:shown]]
    if rest := sum(count for _, count in in_order[shown:]):
        words.append(f"other kinds ({rest:,})")
    return ", ".join(words)


def number(count: int, singular: str, plural: str = "") -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
