"""FastAPI's response classes for Flask, Django and bare WSGI: each is a plain WSGI callable."""

from __future__ import annotations

from .responses import (
    BackgroundTask,
    BackgroundTasks,
    HTMLResponse,
    JSONEncoder,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    Prepared,
    RedirectResponse,
    Response,
    UJSONResponse,
    json_encoder,
)

__version__ = "0.1.0"

__all__ = [
    "BackgroundTask",
    "BackgroundTasks",
    "HTMLResponse",
    "JSONEncoder",
    "JSONResponse",
    "ORJSONResponse",
    "PlainTextResponse",
    "Prepared",
    "RedirectResponse",
    "Response",
    "UJSONResponse",
    "json_encoder",
]
