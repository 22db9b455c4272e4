"""Django: a whole application, with a route and without middleware."""

from __future__ import annotations

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path as route

from . import chunks, path


class Routes:
    """What Django asks a module for."""

    def __init__(self) -> None:
        self.urlpatterns = [route("<int:size>/<int:count>", stream)]


def stream(request: HttpRequest, size: int, count: int) -> StreamingHttpResponse:
    """Answer with the stream."""
    return StreamingHttpResponse(chunks(path(size, count)), content_type="application/octet-stream")


settings.configure(ROOT_URLCONF=Routes())
APPS = {"django app": WSGIHandler()}
