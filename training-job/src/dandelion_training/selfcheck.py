"""Proves that an installation holds all a run needs: `python -m dandelion_training.selfcheck`.

The image's build runs it after files that no Job should miss were left out. It also leaves the
compiled form of just the modules that a run imports, which a container with a read-only root could
not write, and without which every Job would compile thousands of modules before its first line.
"""

import sys
import tempfile
from pathlib import Path

import torch

import dandelion_training.commands.review.service.server  # noqa: F401 - is there, and compiled
from dandelion_training.evaluate.figures.confusion import Confusion
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.export.engine import Precision, answers
from dandelion_training.export.graph import export, prove
from dandelion_training.export.quantize import quantize
from dandelion_training.learn.network import build, save_weights
from dandelion_training.learn.recipe import adamw
from dandelion_training.ports.settings.search import Search
from dandelion_training.publish.confusion_matrix import confusion_matrix
from dandelion_training.run import job
from dandelion_training.search.records import Outcome, TrialResult
from dandelion_training.search.sampling import proposal

CLASSES = ("one", "other")
SIDE = 32
SEARCH = Search.model_validate(
    {"parameters": {"learningRate": {"min": 0.0001, "max": 0.01}}, "maxTrials": 9}
)
TRIED = [
    TrialResult(
        trial=number,
        dataset="",
        parameters={"learning_rate": 0.001 * (number + 1)},
        outcome=Outcome.COMPLETE,
        value=0.1 * number,
    )
    for number in range(5)
]


def main() -> int:
    job.configure_logging("console")
    network = build("resnet18", len(CLASSES), seed=0)
    images, targets = torch.rand(4, 3, SIDE, SIDE), torch.tensor([0, 1, 0, 1])
    torch.autograd.backward(torch.nn.functional.cross_entropy(network(images), targets))
    adamw(network).step()
    answered = network(images).argmax(dim=1).numpy()
    confusion_matrix(Confusion.counted(targets.numpy(), answered, len(CLASSES)), CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        save_weights(network, Path(folder) / "model.safetensors", CLASSES)
        graph = Path(folder) / "model.onnx"
        one_by_one = [image[None].numpy() for image in images]
        whole = WithLogDensity(network, fitted(network, one_by_one))
        export(whole, SIDE, graph)
        difference = prove(whole, graph, images)
        int8 = Path(folder) / "model.int8.xml"
        quantize(graph, one_by_one, int8)
        answers(int8, Precision.INT8, [images.numpy()], threads=1)
    asked = proposal(SEARCH, {"learning_rate": 0.001}, "selfcheck", len(TRIED), TRIED, [])
    job.log.info("all there", torch=torch.__version__, difference=difference, **asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
