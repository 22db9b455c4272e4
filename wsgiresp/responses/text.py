"""Responses whose content is text."""

from __future__ import annotations

from .base import Response


class PlainTextResponse(Response):
    """Text, as ``text/plain; charset=utf-8``."""

    media_type = "text/plain"


class HTMLResponse(Response):
    """A page, as ``text/html; charset=utf-8``; the content is sent as it is, nothing in it is escaped."""

    media_type = "text/html"
