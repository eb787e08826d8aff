"""How a version was judged, by which comparison with the champion of that time, and who moved the
alias.
"""

from collections.abc import Iterator

from dandelion_training.commands.trace.links import Link, State, broken
from dandelion_training.commands.trace.model.registered import Model
from dandelion_training.evaluate.comparison.impossible import Impossible, read_impossible
from dandelion_training.evaluate.comparison.record import Comparison, read_comparison
from dandelion_training.evaluate.documents import Unreadable
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.ports.documents import digest
from dandelion_training.ports.registry.versions import Versions
from dandelion_training.ports.storage import ObjectStore

BY = {
    "Gate": "first given to this version by the operator's gate",
    "Person": "first given to this version by a person",
    "Operator": "given back to this version after MLflow had lost it",
}


def verdict_links(
    store: ObjectStore, registry: Versions, evaluations: Evaluations, model: Model
) -> Iterator[Link]:
    """How the version was judged, by which comparison, and who moved the alias."""
    version = model.version
    tags = version.tags
    place = f"MLflow: {version.model} version {version.number}, tag dandelion.dev/verdict"
    verdict = tags.get("verdict", "")
    if verdict:
        rules = f" (rules {tags['gate']})" if tags.get("gate") else ""
        yield Link(
            "verdict", State.TOLD, place, f"{verdict}{rules}: {tags.get('verdict-reason', '')}"
        )
    else:
        yield Link("verdict", State.UNKNOWN, place, "not judged")
    former = tags.get("replaces", "")
    if former and former != version.number:
        yield from _comparison(store, registry, evaluations, model, former)
    champion = registry.champion(version.model)
    by = BY.get(
        tags.get("promoted-by", ""), "who first gave it to this version was not written down"
    )
    now = f"names version {champion} now" if champion else "names no version now"
    yield Link("alias", State.TOLD, f"MLflow: {version.model}, alias champion", f"{by}; {now}")


def _comparison(
    store: ObjectStore,
    registry: Versions,
    evaluations: Evaluations,
    model: Model,
    former: str,
) -> Iterator[Link]:
    kept = model.version.tags.get("comparison-digest", "")
    champion = registry.version(model.version.model, former)
    if champion is None:
        where = f"MLflow: {model.version.model} version {former}"
        yield broken("comparison", where, "the champion that it was compared with", "")
        return
    against = champion.tags.get("contract-digest", "")
    place = evaluations.comparison_place(model.dataset_digest, model.contract_digest, against)
    content = store.read(place)
    if content is None:
        if kept:
            yield broken("comparison", place, kept, "")
        else:
            words = f"none with version {former}: judged without one"
            yield Link("comparison", State.UNKNOWN, str(place), words)
        return
    if kept and digest(content) != kept:
        yield broken("comparison", place, kept, digest(content))
        return
    found = read_comparison(content)
    if isinstance(found, Unreadable):
        outcome = read_impossible(content)
        if isinstance(outcome, Impossible):
            yield Link("comparison", State.TOLD, str(place), outcome.message)
            return
        yield broken("comparison", place, "a comparison", found.reason)
        return
    named = (found.dataset, found.challenger, found.champion)
    wanted = (model.dataset_digest, model.contract_digest, against)
    if named != wanted:
        yield broken("comparison", place, "one of " + ", ".join(wanted), "of " + ", ".join(named))
        return
    if kept:
        yield Link("comparison", State.OK, str(place), f"{kept}: {_figures(found, former)}")
    else:
        words = f"{_figures(found, former)}; no digest of it was kept"
        yield Link("comparison", State.UNKNOWN, str(place), words)


def _figures(found: Comparison, former: str) -> str:
    challenger, champion = found.accuracy
    both = found.both
    return (
        f"accuracy {challenger:.4f}, version {former} {champion:.4f} on {both.images:,} images;"
        f" right alone {both.challenger_only:,} and {both.champion_only:,}"
    )
