"""`dataset show`: one dataset version in figures."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from dandelion_training.commands.columns import columns
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.version.manifest import DatasetVersion
from dandelion_training.data.version.report import VersionReport


def document(version: DatasetVersion, report: VersionReport | None) -> dict[str, Any]:
    """What is told, as JSON. Without a report only what the version itself says."""
    sides = Counter((entry.label, entry.split) for entry in version.entries)
    classes = {
        label: {"train": sides[label, Split.TRAIN], "holdout": sides[label, Split.HOLDOUT]}
        for label in version.classes
    }
    found: dict[str, Any] = {
        "version": version.digest,
        "storageUri": version.storage_uri,
        "holdoutFraction": version.holdout_fraction,
        "images": len(version.entries),
        "holdout": sum(sides["holdout"] for sides in classes.values()),
        "classes": classes,
    }
    origins = Counter(entry.origin for entry in version.entries if entry.origin)
    if origins:
        found["origins"] = dict(sorted(origins.items()))
    if report is not None:
        found |= {
            "former": report.former,
            "layout": report.reading,
            "rejected": dict(report.rejected),
            "ignored": list(report.ignored),
            "suspectPairs": report.suspect_pairs,
            "nearDuplicates": report.near_duplicates,
            "warnings": list(report.warnings),
        }
        if report.addresses is not None:
            found["addresses"] = asdict(report.addresses)
    return found


def text(found: dict[str, Any], report: VersionReport | None) -> list[str]:
    """The same for people; of each kind of rejection with an example."""
    facts = {
        "Version": found["version"],
        "Former": found.get("former") or "<none>",
        "Source": found["storageUri"],
        "Layout": found.get("layout", "<unknown>"),
        "Images": f"{found['images']:,}",
        "Held out": f"{found['holdout']:,} ({_share(found['holdout'], found['images'])},"
        f" asked for {found['holdoutFraction']:.1%})",
    }
    rows = [
        (
            label,
            sides["train"] + sides["holdout"],
            sides["train"],
            sides["holdout"],
            _share(sides["holdout"], sides["train"] + sides["holdout"]),
        )
        for label, sides in found["classes"].items()
    ]
    lines = [f"{name + ':':<11}{value}" for name, value in facts.items()]
    lines += ["", *columns(("CLASS", "IMAGES", "TRAIN", "HOLDOUT", "HELD OUT"), rows)]
    if "origins" in found:
        lines += ["", *columns(("ORIGIN", "IMAGES"), found["origins"].items())]
    if report is None:
        return [*lines, "", "There is no report beside this version: what was left out is unknown."]
    if report.rejected:
        examples = {item.kind.value: item for item in reversed(report.rejected_files)}
        rejected = [
            (
                kind,
                files,
                f"{examples[kind].key}: {examples[kind].reason}" if kind in examples else "",
            )
            for kind, files in sorted(report.rejected.items(), key=lambda item: (-item[1], item[0]))
        ]
        lines += ["", *columns(("LEFT OUT", "FILES", "EXAMPLE"), rejected)]
    for heading, told in (("Ignored", report.ignored), ("Warnings", report.warnings)):
        if told:
            lines += ["", f"{heading}:", *(f"  {line}" for line in told)]
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.1%}"
