"""How the parts are put together. Built by `__main__`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from dandelion_pictures import Limits, Reader
from fastapi import FastAPI

from dandelion_inference import __version__
from dandelion_inference.answer.classifier import Classifier
from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.decoding.images import Images
from dandelion_inference.answer.decoding.shares import Container, small_images
from dandelion_inference.answer.drift.monitor import DriftMonitor
from dandelion_inference.answer.engine import Engine
from dandelion_inference.answer.explain.explainer import Explainer
from dandelion_inference.answer.progress import Kind, Workload
from dandelion_inference.front import docs, problems
from dandelion_inference.front.access_log import AccessLog, Sampler
from dandelion_inference.front.cors import Cors
from dandelion_inference.front.edge import Edge
from dandelion_inference.front.routes.explain import add_explain
from dandelion_inference.front.routes.feedback import add_feedback
from dandelion_inference.front.routes.model import add_model
from dandelion_inference.front.routes.page import add_page
from dandelion_inference.front.routes.predict import add_predict
from dandelion_inference.front.routes.probes import add_version
from dandelion_inference.front.routes.v1 import add_v1
from dandelion_inference.front.routes.v2 import add_v2
from dandelion_inference.front.service import Service
from dandelion_inference.intake.admission import Admission, Streams
from dandelion_inference.intake.auth import Authorizer
from dandelion_inference.intake.reviews import Place, TokenReviewer
from dandelion_inference.journal import Journal
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.cpu import workers
from dandelion_inference.ports.memory import limit_bytes
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.occupancy import Occupancy
from dandelion_inference.ports.settings import Auth, Settings

# Bodies held at once, in units of the largest that is accepted: of predictions, of explanations.
UPLOADS_IN_MEMORY = 4
EXPLAINED_IN_MEMORY = 1
# The same of streams, all lines together.
STREAMED_IN_MEMORY = 2

# How much memory an image may take is for `decoders` to say, by what this container has.
WITHIN_THE_BUDGET = Limits(max_memory=sys.maxsize)


def create_app(
    settings: Settings,
    readiness: Readiness,
    metrics: Metrics,
    threads: int,
    drift: DriftMonitor,
) -> Edge:
    engine = Engine(workers(threads))
    shares = {
        Kind.SMALL: 1 / workers(threads),
        # Each keeps a processor.
        Kind.LARGE: 1 / threads,
        Kind.EXPLANATION: 1 / threads,
    }
    decoding_threads = workers(threads) + 1  # explanations have one
    images = Images(Reader(WITHIN_THE_BUDGET), small_images(decoding_threads))

    def bytes_for_large_images() -> int:
        return _container(settings, readiness, decoding_threads).large_images

    decoders = Decoders(bytes_for_large_images, threads, settings.request_timeout_seconds)
    service = Service(
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        workload=Workload(shares),
        engine=engine,
        decoders=decoders,
        classifier=Classifier(engine, images, decoders),
        explainer=Explainer(images, decoders),
        drift=drift,
        admission=Admission(settings.queue_limit, settings.max_upload_bytes * UPLOADS_IN_MEMORY),
        streams=Streams(
            settings.stream_limit, settings.max_upload_bytes * STREAMED_IN_MEMORY, threads
        ),
        explanations=Admission(
            settings.explanation_limit,
            settings.max_upload_bytes * EXPLAINED_IN_MEMORY,
            "explanations",
        ),
        journal=Journal(settings, metrics) if settings.log_uri else None,
        authorizer=_authorizer(settings, metrics),
    )

    _measure(service)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await service.close()

    app = docs.DescribedApp(
        title=f"Dandelion: {settings.model_name}",
        version=__version__,
        description="Classifies images with one exact version of one model.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # `edge.py` takes both spellings
        lifespan=lifespan,
    )
    app.state.service = service
    problems.install(app)
    # Routes are tried in this order, and this one is in a hurry.
    add_predict(app, service)
    docs.add_page(app)
    add_page(app)
    add_explain(app, service)
    add_feedback(app, service)
    add_model(app, service)
    add_v1(app, service)
    add_v2(app, service)
    add_version(app)
    access_log = AccessLog(
        settings.model_name, settings.model_version, Sampler(settings.access_log_sample_ratio)
    )
    origins = settings.allowed_origins
    return Edge(
        Cors(app, origins) if origins else app,
        settings,
        metrics,
        readiness,
        access_log,
        service.new_answer_id,
    )


def _measure(service: Service) -> None:
    """Has metrics tell how full the service is."""
    workload, decoders = service.workload, service.decoders
    occupancy = Occupancy(service.metrics.registry)
    for kind in Kind:
        occupancy.of_waiting(kind, partial(workload.waiting, kind))
    classes = {"prediction": service.admission, "explanation": service.explanations}
    for name, admission in classes.items():
        occupancy.of_admission(name, admission)
    occupancy.of_decoding(lambda: decoders.bytes_held, lambda: decoders.bytes_there)
    occupancy.of_all(
        lambda: max(workload.mean(), *(admission.held_share for admission in classes.values()))
    )


def _container(settings: Settings, readiness: Readiness, threads: int) -> Container:
    """What the memory of this container is taken for, with so many threads that decode."""
    bodies = UPLOADS_IN_MEMORY + EXPLAINED_IN_MEMORY + STREAMED_IN_MEMORY
    logged = settings.log_image_bytes_in_memory if settings.log_images else 0
    return Container(
        limit=settings.memory_bytes or limit_bytes(),
        resident=readiness.resident,
        uploads=settings.max_upload_bytes * bodies,
        log=settings.log_row_bytes_in_memory + logged if settings.log_uri else 0,
        small_images=small_images(threads),
    )


def _authorizer(settings: Settings, metrics: Metrics) -> Authorizer | None:
    if settings.auth is Auth.NONE:
        return None
    place = Place(settings.model_namespace, settings.model_name)
    reviewer = TokenReviewer(str(settings.token_reviewer_url))
    return Authorizer(reviewer, place, metrics.reviewed)
