"""The body of an asynchronous stream on the loop that reads it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading

import pytest

from wsgiresp._runtime.process import part
from wsgiresp._streams import asgi_body
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.policy import MAY_FINISH, StreamPolicy
from wsgiresp._streams.stream_source import StreamSource

NAME = contextvars.ContextVar("name", default="none")


def body(content, policy=None, steps=(), length=None, around=None):
    source = StreamSource(content, str.encode, contextvars.copy_context(), around)
    return ASGIStreamBody(source, steps, *([] if policy is None else [policy]), length=length)


def run(coroutine):
    """Return what *coroutine* returns, within 10 s."""
    return asyncio.run(asyncio.wait_for(coroutine, 10))


async def all_of(made):
    try:
        return [chunk async for chunk in made]
    finally:
        await made.aclose()


async def letters(said=None, error=None):
    try:
        yield "a"
        await asyncio.sleep(0)
        yield ""
        yield "b"
        if error is not None:
            raise error
    finally:
        if said is not None:
            said.append("closed")


def test_the_chunks_come():
    assert b"".join(run(all_of(body(letters())))) == b"ab"


def test_the_content_is_stepped_by_the_loop_that_reads_and_in_one_context():
    seen = []

    async def steps():
        NAME.set("source")
        seen.append(asyncio.get_running_loop())
        yield "a"
        await asyncio.sleep(0)
        seen.append((NAME.get(), asyncio.get_running_loop()))
        yield "b"

    async def read():
        chunks = await all_of(body(steps()))
        return asyncio.get_running_loop(), chunks

    loop, chunks = run(read())
    assert (b"".join(chunks), seen) == (b"ab", [loop, ("source", loop)])


def test_what_is_around_is_entered_before_and_left_after():
    said = []

    @contextlib.contextmanager
    def around():
        said.append("in")
        yield
        said.append("out")

    run(all_of(body(letters(said), around=around)))
    assert said == ["in", "closed", "out"]


def test_begin_waits_for_the_first_chunk():
    async def read():
        made = body(letters())
        await made.begin()
        await made.begin()
        waiting = list(made._buffer.chunks)
        await made.aclose()
        return waiting

    assert run(read())[0] == b"a"


def test_an_error_before_the_first_chunk_is_raised_by_begin():
    async def steps():
        raise LookupError("early")
        yield "a"

    async def read():
        made = body(steps())
        with pytest.raises(LookupError, match="early"):
            await made.begin()
        await made.aclose()

    run(read())


@pytest.mark.parametrize("error", [LookupError("late"), OSError("late")], ids=["an error", "one that servers hush up"])
def test_an_error_after_the_first_chunk_breaks_off(error):
    with pytest.raises((LookupError, RuntimeError), match=r"late|ended early: its source raised OSError"):
        run(all_of(body(letters(error=error))))


def test_the_opening_leaves_at_once_and_pings_when_it_is_ping_due():
    async def steps():
        await asyncio.sleep(60)
        yield "never"

    async def read():
        made = body(steps(), StreamPolicy(preamble=b"open", ping=b"ping", ping_interval=0.01))
        first = [await anext(made), await anext(made), await anext(made)]
        await made.aclose()
        return first

    assert run(read()) == [b"open", b"ping", b"ping"]


def test_the_opening_goes_with_what_is_there():
    async def read():
        made = body(letters(), StreamPolicy(preamble=b"open "))
        await made.begin()
        return await all_of(made)

    assert b"".join(run(read())) == b"open ab"


def test_a_stream_that_grows_old_ends_with_its_final_chunk():
    async def steps():
        yield "a"
        await asyncio.sleep(60)

    assert run(all_of(body(steps(), StreamPolicy(max_age=0.05, closing_bytes=lambda: b"bye")))) == [b"a", b"bye"]


def test_final_chunk_follow_what_is_ready():
    async def steps():
        yield "a"
        yield "b"
        await asyncio.sleep(60)

    async def read():
        made = body(steps(), MAY_FINISH)
        await made.begin()
        made.finish()
        return await all_of(made)

    assert run(read()) == [b"ab"]


def test_a_stream_without_final_chunk_is_not_stopped():
    async def read():
        made = body(letters())
        await made.begin()
        made.finish()
        return await all_of(made)

    assert b"".join(run(read())) == b"ab"


def test_the_end_of_the_worker_reaches_it():
    async def steps():
        yield "a"
        await asyncio.sleep(60)

    async def read():
        made = body(steps(), MAY_FINISH)
        await made.begin()
        (known,) = (stream for stream in part(OpenStreams).streams if stream is made)
        known.finish()
        chunks = await all_of(made)
        return chunks, made in part(OpenStreams).streams

    assert run(read()) == ([b"a"], False)


@pytest.mark.parametrize(
    ("length", "message"),
    [(1, "got 1 more"), (3, "got 1 less"), (2, None)],
    ids=["too much", "too little", "right"],
)
def test_an_announced_length_is_held_to(length, message):
    if message is None:
        assert b"".join(run(all_of(body(letters(), length=length)))) == b"ab"
    else:
        with pytest.raises(ValueError, match=message):
            run(all_of(body(letters(), length=length)))


def endless(said):
    async def steps():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            said.append("closed")

    return steps()


def test_who_leaves_has_the_source_closed():
    said = []

    async def read():
        made = body(endless(said), steps=[lambda: said.append("step")])
        await anext(made)
        await made.aclose()
        made.close()
        made.close()

    run(read())
    assert said == ["closed", "step"]


def test_a_cut_closes_the_source():
    said = []

    async def read():
        made = body(endless(said))
        made.abort()
        await anext(made)
        made.abort()
        with pytest.raises(BrokenPipeError, match="cut"):
            await anext(made)
        await made.aclose()

    run(read())
    assert said == ["closed"]


def test_another_thread_may_close_it():
    said = []

    async def read():
        made = body(endless(said), steps=[lambda: said.append("step")])
        await anext(made)
        await asyncio.to_thread(made.close)

    run(read())
    assert said == ["closed", "step"]


def test_the_thread_of_the_loop_may_close_it_and_does_not_wait():
    said = []

    async def read():
        made = body(endless(said), steps=[lambda: said.append("step")])
        await anext(made)
        made.close()
        before = list(said)
        while len(said) < 2:
            await asyncio.sleep(0)
        return before

    assert run(read()) == ["step"]
    assert said == ["step", "closed"]


class Closable:
    """An asynchronous iterable that says when it is closed."""

    def __init__(self, said):
        self.said = said

    def __aiter__(self):
        raise NotImplementedError

    def close(self):
        self.said.append("closed")


@pytest.mark.parametrize("how", ["close", "aclose"])
def test_what_was_never_begun_is_closed(how):
    said = []

    async def end():
        made = body(Closable(said), steps=[lambda: said.append("step")])
        if how == "aclose":
            await made.aclose()
        made.close()
        await made.begin()

    run(end())
    assert said == ["closed", "step"]


def test_close_after_the_end_of_the_loop_takes_the_steps():
    said = []

    async def read():
        made = body(letters(), steps=[lambda: said.append("step")])
        await anext(made)
        return made

    made = run(read())
    made.close()
    assert said == ["step"]


def test_a_source_that_does_not_end_is_told_of(monkeypatch, caplog):
    monkeypatch.setattr(asgi_body, "CLOSE_TIMEOUT", 0.05)
    may_end = threading.Event()

    async def steps():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            while not may_end.is_set():
                await asyncio.sleep(0.01)

    async def read():
        made = body(steps())
        await anext(made)
        await made.aclose()
        may_end.set()
        while not made._buffer.has_ended:
            await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "wsgiresp"):
        run(read())
    assert "still open" in caplog.text
