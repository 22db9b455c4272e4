"""Flask: whole applications, with a route; in one of them the view returns ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response

from wsgiresp.responses import StreamingResponse

from . import chunks, path


def application(response: Callable[[Iterator[bytes]], Any]) -> Flask:
    """Return an application whose one view answers with what *response* makes of a stream."""
    made = Flask(__name__, static_folder=None)
    made.add_url_rule("/<int:size>/<int:count>", view_func=lambda size, count: response(chunks(path(size, count))))
    return made


APPS = {
    "flask app": application(lambda stream: Response(stream, mimetype="application/octet-stream")),
    "flask app + wsgiresp": application(StreamingResponse),
}
