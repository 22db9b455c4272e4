"""One response answers many requests at once, from threads and from greenlets, and each answer is the same."""

from __future__ import annotations

import functools
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gevent
import pytest
from responses.wsgi_calls import start
from runtime.runners import run_others

import wsgiresp
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    HTMLResponse,
    JSONLinesResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

GREENLETS = 50
THREADS = 8
BIG = b"0123456789" * 10_000
SOURCE = str(Path(wsgiresp.__file__).parent)


def with_cookies():
    response = JSONResponse({"a": 1})
    response.set_cookie("theme", "dark")
    response.set_cookie("session", "1", max_age=60)
    return response


def unfolded():
    response = HTMLResponse("<p>")
    response.headers["X-Late"] = "1"
    return response


def in_chunks():
    return Response(response=[b"a", "ü", b"c"])


def from_a_class_that_renders():
    class Upper(Response):
        media_type = "text/plain"

        def render(self, content):
            return content.upper().encode()

    return Upper("ü")


MAKERS = [
    pytest.param(lambda: Response(BIG), id="plain"),
    pytest.param(lambda: Response(), id="empty"),
    pytest.param(lambda: Response(BIG, background=BackgroundTask(len, BIG)), id="with a background"),
    pytest.param(with_cookies, id="with cookies"),
    pytest.param(unfolded, id="with headers that were asked for"),
    pytest.param(in_chunks, id="in chunks"),
    pytest.param(lambda: RedirectResponse("/ü", headers={"X-A": "b"}), id="a redirect"),
    pytest.param(lambda: Response("x", 204), id="without content"),
    pytest.param(from_a_class_that_renders, id="from a class that renders"),
]

STREAMS = [
    pytest.param(lambda: StreamingResponse(["a", BIG, "ü"], headers={"X-A": "b"}), id="a stream"),
    pytest.param(lambda: StreamingResponse(["a", "b"], headers={"Content-Length": "2"}), id="a stream of a length"),
    pytest.param(lambda: JSONLinesResponse([{"a": 1}, [2]]), id="lines"),
    pytest.param(lambda: EventSourceResponse(lambda last_event_id: ["a", {"data": 1, "event": "b"}]), id="events"),
]


def answer(response, pause, method="GET"):
    """Return the status, the fields and the body of one call, with a *pause* for the others before each step."""
    pause()
    answer = start(response, method)
    pause()
    for chunk in answer.iterable:
        answer.chunks.append(chunk)
        pause()
    answer.close()
    return answer.status, answer.headers, answer.body


def answers_of_greenlets(response):
    """Return the answers of greenlets that take turns at every step."""
    greenlets = [gevent.spawn(answer, response, lambda: gevent.sleep(0)) for _ in range(GREENLETS)]
    gevent.joinall(greenlets, timeout=10, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


def answers_at_once(response):
    """Return the answers of threads that begin together, in one of which the greenlets run."""
    together = threading.Barrier(THREADS + 1, timeout=10)

    def of_a_thread():
        together.wait()
        return [answer(response, lambda: None)]

    def of_the_greenlets():
        together.wait()
        try:
            return answers_of_greenlets(response)
        finally:
            run_others()  # for the greenlets of the pool
            gevent.get_hub().destroy(destroy_loop=True)

    with ThreadPoolExecutor(THREADS + 1) as pool:
        running = [pool.submit(of_the_greenlets), *(pool.submit(of_a_thread) for _ in range(THREADS))]
        return list(itertools.chain.from_iterable(future.result(10) for future in running))


@pytest.mark.parametrize("make", [*MAKERS, *STREAMS])
def test_all_answers_are_equal(make):
    alone = answer(make(), lambda: None)
    assert answers_at_once(make()) == [alone] * (GREENLETS + THREADS)


@pytest.mark.parametrize("make", [*MAKERS, *STREAMS])
def test_the_background_runs_once_for_each_answer(make):
    runs = itertools.count()
    response = make()
    response.background = BackgroundTask(lambda: next(runs))
    alone = answer(make(), lambda: None)
    assert answers_at_once(response) == [alone] * (GREENLETS + THREADS)
    assert next(runs) == GREENLETS + THREADS


@pytest.mark.parametrize("make", MAKERS)
def test_concurrent_answers_do_not_change_the_response(make):
    response = make()
    before = (response.status, list(response.headers), response.body)
    answers_at_once(response)
    assert (response.status, list(response.headers), response.body) == before


def interrupted(first, second, at):
    """Return what *first* returns and, unless it has fewer lines, what *second* does in front of its *at*-th line.

    As if another thread came in there.
    """
    results = []
    lines = itertools.count()

    def trace(frame, event, argument):
        if not frame.f_code.co_filename.startswith(SOURCE):
            return None
        if event == "line" and next(lines) == at:
            sys.settrace(None)
            results.append(second())
        return trace

    def traced():
        sys.settrace(trace)
        try:
            results.append(first())
        finally:
            sys.settrace(None)

    # In a thread of its own: what else traces, to measure coverage, goes on in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(traced).result(10)
    return results


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("make", MAKERS)
def test_a_call_may_be_interrupted_by_another_at_any_line(make, method):
    alone = answer(make(), lambda: None, method)
    for at in itertools.count():
        call = functools.partial(answer, make(), lambda: None, method)
        answers = interrupted(call, call, at)
        assert answers == [alone] * len(answers)
        if len(answers) == 1:
            break
    assert at > 1


def look_at_headers(response):
    assert response.headers is not None


def look_at_chunks(response):
    assert response.response is not None


LOOKS = [pytest.param(look_at_headers, id="its headers"), pytest.param(look_at_chunks, id="its chunks")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("is_called_first", [True, False], ids=["the call is interrupted", "the look is interrupted"])
def test_a_look_at_the_response_changes_no_answer(is_called_first, make, look, method):
    alone = answer(make(), lambda: None, method)
    for at in itertools.count():
        response = make()
        steps = [lambda r=response: answer(r, lambda: None, method), lambda r=response: look(r)]
        results = interrupted(*(steps if is_called_first else reversed(steps)), at)
        if len(results) == 1:
            break
        assert [result for result in results if result is not None] == [alone]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("make", MAKERS)
def test_all_who_look_get_the_headers_that_are_sent(make, look):
    for at in itertools.count():
        response = make()
        results = interrupted(lambda r=response: r.headers, lambda r=response: (look(r), r.headers)[1], at)
        results[0]["X-Late"] = "1"
        results[-1]["X-Later"] = "1"
        assert {("X-Late", "1"), ("X-Later", "1")} <= set(answer(response, lambda: None)[1])
        if len(results) == 1:
            break
    assert at > 1
