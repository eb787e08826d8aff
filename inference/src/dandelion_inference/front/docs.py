"""`/docs`: the interface described, and tried out, without loading anything from elsewhere.

A cluster may have no way out, and a page that fetches scripts from the Internet trusts whoever
serves them. Swagger UI comes from a package; the page's policy forbids the browser everything else.
Called by `app.py`.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, RedirectResponse, Response

from dandelion_inference.errors import TABLE, Code
from dandelion_inference.front.exchange import ANSWER_ID, MODEL, MODEL_VERSION, REQUEST_ID
from dandelion_inference.front.problems import MEDIA_TYPE, Problem
from dandelion_inference.intake.reviews import COMMAND

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
SCHEME = "clusterToken"
# Of every answer, errors too.
HEADERS = {
    MODEL: "name of the ModelDeployment",
    MODEL_VERSION: "version in the model registry",
    ANSWER_ID: "names this answer, for feedback and in the logs",
    REQUEST_ID: "the request's own where it sent one of at most 128 letters, digits and ._~+/=:@-; "
    "otherwise a new one",
}
REFERENCE = "#/components/schemas/{model}"


class DescribedApp(FastAPI):
    """Whose OpenAPI document also knows the problem JSON of the error answers."""

    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if any(
            "security" in operation
            for path in schema["paths"].values()
            for operation in path.values()
        ):
            schema["components"]["securitySchemes"] = {
                SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"A token of the cluster: `{COMMAND}`.",
                }
            }
        _identify(schema)
        problem = Problem.model_json_schema(ref_template=REFERENCE)
        schemas |= problem.pop("$defs")
        schemas[Problem.__name__] = problem
        return schema


def _identify(schema: dict[str, Any]) -> None:
    schema["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}
    for path in schema["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                response["headers"] = response.get("headers", {}) | headers


def asset_folder() -> Traversable:
    """Of that package, only the files are used."""
    return files("fastapi_offline") / "static"


def add_page(app: FastAPI) -> None:
    folder = asset_folder()

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        page = get_swagger_ui_html(
            # Relative addresses: right behind a path prefix too.
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon.png",
            # Swagger UI otherwise sends the schema to a validator on the Internet.
            swagger_ui_parameters={"validatorUrl": None, "deepLinking": True},
        )
        page.headers["Content-Security-Policy"] = POLICY
        return page

    @app.get("/docs/", include_in_schema=False)
    async def without_slash() -> Response:
        # The page's own addresses are relative, and so is this: it holds behind TLS and a prefix.
        return RedirectResponse("../docs")

    def add_asset(name: str, media_type: str) -> None:
        @app.get(f"/docs/{name}", include_in_schema=False)
        async def asset() -> Response:
            headers = {"Cache-Control": "public, max-age=86400"}
            return FileResponse(str(folder / name), media_type=media_type, headers=headers)

    for name, media_type in ASSETS.items():
        add_asset(name, media_type)


def bearer(*codes: Code) -> dict[str, Any]:
    """What says of a route that it wants a token, where there are refusals for want of one."""
    return {"security": [{SCHEME: []}]} if codes else {}


def problems(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the given refusals, by status."""
    described: dict[int | str, dict[str, Any]] = {}
    for code in dict.fromkeys(codes):
        answer = TABLE[code]
        entry = described.setdefault(
            answer.status,
            {
                "description": "",
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model=Problem.__name__)}}
                },
            },
        )
        text = f"`{code.value}`: {answer.title}"
        entry["description"] = "; ".join(part for part in (entry["description"], text) if part)
    return described
