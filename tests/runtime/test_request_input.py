"""Reads of the request's body are made in its thread or greenlet, for code in any task or thread."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import io
import threading

import pytest
from greenlet import getcurrent
from hypothesis import given
from hypothesis import strategies as st
from request_inputs import TEXT, Body, GatedBody, environ_of, reads_of, run, share_input
from runtime.runners import PATIENCE, everywhere, in_greenlet, in_thread
from werkzeug.wrappers import Request

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.request_input import RequestInput, _wake, call_outside
from wsgiresp._runtime.server_profile import ServerProfile

READS = {
    "read": (lambda stream: stream.read(), TEXT),
    "read of a size": (lambda stream: stream.read(5), b"first"),
    "readline": (lambda stream: stream.readline(), b"first\n"),
    "readlines": (lambda stream: stream.readlines(), [b"first\n", b"second\n", b"third"]),
    "iteration": (list, [b"first\n", b"second\n", b"third"]),
    "readinto": (lambda stream: stream.readinto(bytearray(5)), 5),
}


@everywhere
@pytest.mark.parametrize("name", READS)
def test_a_coroutine_reads_in_the_thread_or_greenlet_that_waits_for_it(run, name):
    read, expected = READS[name]

    def ask():
        body = Body()
        environ = environ_of(body)
        assert share_input(environ)
        loop_thread = []

        async def view():
            loop_thread.append(threading.get_ident())
            return read(environ["wsgi.input"])

        assert globals()["run"](view()) == expected
        assert set(body.readers) <= {(threading.get_ident(), getcurrent())}
        assert loop_thread != [threading.get_ident()]

    run(ask)


@everywhere
def test_a_thread_of_the_loop_reads_in_the_thread_or_greenlet_that_waits(run):
    def ask():
        body = Body()
        environ = environ_of(body)
        share_input(environ)

        async def view():
            return await asyncio.to_thread(environ["wsgi.input"].read)

        assert globals()["run"](view()) == TEXT
        assert body.readers == [(threading.get_ident(), getcurrent())]

    run(ask)


def test_a_greenlet_of_another_thread_waits_for_the_read():
    body = Body()
    environ = environ_of(body)
    share_input(environ)

    async def view():
        return await asyncio.to_thread(lambda: in_greenlet(contextvars.copy_context().run, environ["wsgi.input"].read))

    assert run(view()) == TEXT
    assert {thread for thread, _ in body.readers} == {threading.get_ident()}


def test_the_owner_reads_at_once():
    environ = environ_of(Body())
    share_input(environ)
    assert environ["wsgi.input"].read() == TEXT


def test_a_thread_without_an_executor_reads_at_once_on_a_thread_server():
    environ = environ_of(Body())
    share_input(environ)
    assert in_thread(environ["wsgi.input"].read) == TEXT


def test_a_thread_that_cannot_reach_the_greenlet_of_the_request_gets_an_error_that_names_the_cure():
    environ = environ_of(Body())
    in_greenlet(share_input, environ)
    with pytest.raises(RuntimeError, match="to_thread"):
        in_thread(environ["wsgi.input"].read)


def test_code_that_would_block_the_loop_gets_an_error_that_names_the_cure():
    environ = environ_of(Body())
    share_input(environ)

    async def view():
        return environ["wsgi.input"].read()

    with pytest.raises(RuntimeError, match="would block the event loop"):
        asyncio_thread.run(view())


def test_other_tasks_go_on_while_a_task_waits_for_the_body():
    body = GatedBody()
    environ = environ_of(body)
    share_input(environ)

    async def view():
        reading = asyncio.create_task(read())
        await asyncio.to_thread(body.is_asked.wait, PATIENCE)
        body.may_go_on.set()
        return await reading

    async def read():
        return environ["wsgi.input"].read()

    assert run(view()) == TEXT


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"CONTENT_LENGTH": ""}, id="no length"),
        pytest.param({"CONTENT_LENGTH": "0"}, id="an empty body"),
        pytest.param({"wsgi.input": None}, id="no input, as under ASGI"),
    ],
)
def test_a_request_without_a_body_is_left_alone(more):
    environ = environ_of(Body(), **more)
    before = dict(environ)
    assert share_input(environ) is False
    assert environ == before


def test_tasks_of_a_request_may_block_as_long_as_it_exists():
    environ = environ_of(Body())
    reads = reads_of(environ)
    assert reads()
    environ.clear()
    assert not reads()


def test_tasks_of_a_request_without_a_body_never_block():
    assert not reads_of(environ_of(Body(), CONTENT_LENGTH="0"))()


def test_the_input_is_replaced_once():
    environ = environ_of(Body())
    share_input(environ)
    first = environ["wsgi.input"]
    assert share_input(environ) is True
    assert environ["wsgi.input"] is first


@pytest.mark.parametrize("terminated", [False, True], ids=["limited", "terminated by the server"])
def test_a_stream_that_werkzeugs_request_has_made_already_is_read_through_it(terminated):
    body = Body()
    environ = environ_of(body, **{"wsgi.input_terminated": terminated})
    request = Request(environ)
    assert request.stream is request.stream
    share_input(environ)

    async def view():
        return request.stream.read()

    assert run(view()) == TEXT
    assert {thread for thread, _ in body.readers} == {threading.get_ident()}


def test_attributes_of_the_servers_stream_are_there():
    body = Body()
    shared = RequestInput(body, ServerProfile({}))
    assert (shared.closed, shared.tell(), hasattr(shared, "unknown")) == (False, 0, False)


def test_a_function_is_called_outside_in_the_context_of_the_caller():
    name = contextvars.ContextVar("name")

    async def view():
        name.set("of the task")
        return call_outside(lambda: (name.get(), threading.get_ident()))

    assert run(view()) == ("of the task", threading.get_ident())


def test_a_function_is_called_at_once_where_nobody_waits():
    assert call_outside(threading.get_ident) == threading.get_ident()


def test_a_read_that_ends_after_the_loop_was_closed_wakes_nobody():
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    _wake(loop, future)
    assert not future.done()


def test_a_read_does_not_keep_its_error_alive():
    body = Body()
    body.error = OSError()
    environ = environ_of(body)
    share_input(environ)

    async def view():
        try:
            environ["wsgi.input"].read()
        except OSError:
            body.error = None
            return gc.collect()

    assert run(view()) is not None


@given(
    content=st.binary(max_size=200),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["read", "readline"]), st.integers(0, 40), st.sampled_from(["task", "child", "thread"])
        ),
        max_size=8,
    ),
)
def test_any_sequence_of_reads_gives_the_bytes_of_the_body_in_their_order(content, steps):
    environ = environ_of(Body(content))
    share_input(environ)
    stream = environ["wsgi.input"]

    async def view():
        pieces = []
        for method, size, place in steps:
            if place == "task":
                pieces.append(getattr(stream, method)(size))
            elif place == "child":
                pieces.append(await asyncio.create_task(as_child(method, size)))
            else:
                pieces.append(await asyncio.to_thread(getattr(stream, method), size))
        return pieces, stream.read()

    async def as_child(method, size):
        return getattr(stream, method)(size)

    reference = io.BytesIO(content)
    expected = [getattr(reference, method)(size) for method, size, _ in steps]
    assert run(view()) == (expected, reference.read())
