"""One small file, named in each way in which a ``FileResponse`` takes a path: see ``test_system_calls.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp import serve_files
from wsgiresp.responses import FileResponse, PlainTextResponse

FOLDER = os.path.realpath(os.environ["FILES"])
LINKED = os.path.join(FOLDER, "current")  # a link to "." there

SERVED = serve_files(FOLDER)

ROUTES: dict[str, Callable[[], Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]]] = {
    "/plain": lambda: FileResponse(os.path.join(FOLDER, "small.bin")),
    "/private": lambda: FileResponse(os.path.join(FOLDER, "private.bin")),
    "/root": lambda: FileResponse("small.bin", root=FOLDER),
    "/link-in-root": lambda: FileResponse("link.bin", root=FOLDER),
    "/root-through-link": lambda: FileResponse("small.bin", root=LINKED),
    "/small.bin": lambda: SERVED,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one of the routes."""
    make = ROUTES.get(environ["PATH_INFO"])
    if make is None:
        return PlainTextResponse("ready")(environ, start_response)
    return make()(environ, start_response)
