"""Whatever becomes of an answer, its tasks are run, and once: ten thousand answers by chance, twice."""

from __future__ import annotations

import collections
import io
import logging
import random

import gevent
import pytest
from process_fixtures import forget
from responses.wsgi_calls import environ

from wsgiresp import BackgroundTask, BackgroundTasks, FileResponse, JSONResponse, PlainTextResponse, Response
from wsgiresp._tasks import worker_pool
from wsgiresp._tasks.worker_pool import PoolState

RUNS = 10_000
AT_ONCE = 50
SIZE = 600_000  # bytes: three blocks


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(SIZE))
    return path


def unfolded(background):
    response = Response("text", background=background)
    response.headers["X-Late"] = "set after it was made"
    return response


def kinds(path):
    """The ways to make an answer."""
    return [
        lambda background: PlainTextResponse("text", background=background),
        lambda background: JSONResponse({"a": 1}, 201, background=background),
        lambda background: Response(status_code=204, background=background),
        lambda background: Response(response=iter(["a", "b", "c"]), background=background),
        unfolded,
        lambda background: FileResponse(path, background=background),
        lambda background: FileResponse(io.BytesIO(bytes(SIZE)), background=background),
        lambda background: FileResponse(path, offload=Accelerated(), background=background),
    ]


class Accelerated:
    def field(self, place):
        return "X-Path", "/file"


# What a request asks: for a file these are 200, a 304, a 412, a 416, a 206 with one part and one with two.
REQUESTS = [
    {},
    {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_MATCH": '"another"'},
    {"HTTP_RANGE": "bytes=9999999-"},
    {"HTTP_RANGE": "bytes=5-"},
    {"HTTP_RANGE": "bytes=0-9,300000-300009"},
]


def answer(response, chance):
    """Answer one request as a server does, a client that leaves and an error included."""
    fails = chance.random() < 0.05

    def start_response(status, headers, exc_info=None):
        if fails:
            raise BrokenPipeError

    asked = environ(chance.choice(["GET", "HEAD", "POST"]), **chance.choice(REQUESTS))
    try:
        body = response(asked, start_response)
    except BrokenPipeError:
        return
    try:
        # All, none at all, or some of it.
        for number, _ in enumerate(body if chance.random() < 0.8 else ()):
            if number == chance.randrange(4):
                break
    finally:
        for _ in range(chance.choice([1, 1, 2])):
            body.close()


def tasks_for(run, counts, chance):
    """A background that counts in *counts* how often it is run."""

    def count():
        if chance.random() < 0.2:
            gevent.sleep(0)
        counts[run] += 1
        if chance.random() < 0.1:
            raise LookupError("no")

    async def count_later():
        counts[run] += 1

    single = BackgroundTask(count_later if chance.random() < 0.05 else count)
    if chance.random() < 0.5:
        return single
    tasks = BackgroundTasks([BackgroundTask(lambda: 1 / 0)])
    tasks.tasks.append(single)
    return tasks


@pytest.mark.parametrize("under", ["a hub", "no hub"])
def test_each_task_is_run_once(monkeypatch, caplog, path, under):
    caplog.set_level(logging.CRITICAL, "wsgiresp")
    forget(PoolState)
    worker_pool.configure(limit=5)
    chance = random.Random(20240229)
    counts: collections.Counter[int] = collections.Counter()
    makers = kinds(path)

    def one(run):
        answer(chance.choice(makers)(tasks_for(run, counts, chance)), chance)

    if under == "no hub":
        for run in range(RUNS):
            one(run)
    else:
        for first in range(0, RUNS, AT_ONCE):
            greenlets = [gevent.spawn(one, run) for run in range(first, first + AT_ONCE)]
            gevent.joinall(greenlets, timeout=30, raise_error=True)
        worker_pool.drain(30)
    assert counts == dict.fromkeys(range(RUNS), 1)
