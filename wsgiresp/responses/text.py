"""``PlainTextResponse`` and ``HTMLResponse``."""

from __future__ import annotations

from .base import Response


class PlainTextResponse(Response):
    """Text, as ``text/plain; charset=utf-8``.

    *content*: ``str``, or bytes that are UTF-8. *status_code*, *headers*, *media_type* and *background*, and what is
    raised, are as for :class:`Response`.
    """

    media_type = "text/plain"


class HTMLResponse(Response):
    """A page, as ``text/html; charset=utf-8``.

    *content*: ``str``, or bytes that are UTF-8, sent as it is: nothing in it is escaped. *status_code*, *headers*,
    *media_type* and *background*, and what is raised, are as for :class:`Response`.
    """

    media_type = "text/html"
