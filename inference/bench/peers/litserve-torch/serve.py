"""LitServe with torch as installed: ResNet-34 in fp32, eager, every setting at its default."""

import base64
import io
import os

import litserve
import torch
import torchvision
from PIL import Image


class Api(litserve.LitAPI):
    def setup(self, device):
        self.model = torchvision.models.resnet34(num_classes=10).eval()
        self.transform = torchvision.models.ResNet34_Weights.IMAGENET1K_V1.transforms()

    def decode_request(self, request):
        return Image.open(io.BytesIO(base64.b64decode(request["image"]))).convert("RGB")

    def predict(self, x):
        with torch.inference_mode():
            return self.model(self.transform(x).unsqueeze(0))

    def encode_response(self, output):
        return {"label": f"class-{int(output.argmax())}"}


if __name__ == "__main__":
    server = litserve.LitServer(Api())
    server.run(host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), generate_client_file=False)
