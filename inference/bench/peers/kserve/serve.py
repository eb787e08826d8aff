"""KServe's Python server around the classifier: protocol v1, images as base64, as its examples."""

import asyncio
import base64
import os

import kserve
from classifier import Classifier

IN_THREADS = os.environ.get("BENCH_THREADS", "1") != "1"


class Model(kserve.Model):
    def __init__(self, name):
        super().__init__(name)
        self.load()

    def load(self):
        self.classifier = Classifier()
        self.ready = True
        return True

    def preprocess(self, payload, headers=None):
        return [base64.b64decode(item["image"]["b64"]) for item in payload["instances"]]

    async def predict(self, payload, headers=None, response_headers=None):
        if IN_THREADS:
            return {"predictions": await asyncio.to_thread(self.classifier.classify_all, payload)}
        return {"predictions": [self.classifier.classify(image) for image in payload]}


if __name__ == "__main__":
    port, workers = int(os.environ["BENCH_PORT"]), int(os.environ.get("BENCH_WORKERS", "1"))
    server = kserve.ModelServer(http_port=port, workers=workers, enable_grpc=False)
    server.start([Model("resnet34")])
