"""MLServer around the classifier: a runtime of the Open Inference Protocol, images as base64."""

import asyncio
import os

from classifier import Classifier
from mlserver import MLModel
from mlserver.codecs import Base64Codec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

IN_THREADS = os.environ.get("BENCH_THREADS", "1") != "1"


class Runtime(MLModel):
    async def load(self) -> bool:
        self.classifier = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = Base64Codec.decode_input(payload.inputs[0])
        if IN_THREADS:
            answers = await asyncio.to_thread(self.classifier.classify_all, images)
        else:
            answers = [self.classifier.classify(image) for image in images]
        labels = [answer["label"] for answer in answers]
        output = StringCodec.encode_output("label", labels)
        return InferenceResponse(model_name=self.name, outputs=[output])
