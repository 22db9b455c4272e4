"""A plugin for Starlette's own tests: our responses and tasks in the place of its own.

``pytest -p peers.substitution -p peers.starlette_suite --ours --outcomes FILE``
"""

from __future__ import annotations

import pytest
import starlette.background
import starlette.responses
from peers.wsgi_over_asgi import Response, over_asgi

from wsgiresp import background, responses

CLASSES = ("FileResponse", "HTMLResponse", "JSONResponse", "PlainTextResponse", "RedirectResponse", "StreamingResponse")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ours", action="store_true", help="put wsgiresp's classes in the place of Starlette's")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--ours"):
        return
    starlette.responses.Response = Response  # type: ignore[assignment, misc]
    for name in CLASSES:
        setattr(starlette.responses, name, over_asgi(getattr(responses, name)))
    for name in ("BackgroundTask", "BackgroundTasks"):
        setattr(starlette.background, name, getattr(background, name))
