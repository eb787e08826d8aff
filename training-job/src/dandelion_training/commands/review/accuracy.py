"""What `review accuracy` prints: how often each version was right, by what people reviewed."""

from collections.abc import Iterable, Mapping

from dandelion_training.review.accuracy.figures import LiveAccuracy


def printed(accuracies: Iterable[LiveAccuracy], waiting: Mapping[str, int]) -> list[str]:
    """A line a version; `waiting` counts what nobody reviewed of its sample, by contract."""
    found = list(accuracies)
    lines = [_line(accuracy, waiting.get(accuracy.contract, 0)) for accuracy in found]
    rest = sum(waiting.values()) - sum(waiting.get(accuracy.contract, 0) for accuracy in found)
    more = f"{rest:,} answers of the sample wait, of versions that nobody reviewed." if rest else ""
    return [*lines, *filter(None, [more])] or ["Nothing of the random share is reviewed."]


def _line(accuracy: LiveAccuracy, waiting: int) -> str:
    beside = (
        f"{waiting:,} wait, {accuracy.rejected:,} rejected, {accuracy.corrections:,} corrections,"
        " which do not count"
    )
    if accuracy.accuracy is None:
        return f"Version {accuracy.version}: none of the sample has a label; {beside}."
    return (
        f"Version {accuracy.version}: {accuracy.right:,} of {accuracy.reviewed:,} right"
        f" ({accuracy.accuracy:.1%}), {accuracy.lower:.1%} to {accuracy.upper:.1%} with"
        f" {accuracy.confidence:.0%} confidence; {beside}."
    )
