"""Streams of Django to a client of HTTP/1.0, whose bodies end with their connection."""

from __future__ import annotations

import socket

from django.http import HttpResponse
from django_apps import OURS, Client, project, read
from runtime.runners import in_greenlet

from wsgiresp._runtime.sockets import resets_at_close
from wsgiresp.responses import StreamingResponse

kept = []


class Replacing:
    """Keeps each answer, and sends instead whether the close of the connection would reset it."""

    def __init__(self, get_response):
        self._get_response = get_response

    def __call__(self, request):
        kept.append(self._get_response(request))
        return HttpResponse(str(resets_at_close(request.META["gunicorn.socket"])))


def streaming(request):
    return StreamingResponse(iter([b"one|", b"two|"]))


def test_the_connection_is_left_to_an_answer_that_middleware_sends_instead():
    ours, theirs = socket.socketpair()

    def ask():
        with project(streaming, middleware=[f"{__name__}.Replacing", OURS]):
            return read(Client(SERVER_PROTOCOL="HTTP/1.0", **{"gunicorn.socket": ours}).get("/")).data

    with ours, theirs:
        assert in_greenlet(ask) == b"False"
    kept.pop().close()
