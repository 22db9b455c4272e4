"""The folder FILES of the environment, for tests that change what is in it meanwhile: see ``test_files.py``."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from wsgiresp.responses import BackgroundTask, FileResponse, PlainTextResponse, Response

log = logging.getLogger("files")
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

FOLDER = os.path.realpath(os.environ["FILES"])


def replaced(name: str) -> Response:
    """Return the file *name*, whose path belongs to another one by now."""
    response = FileResponse(name, root=FOLDER)
    path = os.path.join(FOLDER, name)
    with open(f"{path}.new", "wb") as handle:
        handle.write(b"new" * 100_000)
    os.rename(f"{path}.new", path)
    return response


def with_a_task(name: str) -> Response:
    name, word = name.split("/")
    return FileResponse(name, root=FOLDER, background=BackgroundTask(log.info, "done %s", word))


def open_files(name: str) -> Response:
    """Return how many files of the folder this process has open."""
    places = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            places.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # that of the listing itself
            continue
    return PlainTextResponse(str(sum(place.startswith(FOLDER) for place in places)))


ROUTES: dict[str, Callable[[str], Response]] = {
    "plain": lambda name: FileResponse(name, root=FOLDER),
    "deleted": lambda name: FileResponse(name, root=FOLDER, delete_after=True),
    "replaced": replaced,
    "task": with_a_task,
    "open": open_files,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/route/name``."""
    route, _, name = environ["PATH_INFO"].lstrip("/").partition("/")
    return ROUTES[route](name)(environ, start_response)
