"""The folder FILES of the environment for real clients; each answer is a line of the log. See ``tests/clients``."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import request_uri, shift_path_info

from wsgiresp import FileResponse, XAccelRedirect, serve_files

log = logging.getLogger("downloads")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

FOLDER = os.environ["FILES"]
OFFLOAD = XAccelRedirect("/protected/", FOLDER)
FIELDS = {"Access-Control-Allow-Origin": "https://player.example", "Set-Cookie": "seen=yes", "X-Other": "lost"}


def saved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send a file to be saved under the name that it has."""
    name = environ["PATH_INFO"].encode("latin-1").decode().removeprefix("/")
    return FileResponse(name, filename=name, root=FOLDER, max_age=0)(environ, start_response)


def plain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send a file without a word about how long it may be kept."""
    return FileResponse(environ["PATH_INFO"].removeprefix("/"), root=FOLDER)(environ, start_response)


def offloaded_and_saved(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Have the server in front send a file, to be saved under another name."""
    name = environ["PATH_INFO"].removeprefix("/")
    response = FileResponse(name, 200, FIELDS, filename="für dich.txt", root=FOLDER, max_age=60, offload=OFFLOAD)
    return response(environ, start_response)


ROUTES: dict[str | None, WSGIApplication] = {
    "files": serve_files(FOLDER, max_age=3600),
    "fresh": serve_files(FOLDER, max_age=0),
    "default": serve_files(FOLDER),
    "offloaded": serve_files(FOLDER, offload=OFFLOAD),
    "offloaded-and-saved": offloaded_and_saved,
    "plain": plain,
    "saved": saved,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/name``, and say so."""
    target = request_uri(environ)

    def start(status: str, fields: list[tuple[str, str]], *rest: object) -> object:
        asked = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
        log.info("%s", json.dumps([environ["REQUEST_METHOD"], target, asked, status, fields]))
        return start_response(status, fields, *rest)  # type: ignore[arg-type]

    return ROUTES[shift_path_info(environ)](environ, start)  # type: ignore[arg-type]
