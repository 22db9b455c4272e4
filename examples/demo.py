"""All examples as one WSGI application: ``plain_app.py`` at the top, the others each below a path of its own.

``/`` is a page that shows them live: ``static/`` is what the browser gets of it, ``panels/`` answers what only it asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django_app
import flask_app
import plain_app
import stream_app
from panels import orders, raw, restart, tones
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Request

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse, PlainTextResponse, Response

STATIC = Path(__file__).parent / "static"

# The page gets everything from here, and no script that is not in a file of ours.
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; media-src 'self'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

# The live log shows what all of them log.
for logger in (plain_app.log, logging.getLogger("demo")):
    logger.addHandler(stream_app.JOURNAL)


def start_page(request: Request) -> Response:
    """FileResponse: the page, with a Content-Security-Policy"""
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return FileResponse(STATIC / "start.html", headers=headers, max_age=0)


View = Callable[[Request], Response]
ROUTES: dict[str, dict[str, View]] = {
    "/": {"GET": start_page},
    "/routes": {"GET": plain_app.index},
    "/raw": {"GET": raw.show},
    "/restart": {"POST": restart.restart},
    "/orders": {"GET": orders.follow, "POST": orders.take},
    "/tones/requests": {"GET": tones.requests},
}


def routes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request by the view for its path, or as ``plain_app.py`` does."""
    request = Request(environ)
    views = ROUTES.get(request.path)
    if views is None:
        return plain_app.app(environ, start_response)
    # A HEAD is answered by the view for GET: the response sends no body.
    view = views.get("GET" if request.method == "HEAD" else request.method)
    if view is None:
        allowed = ", ".join([*views, "HEAD"] if "GET" in views else views)
        return PlainTextResponse("Method Not Allowed\n", 405, {"Allow": allowed})(environ, start_response)
    return view(request)(environ, start_response)


# This is what a WSGI server calls.
mounts: dict[str, WSGIApplication] = {
    "/static": serve_files(STATIC),
    "/tones.wav": tones.app,
    "/streams": stream_app.app,
    "/flask": flask_app.app,
    "/django": django_app.app,
}
app = DispatcherMiddleware(routes, mounts)
