"""How the parts are put together. Built by `__main__`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from dandelion_console import __version__
from dandelion_console.cluster.api import ApiServer
from dandelion_console.cluster.model_tokens import ModelTokens
from dandelion_console.cluster.serving import Models
from dandelion_console.front import problems
from dandelion_console.front.gate import Gate
from dandelion_console.front.rendering import Pages
from dandelion_console.front.routes.actions import add_actions
from dandelion_console.front.routes.fleet import add_fleet
from dandelion_console.front.routes.login import add_login
from dandelion_console.front.routes.model import add_model
from dandelion_console.front.routes.predict import EXPLAIN, FEEDBACK, PREDICT, add_predict
from dandelion_console.front.routes.probes import add_probes
from dandelion_console.front.routes.review import REVIEW, add_review
from dandelion_console.front.routes.sso import add_sso
from dandelion_console.front.routes.static import add_static
from dandelion_console.front.site import Site
from dandelion_console.front.visitor import Visitors
from dandelion_console.ports.account import Account
from dandelion_console.ports.metrics import Metrics
from dandelion_console.ports.review_service import ReviewService, connect
from dandelion_console.ports.session import Sessions
from dandelion_console.ports.settings import Settings
from dandelion_console.provider.login import Provider
from dandelion_console.views.actions import ACTIONS
from dandelion_console.views.links import Links

# What is counted by its name: of the buttons, and of the pages that are about answers.
COUNTED = (*ACTIONS, PREDICT, EXPLAIN, FEEDBACK, REVIEW)


def now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    api: ApiServer,
    to_models: httpx.AsyncClient,
    review: ReviewService | None = None,
    provider: Provider | None = None,
    metrics: Metrics | None = None,
) -> Gate:
    review = review or connect(settings.review_url, settings.review_token_file)
    sessions = Sessions(
        settings.key_file, int(settings.session_hours * 3600), lambda: now().timestamp()
    )
    account = Account(settings.account_token_file)
    tokens = ModelTokens(api, account, lambda: now().timestamp())
    models = Models(to_models, tokens, settings.model_address)
    visitors, pages = Visitors(sessions), Pages(now)
    called = provider.settings.display_name if provider else ""
    offered = settings.offered_namespaces
    counted = metrics or Metrics(COUNTED)
    links = Links(settings.mlflow_url, settings.grafana_url)
    site = Site(api, account, models, review, visitors, pages, offered, called, counted, links, now)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await api.close()
        await models.close()
        await review.close()
        if provider is not None:
            await provider.close()

    app = FastAPI(
        title="Dandelion console",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    problems.install(app, site)
    add_login(app, site)
    if provider is not None:
        add_sso(app, site, provider)
    add_fleet(app, site)
    add_model(app, site)
    # Before the actions, which take every other name there.
    add_predict(app, site)
    add_review(app, site)
    add_actions(app, site)
    add_static(app)
    add_probes(app, sessions)
    return Gate(app, site.metrics)
