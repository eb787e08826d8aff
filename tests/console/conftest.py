"""The API server of `tests/api`, the browser of `tests/page`, and the console between them."""

from tests.api.conftest import api, bare
from tests.console.doors import door, doors, oidc_models
from tests.console.stage import console, models
from tests.keys.conftest import store
from tests.page.conftest import browser, pictures_folder

__all__ = [
    "api",
    "bare",
    "browser",
    "console",
    "door",
    "doors",
    "models",
    "oidc_models",
    "pictures_folder",
    "store",
]
