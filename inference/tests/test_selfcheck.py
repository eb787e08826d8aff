"""The check that guards the image's build."""

from __future__ import annotations

from dandelion_inference import selfcheck


def test_a_whole_installation_passes() -> None:
    selfcheck.check()
