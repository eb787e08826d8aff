"""The check that guards the image's build."""

from __future__ import annotations

import sys

import pytest
from dandelion_inference import selfcheck
from dandelion_pictures import Unreadable
from PIL import AvifImagePlugin


def test_a_whole_installation_passes() -> None:
    selfcheck.check()


def test_an_installation_without_the_decoder_of_heic_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(Unreadable, match="HEIC image, which is not decoded here"):
        selfcheck.check()


def test_an_installation_without_the_decoder_of_avif_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    with pytest.raises(Unreadable, match="AVIF image, which is not decoded here"):
        selfcheck.check()
