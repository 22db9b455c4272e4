"""The stream body for ASGI servers: an asynchronous source is stepped on the loop that iterates the body."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading

import pytest

from wsgiresp._runtime.process import part
from wsgiresp._streams import source_close
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import MAY_FINISH, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource

NAME = contextvars.ContextVar("name", default="none")


def body_of(content, policy=None, steps=(), length=None, around=None):
    source = StreamSource(content, str.encode, contextvars.copy_context(), around)
    return ASGIStreamBody(source, steps, *([] if policy is None else [policy]), length=length)


def run(coroutine):
    """Return what *coroutine* returns, within 10 s."""
    return asyncio.run(asyncio.wait_for(coroutine, 10))


async def all_of(body):
    try:
        return [chunk async for chunk in body]
    finally:
        await body.aclose()


async def letters(recorded=None, error=None):
    try:
        yield "a"
        await asyncio.sleep(0)
        yield ""
        yield "b"
        if error is not None:
            raise error
    finally:
        if recorded is not None:
            recorded.append("closed")


def test_the_body_yields_the_chunks():
    assert b"".join(run(all_of(body_of(letters())))) == b"ab"


def test_the_source_is_stepped_on_the_reading_loop_and_in_one_context():
    seen = []

    async def steps():
        NAME.set("source")
        seen.append(asyncio.get_running_loop())
        yield "a"
        await asyncio.sleep(0)
        seen.append((NAME.get(), asyncio.get_running_loop()))
        yield "b"

    async def read():
        chunks = await all_of(body_of(steps()))
        return asyncio.get_running_loop(), chunks

    loop, chunks = run(read())
    assert (b"".join(chunks), seen) == (b"ab", [loop, ("source", loop)])


def test_the_enclosing_context_is_entered_before_the_first_step_and_exited_after_the_close():
    recorded = []

    @contextlib.contextmanager
    def around():
        recorded.append("in")
        yield
        recorded.append("out")

    run(all_of(body_of(letters(recorded), around=around)))
    assert recorded == ["in", "closed", "out"]


def test_begin_waits_for_the_first_chunk():
    async def read():
        body = body_of(letters())
        await body.begin()
        await body.begin()
        waiting = list(body.stream.machine.buffer.chunks)
        await body.aclose()
        return waiting

    assert run(read())[0] == b"a"


def test_an_error_before_the_first_chunk_is_raised_by_begin():
    async def steps():
        raise LookupError("early")
        yield "a"

    async def read():
        body = body_of(steps())
        with pytest.raises(LookupError, match="early"):
            await body.begin()
        await body.aclose()

    run(read())


@pytest.mark.parametrize(
    "error", [LookupError("late"), OSError("late")], ids=["an error", "an error that servers ignore"]
)
def test_an_error_after_the_first_chunk_ends_the_body_early(error):
    with pytest.raises((LookupError, RuntimeError), match=r"late|ended early: its source raised OSError"):
        run(all_of(body_of(letters(error=error))))


def test_the_preamble_is_sent_at_once_and_pings_at_the_ping_interval():
    async def steps():
        await asyncio.sleep(60)
        yield "never"

    async def read():
        body = body_of(steps(), StreamPolicy(preamble=b"open", ping=b"ping", ping_interval=0.01))
        first = [await anext(body), await anext(body), await anext(body)]
        await body.aclose()
        return first

    assert run(read()) == [b"open", b"ping", b"ping"]


def test_a_stream_ends_at_its_maximum_age_with_the_closing_bytes():
    async def steps():
        yield "a"
        await asyncio.sleep(60)

    assert run(all_of(body_of(steps(), StreamPolicy(max_age=0.05, closing_bytes=lambda: b"bye")))) == [b"a", b"bye"]


def test_a_begun_body_is_registered_as_an_open_stream_until_its_end():
    async def steps():
        yield "a"
        await asyncio.sleep(60)

    async def read():
        body = body_of(steps(), MAY_FINISH)
        await body.begin()
        (known,) = (stream for stream in part(OpenStreams).streams if stream is body.stream)
        known.finish()
        chunks = await all_of(body)
        return chunks, body.stream in part(OpenStreams).streams

    assert run(read()) == ([b"a"], False)


def endless(recorded):
    async def steps():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            recorded.append("closed")

    return steps()


def test_aclose_closes_the_source_and_runs_the_steps_once():
    recorded = []

    async def read():
        body = body_of(endless(recorded), steps=[lambda: recorded.append("step")])
        await anext(body)
        await body.aclose()
        body.close()
        body.close()

    run(read())
    assert recorded == ["closed", "step"]


def test_an_abort_closes_the_source():
    recorded = []

    async def read():
        body = body_of(endless(recorded))
        await anext(body)
        body.stream.abort()
        with pytest.raises(BrokenPipeError, match="aborted"):
            await anext(body)
        await body.aclose()

    run(read())
    assert recorded == ["closed"]


def test_close_in_another_thread_waits_until_the_source_is_closed():
    recorded = []

    async def read():
        body = body_of(endless(recorded), steps=[lambda: recorded.append("step")])
        await anext(body)
        await asyncio.to_thread(body.close)

    run(read())
    assert recorded == ["closed", "step"]


def test_close_in_the_thread_of_the_loop_does_not_wait_for_the_source():
    recorded = []

    async def read():
        body = body_of(endless(recorded), steps=[lambda: recorded.append("step")])
        await anext(body)
        body.close()
        before = list(recorded)
        while len(recorded) < 2:
            await asyncio.sleep(0)
        return before

    assert run(read()) == ["step"]
    assert recorded == ["step", "closed"]


class Closable:
    """An asynchronous iterable that records its close."""

    def __init__(self, recorded):
        self.recorded = recorded

    def __aiter__(self):
        raise NotImplementedError

    def close(self):
        self.recorded.append("closed")


def test_a_body_that_was_never_begun_closes_its_source():
    recorded = []

    async def end():
        body = body_of(Closable(recorded), steps=[lambda: recorded.append("step")])
        await body.aclose()
        body.close()
        await body.begin()

    run(end())
    assert recorded == ["closed", "step"]


def test_close_of_a_body_that_was_never_begun_does_not_block_the_loop():
    recorded = []

    class Slow(Closable):
        async def aclose(self):
            await asyncio.sleep(0)
            self.close()

    async def end():
        body = body_of(Slow(recorded), steps=[lambda: recorded.append("step")])
        body.close()
        before = list(recorded)
        while len(recorded) < 2:
            await asyncio.sleep(0)
        return before

    assert run(end()) == ["step"]
    assert recorded == ["step", "closed"]


def test_a_loop_that_ends_after_the_close_leaves_no_stream_open():
    async def end():
        body = body_of(letters())
        await body.begin()
        body.close()
        return body

    body = run(end())
    assert body.stream not in part(OpenStreams).streams


def test_close_after_the_loop_has_ended_runs_the_steps():
    recorded = []

    async def read():
        body = body_of(letters(), steps=[lambda: recorded.append("step")])
        await anext(body)
        return body

    body = run(read())
    body.close()
    assert recorded == ["step"]


def test_a_source_that_does_not_end_is_logged(monkeypatch, caplog):
    monkeypatch.setattr(source_close, "CLOSE_TIMEOUT", 0.05)
    may_end = threading.Event()

    async def steps():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            while not may_end.is_set():
                await asyncio.sleep(0.01)

    async def read():
        body = body_of(steps())
        await anext(body)
        await body.aclose()
        may_end.set()
        while not body.stream.machine.buffer.has_ended:
            await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "wsgiresp"):
        run(read())
    assert "did not close within 0.05 s" in caplog.text


class EndingRuntime:
    """The runtime of a loop that ends while a thread waits for it."""

    is_current = False
    is_running = True

    def run_from_thread(self, call, timeout):
        raise TimeoutError


def test_a_loop_that_ends_while_close_waits_for_it_leaves_no_stream_open(caplog):
    recorded = []

    async def read():
        body = body_of(letters(), steps=[lambda: recorded.append("step")])
        await anext(body)
        body.stream.runtime = EndingRuntime()
        body.close()
        return body

    body = run(read())
    assert body.stream not in part(OpenStreams).streams
    assert recorded == ["step"]
    assert [record.exc_info[0] for record in caplog.records] == [TimeoutError]
