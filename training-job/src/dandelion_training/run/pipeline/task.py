"""What a run is given."""

from dataclasses import dataclass, field

import torch

from dandelion_training.ports.progress import Progress
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings import Settings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.termination import Termination
from dandelion_training.ports.web.connection import Network
from dandelion_training.run.learning import Learner
from dandelion_training.run.model_selection.searched import Searched
from dandelion_training.run.processors import Threads


@dataclass(frozen=True)
class Run:
    """Everything a run works with."""

    settings: Settings
    store: ObjectStore
    registry: Registry
    progress: Progress
    termination: Termination
    threads: Threads
    device: torch.device
    network: Network = field(default_factory=Network)
    searched: Searched | None = None  # which chose some of the settings

    @property
    def learner(self) -> Learner:
        return Learner(
            self.settings,
            self.store,
            self.termination,
            self.threads,
            self.device,
            self.progress.clock,
        )
