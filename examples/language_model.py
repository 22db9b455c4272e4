"""A gateway to a language model: its answer is streamed to clients of OpenAI's API while the model writes it.

    MODEL_URL=https://models.example/v1 MODEL_KEY=... gunicorn -c python:wsgiresp.adapters.gunicorn language_model:app

``/v1`` asks the model by ``httpx.AsyncClient``, ``/sync/v1`` by ``httpx.Client``: one of them is enough for a gateway.
The page "Stream a language model's answer" of the documentation explains it.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, NoReturn

import httpx
from flask import Flask, abort, request

from wsgiresp import BackgroundTask, Response
from wsgiresp.adapters.flask import Responses
from wsgiresp.responses import JSONResponse, StreamingResponse

log = logging.getLogger("language_model")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

URL = os.environ.get("MODEL_URL", "http://127.0.0.1:11434/v1") + "/chat/completions"
HEADERS = {"Authorization": f"Bearer {os.environ.get('MODEL_KEY', 'none')}"}
# A model may think for long before its next token; each open answer holds a connection.
OPTIONS: dict[str, Any] = {
    "headers": HEADERS,
    "timeout": httpx.Timeout(10, read=300),
    "limits": httpx.Limits(max_connections=None),
}

app = Flask(__name__)
Responses(app)


# Made at the first question: then the worker is forked and gevent has patched what it will patch. The asynchronous one
# belongs to the loop on which it is first used, of which a process has one. The end of the process closes both.
@functools.cache
def async_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(**OPTIONS)


@functools.cache
def client() -> httpx.Client:
    return httpx.Client(**OPTIONS)


class Answer:
    """The events of an answer as the model's server sends them, and what is to be remembered of it."""

    def __init__(self, question: dict[str, Any]) -> None:
        self.question = {**question, "stream": True, "stream_options": {"include_usage": True}}
        self.has_begun = False
        self.usage: Any = None
        self.outcome = "the client has left, or the worker has ended"

    async def events(self) -> AsyncIterator[bytes]:
        """Give the events; leaving the ``async with`` ends the request to the model, also when the client leaves."""
        try:
            async with async_client().stream("POST", URL, json=self.question) as upstream:
                if upstream.is_error:
                    await upstream.aread()
                    self.refuse(upstream)
                rest = b""
                async for received in upstream.aiter_bytes():
                    *lines, rest = (rest + received).split(b"\n")
                    for line in filter(bytes.strip, lines):
                        yield self.event(line)
            self.require_end()
        except httpx.HTTPError as error:
            yield self.failure(error)

    def events_by_sync_client(self) -> Iterator[bytes]:
        """Give the same events by the synchronous client."""
        try:
            with client().stream("POST", URL, json=self.question) as upstream:
                if upstream.is_error:
                    upstream.read()
                    self.refuse(upstream)
                rest = b""
                for received in upstream.iter_bytes():
                    *lines, rest = (rest + received).split(b"\n")
                    for line in filter(bytes.strip, lines):
                        yield self.event(line)
            self.require_end()
        except httpx.HTTPError as error:
            yield self.failure(error)

    def event(self, line: bytes) -> bytes:
        """Return the event of *line*, one ``data`` field of one line as in all of OpenAI's API."""
        name, _, data = line.strip().partition(b": ")
        if data == b"[DONE]":
            self.outcome = "complete"
        elif name == b"data" and (usage := json.loads(data).get("usage")):
            self.usage = usage
        self.has_begun = True
        return line.strip() + b"\n\n"

    def require_end(self) -> None:
        if self.outcome != "complete":
            raise httpx.RemoteProtocolError("the answer of the model ended without [DONE]")

    def refuse(self, upstream: httpx.Response) -> NoReturn:
        """Answer what the model's server has answered instead of tokens: its status, its reason, when to come back."""
        self.outcome = f"refused: {upstream.status_code}"
        fields = {name: upstream.headers[name] for name in ("Retry-After",) if name in upstream.headers}
        abort(Response(upstream.content, upstream.status_code, fields, upstream.headers.get("Content-Type")))

    def failure(self, error: httpx.HTTPError) -> bytes:
        """Return the last event after *error*; abort while no token was sent, for a status says more to the client."""
        self.outcome = f"failed: {error!r}"
        content = {"error": {"message": "the model has failed", "type": "server_error"}}
        if not self.has_begun:
            abort(JSONResponse(content, 504 if isinstance(error, httpx.TimeoutException) else 502))
        return f"data: {json.dumps(content)}\n\n".encode()

    def write_usage(self) -> None:
        log.info("%s: %s, usage %s", self.question.get("model"), self.outcome, json.dumps(self.usage))


def response(answer: Answer, events: Iterator[bytes] | AsyncIterator[bytes]) -> Response:
    return StreamingResponse(
        events,
        headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"},
        media_type="text/event-stream",
        background=BackgroundTask(answer.write_usage),
    )


@app.post("/v1/chat/completions")
def ask() -> Response:
    answer = Answer(request.get_json())
    return response(answer, answer.events())


@app.post("/sync/v1/chat/completions")
def ask_by_sync_client() -> Response:
    answer = Answer(request.get_json())
    return response(answer, answer.events_by_sync_client())
