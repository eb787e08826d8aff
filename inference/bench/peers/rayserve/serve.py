"""Ray Serve around the classifier: the image is the body of the request."""

import asyncio
import os
import signal

import ray
from classifier import Classifier
from ray import serve
from starlette.requests import Request

REPLICAS = int(os.environ.get("BENCH_WORKERS", "1"))
IN_THREADS = os.environ.get("BENCH_THREADS", "1") != "1"
# More than the connections that ask, so that no request waits in the proxy.
TUNED = {"max_ongoing_requests": 64} if IN_THREADS else {}


@serve.deployment(num_replicas=REPLICAS, ray_actor_options={"num_cpus": 0.5}, **TUNED)
class Deployment:
    def __init__(self):
        self.classifier = Classifier()

    async def __call__(self, request: Request) -> dict:
        image = await request.body()
        if IN_THREADS:
            return await asyncio.to_thread(self.classifier.classify, image)
        return self.classifier.classify(image)


if __name__ == "__main__":
    ray.init(include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])})
    serve.run(Deployment.bind())
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
