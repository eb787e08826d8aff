"""Pages from templates: every value is escaped where it is put in, by the template engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from dandelion_console.views import figures
from dandelion_console.views.times import moment

# Pages are somebody's alone: no cache keeps them, nor the browser after the logout.
NO_STORE = {"Cache-Control": "no-store"}


class Pages:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._templates = Environment(
            loader=PackageLoader("dandelion_console", "front/pages"),
            # Whatever the name of a template, and text that a macro made is known to be safe.
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters |= {
            "moment": lambda text: moment(text, now()),
            "figure": figures.figure,
            "signed": figures.signed,
            "interval": figures.interval,
            "named": figures.named,
        }

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        content = self._templates.get_template(template).render(values)
        return HTMLResponse(content, status, headers=NO_STORE)
