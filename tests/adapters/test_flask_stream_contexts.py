"""A thousand streams leave no context behind."""

from __future__ import annotations

import contextlib

import flask
import gevent
import pytest
from flask_apps import application
from werkzeug.test import create_environ

from wsgiresp.adapters._flask.contexts import CURRENT
from wsgiresp.responses import StreamingResponse


class Contexts:
    """The contexts of an application that were torn down, and how many are pushed."""

    def __init__(self, app):
        self.requests = []
        self.applications = []
        self.pushed = 0
        app.teardown_request(lambda error: self.requests.append(CURRENT.get()))
        app.teardown_appcontext(lambda error: self.applications.append(flask.globals.app_ctx._get_current_object()))
        flask.appcontext_pushed.connect(self.count_push, app)
        flask.appcontext_popped.connect(self.count_pop, app)

    def count_push(self, sender):
        self.pushed += 1

    def count_pop(self, sender):
        self.pushed -= 1


def distinct(things):
    return len({id(thing) for thing in things})


STREAMS = 1000


@pytest.mark.parametrize("place", ["in the main greenlet", "in greenlets"])
@pytest.mark.parametrize("steps", ["sync", "async"])
def test_a_thousand_streams_leak_no_context(place, steps):
    app = application()
    contexts = Contexts(app)
    closed = []

    def sync():
        try:
            for _ in range(3):
                yield flask.request.path
        finally:
            closed.append(flask.g.number)

    async def later():
        try:
            for _ in range(3):
                yield flask.request.path
        finally:
            closed.append(flask.g.number)

    @app.get("/<int:number>")
    def view(number):
        flask.g.number = number
        return StreamingResponse(sync() if steps == "sync" else later())

    def ask(number):
        body = app(create_environ(f"/{number}"), lambda status, headers: None)
        with contextlib.closing(body):
            chunks = iter(body)
            next(chunks)
            if number % 3:
                list(chunks)

    with app.test_request_context("/here"), app.test_client() as client:
        client.get("/0").close()
        if place == "in greenlets":
            for begin in range(1, STREAMS, 100):
                greenlets = [gevent.spawn(ask, number) for number in range(begin, min(begin + 100, STREAMS))]
                gevent.joinall(greenlets, timeout=30, raise_error=True)
        else:
            for number in range(1, STREAMS):
                ask(number)
        assert flask.request.path == "/0"
    assert not flask.has_app_context()
    assert sorted(closed) == list(range(STREAMS))
    # For each stream that of its view and its own, and the one of this test.
    assert distinct(contexts.requests) == 2 * STREAMS + 1
    # The client lets that of its request end twice, with and without streams.
    assert len(contexts.requests) == 2 * STREAMS + 2
    assert len(contexts.applications) - distinct(contexts.applications) <= 1
    assert distinct(contexts.applications) > STREAMS
    assert contexts.pushed == 0
