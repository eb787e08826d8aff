"""Images that were built while the compiler worked are pushed as they are."""

from pathlib import Path

import pytest
from dandelion_local import images, packages, tools
from dandelion_local.commands import SetupError
from dandelion_local.images import buildah, catalogue, registry
from dandelion_local.node import lifecycle
from dandelion_local.progress import Step

OPERATOR = catalogue.named("operator")


class Workshop:
    """Every effect of an image build, noted instead of done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.built: list[str] = []
        self.pushed: set[str] = set()
        self.broken = False
        monkeypatch.setattr(buildah, "build", self._build)
        monkeypatch.setattr(images, "_made_context", lambda _image, folder: folder)
        monkeypatch.setattr(buildah, "holds", lambda reference: reference in self._references())
        monkeypatch.setattr(buildah, "push", lambda reference, *_: self.pushed.add(reference))
        monkeypatch.setattr(
            registry, "digest", lambda name: f"sha256:{name}" if name in self.pushed else None
        )
        monkeypatch.setattr(registry, "address", lambda reference: reference)
        monkeypatch.setattr(packages, "ensure", lambda: None)
        monkeypatch.setattr(tools, "ensure", lambda _tools: None)
        monkeypatch.setattr(lifecycle, "running", lambda: None)

    def _build(
        self,
        _reference: str,
        _context: Path,
        _contexts: object,
        _arguments: object,
        name: str,
        _: Step,
    ) -> None:
        if self.broken:
            raise SetupError("no way out to the packages")
        self.built.append(name)

    def _references(self) -> set[str]:
        return {catalogue.named(name).reference for name in self.built}


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workshop:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Workshop(monkeypatch)


def test_what_was_built_ahead_is_only_pushed(workshop: Workshop) -> None:
    with images.built_ahead([OPERATOR]):
        pass
    assert workshop.built == ["python", "operator"]
    images.ensure([OPERATOR])
    assert workshop.built == ["python", "operator"]
    assert OPERATOR.reference in workshop.pushed


def test_what_is_pushed_is_not_built_ahead_again(workshop: Workshop) -> None:
    images.ensure([OPERATOR])
    with images.built_ahead([OPERATOR]):
        pass
    assert workshop.built == ["python", "operator"]


def test_what_fails_ahead_is_built_and_reported_in_its_turn(workshop: Workshop) -> None:
    workshop.broken = True
    with images.built_ahead([OPERATOR]):
        pass
    with pytest.raises(SetupError, match="no way out"):
        images.ensure([OPERATOR])
    workshop.broken = False
    images.ensure([OPERATOR])
    assert workshop.built == ["python", "operator"]


def test_a_registry_that_lost_it_gets_it_again_without_a_build(workshop: Workshop) -> None:
    images.ensure([OPERATOR])
    workshop.pushed.clear()
    images.ensure([OPERATOR])
    assert workshop.built == ["python", "operator"]
    assert OPERATOR.reference in workshop.pushed
