"""The file large.bin of the folder FILES, as we send it and as Django does: see ``test_large_file_calls.py``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import django.http
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

from wsgiresp import FileResponse

PLACE = os.path.join(os.environ["FILES"], "large.bin")

settings.configure(ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None, ROOT_URLCONF="large_files", SECRET_KEY="for these tests")
django.setup()


def by_django(request: django.http.HttpRequest) -> django.http.FileResponse:
    return django.http.FileResponse(open(PLACE, "rb"))


urlpatterns = [path("django", by_django)]
of_django = WSGIHandler()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer ``/ours`` and ``/django``."""
    if environ["PATH_INFO"] == "/django":
        return of_django(environ, start_response)
    return FileResponse(PLACE)(environ, start_response)
