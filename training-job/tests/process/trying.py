"""One trial in a process of its own, on a store in a folder: `trying.py WORK STORE TRIAL`."""

import sys
from pathlib import Path

import torchvision.models
from dandelion_training.run.model_selection.trial import trial
from fakes.folder import FolderStore
from given.runs import short_resnet
from given.searches import task

torchvision.models.resnet18 = short_resnet
work, store, number = Path(sys.argv[1]), FolderStore(Path(sys.argv[2])), int(sys.argv[3])
trial(task(work, store, number, epochs=3, checkpoint_seconds=1))
