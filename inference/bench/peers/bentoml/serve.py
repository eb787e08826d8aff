"""BentoML around the classifier: the image as a file of a form, as its examples do."""

import os
from pathlib import Path

import bentoml
from classifier import Classifier

BATCH = int(os.environ.get("BENCH_BATCH", "1"))
THREADS = int(os.environ.get("BENCH_THREADS", "1"))
WORKERS = int(os.environ.get("BENCH_WORKERS", "1"))
SETTINGS = {"threads": THREADS, "workers": WORKERS, "traffic": {"timeout": 60}}

if BATCH == 1:

    @bentoml.service(**SETTINGS)
    class Service:
        def __init__(self):
            self.classifier = Classifier()

        @bentoml.api
        def classify(self, image: Path) -> dict[str, str]:
            return self.classifier.classify(image.read_bytes())

else:

    @bentoml.service(**SETTINGS)
    class Service:
        def __init__(self):
            self.classifier = Classifier()

        @bentoml.api(batchable=True, max_batch_size=BATCH, max_latency_ms=60000)
        def classify(self, image: list[Path]) -> list[dict[str, str]]:
            return self.classifier.classify_all([path.read_bytes() for path in image])
