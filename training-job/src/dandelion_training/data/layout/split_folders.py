"""Folders at the top that are named like a split: whether they are one, or what to do instead.

`train/ants`, `train/bees`, `val/ants`, `val/bees` is a split. So is anything that torchvision's
ImageFolder would read in this way, as long as nothing else could be meant by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout import splits
from dandelion_training.data.layout.listing import Tops
from dandelion_training.data.wording import listed


@dataclass(frozen=True)
class SplitFolders:
    """The folders of a split; none where the classes lie at the top."""

    kinds: Mapping[str, str]  # folder → train, validation or test

    def __bool__(self) -> bool:
        return bool(self.kinds)

    @property
    def train(self) -> str:
        return slashed(folder for folder, kind in self.kinds.items() if kind == "train")

    @property
    def holdouts(self) -> list[str]:
        return [folder for folder, kind in self.kinds.items() if kind != "train"]

    @property
    def reading(self) -> str:
        """How the listing was understood, as a sentence."""
        if not self:
            return "One folder per class."
        held_out = f"; {slashed(self.holdouts)} is held out" if self.holdouts else ""
        return f"One folder per class in {slashed(self.kinds)}{held_out}."


def split_folders(uri: str, tops: Tops) -> SplitFolders:
    """The split that the folders at the top are.

    Raises DatasetError where they are half a split, or could as well be classes.
    """
    kinds = {top: kind for top in sorted(tops) if (kind := splits.canonical(top))}
    below = {top: tops[top] - {""} for top in kinds}
    found, folders = SplitFolders(kinds), slashed(kinds)
    if not kinds:
        return found
    bare = [top for top in kinds if not below[top]]
    if others := tops.keys() - kinds.keys():
        raise unclear(
            uri,
            f"{folders} {_are(kinds)} named like a split, but {listed(others)} {_are(others)} not."
            f" If it is a split, put one folder per class into {folders} and leave no folder"
            f" beside; if all are classes, rename {folders}",
        )
    if len(bare) == len(kinds):
        raise unclear(
            uri,
            f"the images lie directly in {folders}. If it is a split, put them into one folder per"
            f" class in {folders}; if these are classes, rename them, since a split is called so",
        )
    if bare:
        rest = kinds.keys() - set(bare)
        alone = f", or write storageUri: {uri}/{min(rest)}" if len(rest) == 1 else ""
        raise unclear(
            uri,
            f"the images in {slashed(bare)} are in no class folder. Put them into one folder per"
            f" class, as in {slashed(rest)}, or remove them{alone}",
        )
    for kind in ("train", "validation", "test"):
        same = [top for top in kinds if kinds[top] == kind]
        if len(same) > 1:
            raise unclear(
                uri, f"{slashed(same)} all mean the {kind} split. Put their images together"
            )
    if not found.train:
        alone = f". To use all images of {folders}, write storageUri: {uri}/{min(kinds)}"
        raise unclear(
            uri,
            f"there is {folders} but no train/. Put the images to learn from into train/, one"
            f" folder per class{alone if len(kinds) == 1 else ''}",
        )
    learnt = below[found.train.removesuffix("/")]
    if found.holdouts and not learnt & set().union(*(below[top] for top in found.holdouts)):
        raise unclear(
            uri,
            f"{folders} are named like a split, but share no class folder. If it is a split, call"
            " the class folders the same in each; if these are classes, rename them",
        )
    return found


def unclear(uri: str, message: str) -> DatasetError:
    """A refusal of the folders; a table of labels is always a way out."""
    return DatasetError(
        Refusal.LAYOUT_INVALID,
        f"Under {uri}/, {message}; or write the class of each image into a table"
        f" (storageUri: {uri}/labels.csv).",
    )


def slashed(folders: Iterable[str]) -> str:
    return " and ".join(f"{folder}/" for folder in sorted(folders))


def _are(names: Iterable[str]) -> str:
    return "is" if len(list(names)) == 1 else "are"
