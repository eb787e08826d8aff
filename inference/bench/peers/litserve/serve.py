"""LitServe around the classifier: the image comes base64-encoded in JSON, as its examples do."""

import base64
import os

import litserve
from classifier import Classifier

BATCH = int(os.environ.get("BENCH_BATCH", "1"))


class Api(litserve.LitAPI):
    def setup(self, device):
        self.classifier = Classifier()

    def decode_request(self, request):
        return base64.b64decode(request["image"])

    def batch(self, inputs):
        return inputs

    def predict(self, x):
        return self.classifier.classify(x) if BATCH == 1 else self.classifier.classify_all(x)

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    api = Api(max_batch_size=BATCH, batch_timeout=float(os.environ.get("BENCH_WINDOW", "0")))
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=int(os.environ.get("BENCH_WORKERS", "1"))
    )
    server.run(host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), generate_client_file=False)
