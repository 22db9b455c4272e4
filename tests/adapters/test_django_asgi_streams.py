"""Under ASGI streams leave step by step: synchronous content from a thread of its own, asynchronous as it is."""

from __future__ import annotations

import asyncio
import gzip
import threading

import gevent
import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.test import AsyncRequestFactory
from django.utils import translation
from django_apps import OURS, asked_later, run

from wsgiresp.adapters.django import to_django
from wsgiresp.responses import BackgroundTask, EventSourceResponse, FileResponse, StreamingResponse

GZIP = "django.middleware.gzip.GZipMiddleware"


@pytest.fixture(autouse=True)
def no_language_is_left():
    yield
    translation.deactivate_all()


# That a client which leaves is noticed is shown under a server, in tests/servers: before Python 3.12, what is cancelled
# in Django's own handler is lost where coverage is measured.


def made(response, **headers):
    """Return Django's response for a request under ASGI."""
    return to_django(AsyncRequestFactory().get("/", headers=headers), response)


def endless(said, may_go_on):
    def steps():
        try:
            number = 0
            while True:
                yield f"{number}"
                number += 1
                may_go_on.acquire(timeout=10)
        finally:
            said.append("closed")

    return steps()


def test_synchronous_content_is_sent_step_by_step():
    said = []
    may_go_on = threading.Semaphore(0)

    async def visit():
        answer = made(StreamingResponse(endless(said, may_go_on), background=BackgroundTask(said.append, "task")))
        chunks = aiter(answer)
        read = [await anext(chunks)]
        may_go_on.release()
        read.append(await anext(chunks))
        may_go_on.release()
        await chunks.aclose()
        await asyncio.to_thread(answer.close)
        return read

    assert run(visit()) == [b"0", b"1"]
    assert said == ["closed", "task"]


def test_a_disconnect_ends_an_event_stream_that_waits():
    said = []

    def steps():
        try:
            yield "a"
            gevent.sleep(60)
        finally:
            said.append("closed")

    async def visit():
        answer = made(EventSourceResponse(steps()))
        chunks = aiter(answer)
        while b"data: a" not in await anext(chunks):
            pass
        waiting = asyncio.create_task(anext(chunks))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await chunks.aclose()
        await asyncio.to_thread(answer.close)

    run(visit())
    assert said == ["closed"]


def test_asynchronous_content_is_stepped_by_the_loop_of_the_view():
    seen = []

    async def steps():
        seen.append(asyncio.get_running_loop())
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            seen.append("closed")

    async def visit():
        answer = made(EventSourceResponse(steps(), background=BackgroundTask(seen.append, "task")))
        chunks = aiter(answer)
        while b"data: a" not in await anext(chunks):
            pass
        await chunks.aclose()
        await asyncio.to_thread(answer.close)
        return asyncio.get_running_loop()

    loop = run(visit())
    assert seen == [loop, "closed", "task"]


async def async_letters(error=None):
    yield "a"
    await asyncio.sleep(0)
    if error is not None:
        raise error
    yield "b"


def sync_letters(error=None):
    yield "a"
    if error is not None:
        raise error
    yield "b"


LETTERS = pytest.mark.parametrize("letters", [sync_letters, async_letters])


@LETTERS
@pytest.mark.parametrize("middleware", [[OURS], [GZIP, OURS]], ids=["alone", "compressed"])
def test_a_stream_is_sent_completely(letters, middleware):
    answer = run(
        asked_later(
            lambda request: StreamingResponse(letters()), middleware=middleware, headers={"accept-encoding": "gzip"}
        )
    )
    data = answer.data
    if middleware != [OURS]:
        data = gzip.decompress(data)
    assert data == b"ab"


@LETTERS
def test_an_error_after_the_first_chunk_ends_the_transfer_and_the_request(letters):
    ran = []

    async def visit():
        answer = made(StreamingResponse(letters(LookupError("late")), background=BackgroundTask(ran.append, 1)))
        async for _ in answer:
            pass

    with pytest.raises(LookupError, match="late"):
        run(visit())
    assert ran == [1]


def test_a_file_is_sent_block_by_block(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(1_000_000))

    async def visit():
        answer = made(FileResponse(tmp_path / "a.bin"), range="bytes=0-499999")
        sizes = [len(chunk) async for chunk in aiter(answer)]
        answer.close()
        return answer.status_code, sizes

    assert run(visit()) == (206, [262144, 500_000 - 262144])


def shut(closed):
    """Return asynchronous content that waits, and says when it is closed."""

    async def steps():
        try:
            yield "a"
            await asyncio.sleep(60)
        finally:
            closed.set()

    return steps()


@pytest.mark.parametrize("is_begun", [False, True], ids=["before its first step", "after its first step"])
def test_a_stream_that_is_not_sent_is_closed_with_its_request(is_begun):
    closed, done = threading.Event(), threading.Event()

    async def visit():
        async with ThreadSensitiveContext():
            response = StreamingResponse(shut(closed), background=BackgroundTask(done.set))
            answer = await sync_to_async(made)(response)
            if is_begun:
                await anext(aiter(answer))
            del answer
            assert not done.is_set()
        assert await asyncio.to_thread(done.wait, 10)

    run(visit())
    assert closed.is_set() is is_begun


def test_a_stream_that_is_closed_before_its_request_is_over_is_closed_once():
    ran = []

    async def visit():
        async with ThreadSensitiveContext():
            answer = await sync_to_async(made)(
                StreamingResponse(sync_letters(), background=BackgroundTask(ran.append, 1))
            )
            await sync_to_async(answer.close)()
        return ran.copy()

    assert run(visit()) == ran == [1]


@LETTERS
def test_a_stream_that_a_middleware_replaces_is_closed(letters):
    ran = []

    def view(request):
        return StreamingResponse(letters(), background=BackgroundTask(ran.append, 1))

    middleware = ["django_apps.Replacing", OURS]
    answer = run(asked_later(view, middleware=middleware))
    assert (answer.data, ran) == (b"replaced", [1])


@LETTERS
def test_a_stream_for_a_request_of_a_factory_is_read_by_the_loop(letters):
    async def read():
        response = made(StreamingResponse(letters()))
        data = b"".join([chunk async for chunk in response])
        response.close()
        return data

    assert run(read()) == b"ab"


def test_synchronous_content_may_be_read_in_any_thread():
    response = made(StreamingResponse(sync_letters()))
    assert b"".join(response.streaming_content) == b"ab"
    response.close()
    response._body.leave()


def test_an_error_of_content_stepped_in_a_thread_is_raised_by_prepare():
    def steps():
        raise LookupError("early")
        yield "a"

    with pytest.raises(LookupError, match="early"):
        made(StreamingResponse(steps()))


@LETTERS
def test_the_language_of_the_view_is_that_of_the_stream(letters):
    async def later():
        yield translation.get_language()

    def view(request):
        translation.activate("de")
        if letters is async_letters:
            return StreamingResponse(later())
        return StreamingResponse(translation.get_language() for _ in range(1))

    assert run(asked_later(view)).data == b"de"
