"""Reads of the request's body that fail, are cancelled, or come too late."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing

import gevent
import pytest
from gevent.event import Event
from greenlet import GreenletExit
from request_inputs import TEXT, Body, GatedBody, environ_of, run, share_input
from runtime.runners import PATIENCE, everywhere, in_greenlet
from werkzeug.exceptions import ClientDisconnected

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.waiting_executor import current_executor


def test_a_second_task_that_reads_meanwhile_gets_an_error():
    body = GatedBody()
    environ = environ_of(body)
    share_input(environ)

    async def read():
        return environ["wsgi.input"].read()

    async def view():
        first = asyncio.create_task(read())
        await asyncio.to_thread(body.is_asked.wait, PATIENCE)
        with pytest.raises(RuntimeError, match="by another task"):
            await read()
        body.may_go_on.set()
        return await first

    assert run(view()) == TEXT


@pytest.mark.parametrize("error", [OSError("the client has left"), ClientDisconnected()])
def test_the_error_of_the_server_reaches_the_view(error):
    body = Body()
    body.error = error
    environ = environ_of(body)
    share_input(environ)

    async def view():
        with pytest.raises(type(error)):
            environ["wsgi.input"].read()
        body.error = None
        return environ["wsgi.input"].read()

    assert run(view()) == TEXT


def test_a_cancelled_read_shuts_the_reading_side_down_and_later_reads_raise():
    left, right = socket.socketpair()
    with closing(left), closing(right):

        class Connection(Body):
            is_asked = threading.Event()

            def read(self, *size):
                self.is_asked.set()
                return left.recv(10)

        body = Connection()
        environ = environ_of(body, **{"gunicorn.socket": left})
        share_input(environ)

        async def view():
            reading = asyncio.create_task(read())
            await asyncio.to_thread(body.is_asked.wait, PATIENCE)
            reading.cancel()
            await asyncio.wait([reading])
            with pytest.raises(RuntimeError, match="was cancelled"):
                environ["wsgi.input"].read()
            return reading.cancelled()

        async def read():
            return environ["wsgi.input"].read()

        assert run(view()) is True  # the read in this thread has ended
        left.sendall(b"the answer")
        assert right.recv(10) == b"the answer"


def test_after_a_cancelled_read_later_reads_raise_where_the_server_shows_no_connection():
    body = GatedBody()
    environ = environ_of(body)
    share_input(environ)

    async def read():
        return environ["wsgi.input"].read()

    async def view():
        reading = asyncio.create_task(read())
        await asyncio.to_thread(body.is_asked.wait, PATIENCE)
        reading.cancel()
        await asyncio.wait([reading])
        body.may_go_on.set()
        with pytest.raises(RuntimeError, match="was cancelled"):
            await read()
        return reading.cancelled()

    assert run(view()) is True


def test_a_read_that_is_cancelled_before_it_begins_takes_nothing():
    body = GatedBody()
    environ = environ_of(body)
    share_input(environ)
    has_begun, may_end = threading.Event(), threading.Event()

    def occupy():
        has_begun.set()
        may_end.wait(PATIENCE)

    async def read():
        return environ["wsgi.input"].read()

    async def view():
        current_executor.get().submit(occupy)
        await asyncio.to_thread(has_begun.wait, PATIENCE)
        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        may_end.set()
        body.may_go_on.set()
        return environ["wsgi.input"].read()

    assert run(view()) == TEXT


@everywhere
def test_a_task_that_outlives_its_view_gets_an_error_instead_of_a_hang(run):
    def ask():
        environ = environ_of(Body())
        share_input(environ)
        left = []
        may_read = []

        async def late():
            await may_read[0].wait()
            return environ["wsgi.input"].read()

        async def view():
            may_read.append(asyncio.Event())
            left.append(asyncio.create_task(late()))

        globals()["run"](view())

        async def collect():
            may_read[0].set()
            with pytest.raises(RuntimeError, match="the request is over"):
                await left[0]
            return "collected"

        assert asyncio_thread.run(collect()) == "collected"

    run(ask)


def test_a_greenlet_that_is_killed_while_it_reads_ends_the_view():
    is_asked = Event()
    seen = []

    class Endless(Body):
        def read(self, *size):
            is_asked.set()
            gevent.sleep(PATIENCE)

    environ = environ_of(Endless())

    async def view():
        try:
            environ["wsgi.input"].read()
        except BaseException as error:
            seen.append(type(error))
            raise

    def ask():
        share_input(environ)
        run(view())

    greenlet = gevent.spawn(ask)
    assert is_asked.wait(PATIENCE)
    greenlet.kill(timeout=PATIENCE)
    assert isinstance(greenlet.value, GreenletExit)
    with gevent.Timeout(PATIENCE):
        while not seen:
            gevent.sleep(0.001)
    assert seen[0] in (GreenletExit, asyncio.CancelledError)


def test_a_timeout_of_the_greenlet_ends_the_read():
    class Endless(Body):
        def read(self, *size):
            gevent.sleep(PATIENCE)

    environ = environ_of(Endless())

    async def view():
        return environ["wsgi.input"].read()

    def ask():
        share_input(environ)
        with gevent.Timeout(0.01, False):
            return run(view())
        return "timed out"

    assert in_greenlet(ask) == "timed out"
