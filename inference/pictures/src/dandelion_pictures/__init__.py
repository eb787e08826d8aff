"""From the bytes of an image file to a network's numbers, alike in training and serving."""

from dandelion_pictures.cost import Cost, Limits
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.preprocessing import Preprocessing
from dandelion_pictures.reader import PendingImage, Reader
from dandelion_pictures.signatures import ACCEPTED

# What the contract of a model names: raised whenever a file would give other numbers than before,
# so that nobody serves a model with pictures it was not trained on.
VERSION = 2

__all__ = [
    "ACCEPTED",
    "VERSION",
    "Cost",
    "Kind",
    "Limits",
    "PendingImage",
    "Preprocessing",
    "Reader",
    "Unreadable",
]
