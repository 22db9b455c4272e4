"""The response classes: ``from wsgiresp.responses import ...`` stands for ``from fastapi.responses import ...``."""

from __future__ import annotations

from wsgiresp._protocol.disposition import content_disposition
from wsgiresp._protocol.event_stream import ServerSentEvent
from wsgiresp._protocol.json_encoding import JSONEncoder, json_encoder
from wsgiresp._types import Prepared
from wsgiresp.background import BackgroundTask, BackgroundTasks

from .base import Response
from .events import EventSourceResponse
from .file import FileResponse
from .json import JSONResponse, ORJSONResponse, UJSONResponse
from .offload import XAccelRedirect, XSendfile
from .redirect import RedirectResponse
from .stream import JSONLinesResponse, StreamingResponse
from .text import HTMLResponse, PlainTextResponse

__all__ = [
    "BackgroundTask",
    "BackgroundTasks",
    "EventSourceResponse",
    "FileResponse",
    "HTMLResponse",
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
    "XAccelRedirect",
    "XSendfile",
    "content_disposition",
    "json_encoder",
]
