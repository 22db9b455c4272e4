"""A plugin for baize's own tests: our responses in the place of its own, by baize's names and words.

``pytest -p peers.substitution -p peers.baize_suite --ours --outcomes FILE``
"""

from __future__ import annotations

from typing import Any, ClassVar

import baize.asgi
import baize.exceptions
import baize.responses
import baize.wsgi
import pytest
from peers.wsgi_over_asgi import OverASGI

from wsgiresp import responses
from wsgiresp._protocol import ranges


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ours", action="store_true", help="put wsgiresp's classes in the place of baize's")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--ours"):
        return
    baize.responses.FileResponseMixin = FileResponseMixin  # type: ignore[assignment, misc]
    for kind in WORDED:
        setattr(baize.wsgi, kind.__name__, kind)
    base: Any = type("Response", (OverASGI, Response), {})
    baize.asgi.Response = base  # type: ignore[misc]
    for kind in WORDED[1:]:
        setattr(baize.asgi, kind.__name__, type(kind.__name__, (base, kind), {}))


class Response(responses.Response):
    """Of no content, as in baize."""

    def __init__(self, status_code: int = 200, headers: Any = None) -> None:
        super().__init__(None, status_code, headers)


class _Worded(Response):
    """A class of ours behind this one among the bases, of which baize's ``Response`` is a base."""

    _words: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        named = {self._words.get(word, word): value for word, value in kwargs.items()}
        super(Response, self).__init__(*args, **named)


class PlainTextResponse(_Worded, responses.PlainTextResponse):
    pass


class HTMLResponse(_Worded, responses.HTMLResponse):
    pass


class JSONResponse(_Worded, responses.JSONResponse):
    pass


class RedirectResponse(_Worded, responses.RedirectResponse):
    pass


class StreamResponse(_Worded, responses.StreamingResponse):
    _words: ClassVar = {"iterable": "content", "content_type": "media_type"}


class FileResponse(_Worded, responses.FileResponse):
    """Of theirs, ``chunk_size`` is a choice that ours does not have, nor a client see."""

    _words: ClassVar = {"filepath": "path", "content_type": "media_type", "download_name": "filename"}

    def __init__(self, *args: Any, chunk_size: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class SendEventResponse(_Worded, responses.EventSourceResponse):
    _words: ClassVar = {"iterable": "content", "ping_interval": "ping"}


WORDED = (
    Response,
    PlainTextResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    StreamResponse,
    FileResponse,
    SendEventResponse,
)


class FileResponseMixin:
    """What is asked of it: the spans of a Range field, by our reader of it."""

    @staticmethod
    def parse_range(text: str, length: int) -> list[tuple[int, int]]:
        spans = ranges.select(text, length)
        if spans is None:
            raise baize.exceptions.MalformedRangeHeader
        if not spans:
            raise baize.exceptions.RangeNotSatisfiable(length)
        return [(span.start, span.stop) for span in spans]
