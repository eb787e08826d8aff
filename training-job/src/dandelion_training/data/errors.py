"""Why there is no dataset, as a reason and a sentence that names the cause and the way out.

The stages of a dataset version raise `DatasetError`; their caller ends the run with it.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """The reasons for which a dataset is refused."""

    DATASET_EMPTY = "DatasetEmpty"  # nothing lies there
    NO_READABLE_IMAGES = "NoReadableImages"  # there are files, but none is a usable image
    LAYOUT_INVALID = "LayoutInvalid"  # the folders can be read in more than one way, or in none
    CLASS_NAMES_INVALID = "ClassNamesInvalid"  # two classes that look alike, or an unusable name
    LABELS_INVALID = "LabelsInvalid"  # the table of labels cannot be read or contradicts itself
    TOO_FEW_CLASSES = "TooFewClasses"  # fewer than two classes
    TOO_FEW_IMAGES = "TooFewImages"  # a class has too few usable images
    URLS_UNREACHABLE = "UrlsUnreachable"  # too many addresses of the table could not be fetched
    OBJECTS_UNREADABLE = "ObjectsUnreadable"  # too many objects could not be read from storage


class DatasetError(Exception):
    """A dataset that cannot be used."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
