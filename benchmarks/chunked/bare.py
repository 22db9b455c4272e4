"""The stream itself as the body: what all ratios refer to."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from . import DIRECT, chunks


def direct(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the generator."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return chunks(environ["PATH_INFO"])


APPS = {DIRECT: direct}
