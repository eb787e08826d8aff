"""What was read of evaluations: figures by class, and two models' answers to the same images.

Plain values. Shares lie between 0 and 1; counts are images.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFigures:
    """One class on the holdout; the recall is None where the holdout has no image of it.

    `predicted`: to how many images the class was given as the answer; None where that is not known.
    """

    images: int
    recall: float | None = None
    predicted: int | None = None


@dataclass(frozen=True)
class ComparisonName:
    """Of which dataset version and of which two artifacts, by the digests of their contracts."""

    dataset: str
    challenger: str
    champion: str


@dataclass(frozen=True)
class PairedCounts:
    """The holdout images of the classes that both models know, by who was right."""

    right: int  # both
    challenger_only: int
    champion_only: int
    wrong: int  # both

    @property
    def images(self) -> int:
        return self.right + self.challenger_only + self.champion_only + self.wrong

    @property
    def challenger(self) -> float:
        """The challenger's accuracy on these images; ZeroDivisionError where there are none."""
        return (self.right + self.challenger_only) / self.images

    @property
    def champion(self) -> float:
        """The champion's accuracy on these images; ZeroDivisionError where there are none."""
        return (self.right + self.champion_only) / self.images


@dataclass(frozen=True)
class PairedMacroF1:
    """Macro F1 on the same images, and how its difference varies when they are drawn again.

    `bootstrap` holds quantiles of challenger − champion over paired resamples of the images, in
    ascending order and evenly spaced: k of them stand at 1/(k+1), 2/(k+1) … k/(k+1). 199 of them go
    from 0.5 % to 99.5 % in steps of half a per cent, which is enough for a confidence up to 0.995.
    """

    challenger: float
    champion: float
    bootstrap: tuple[float, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two evaluations on the same dataset version, on the classes that both models know."""

    counts: PairedCounts
    macro_f1: PairedMacroF1
    shared: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    never_answered: tuple[str, ...] = ()  # by the challenger
    digest: str = ""  # of the document; empty where there is none
