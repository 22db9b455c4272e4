"""FastAPI's response classes for Flask, Django and bare WSGI: each is a plain WSGI callable."""

from __future__ import annotations

from . import status
from ._views.respond_with import respond_with
from ._worker_status import WorkerStatus, worker_status
from .exceptions import HTTPException
from .responses import (
    BackgroundTask,
    BackgroundTasks,
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONEncoder,
    JSONLinesResponse,
    JSONResponse,
    ORJSONResponse,
    PlainTextResponse,
    Prepared,
    RedirectResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
    UJSONResponse,
    XAccelRedirect,
    XSendfile,
    content_disposition,
    json_encoder,
)
from .responses.early_hints import early_hints
from .responses.static_files import serve_files

__version__ = "0.1.0"

__all__ = [
    "BackgroundTask",
    "BackgroundTasks",
    "EventSourceResponse",
    "FileResponse",
    "HTMLResponse",
    "HTTPException",
    "JSONEncoder",
    "JSONLinesResponse",
    "JSONResponse",
    "ORJSONResponse",
    "PlainTextResponse",
    "Prepared",
    "RedirectResponse",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
    "UJSONResponse",
    "WorkerStatus",
    "XAccelRedirect",
    "XSendfile",
    "content_disposition",
    "early_hints",
    "json_encoder",
    "respond_with",
    "serve_files",
    "status",
    "worker_status",
]
