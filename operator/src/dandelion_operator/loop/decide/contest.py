"""Is a child put right, brought up to date or left alone, where others write to it as well?

What others made of it is put right once; what they write again is theirs, and is told. Asked for
every kind of child.
"""

from __future__ import annotations

from dandelion_operator.seen.drift import Drift

NAMED = 4


def writes(drift: Drift, out_of_date: bool) -> bool:
    """`out_of_date`: the operator wants another object than it wanted before."""
    if out_of_date:
        return not drift.rival_came_back
    return bool(drift.fields) and not drift.contested


def corrected(drift: Drift) -> tuple[str, ...]:
    """Whose writes are put right once this one is made."""
    rival = (drift.rival,) if drift.rival else ()
    return drift.correcting(*(drift.writers if drift.fields else ()), *rival)


def words(kind: str, name: str, drift: Drift, out_of_date: bool = False) -> tuple[str, ...]:
    """What is left alone; nothing where nothing is."""
    if out_of_date and drift.rival_came_back:
        return (
            f"the {kind} {name} is written by {drift.rival} as well: let one of the two look "
            "after this namespace (operator.watchNamespaces)",
        )
    if not drift.contested:
        return ()
    more = f" and {len(drift.fields) - NAMED} more" if len(drift.fields) > NAMED else ""
    return (
        f"{', '.join(drift.writers)} also writes {', '.join(drift.fields[:NAMED])}{more} of the "
        f"{kind} {name}; it was put right once and is left alone since: stop that writer, or "
        "remove the annotation dandelion.dev/corrected to have it put right again",
    )
