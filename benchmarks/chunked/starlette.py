"""Starlette, over ASGI; each step of a synchronous source is made in a thread of its pool."""

from __future__ import annotations

from starlette.responses import StreamingResponse

from . import chunks, chunks_later

TYPE = "application/octet-stream"

APPS = {
    "starlette, sync source": lambda scope, receive, send: StreamingResponse(chunks(scope["path"]), media_type=TYPE)(
        scope, receive, send
    ),
    "starlette, async source": lambda scope, receive, send: StreamingResponse(
        chunks_later(scope["path"]), media_type=TYPE
    )(scope, receive, send),
}
