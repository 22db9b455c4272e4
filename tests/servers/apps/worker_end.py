"""Streams, files and tasks that are under way when the worker ends: see ``test_worker_end.py``."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent

from wsgiresp._tasks.worker_pool import DRAIN_TIMEOUT
from wsgiresp.background import configure
from wsgiresp.responses import (
    BackgroundTask,
    EventSourceResponse,
    FileResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)

log = logging.getLogger("worker_end")
logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s: %(message)s")

configure(drain=float(os.environ.get("DRAIN", DRAIN_TIMEOUT)))
FILES = os.environ.get("FILES", ".")
AGES = 3600  # s
PIECE = b"0123456789abcdef" * 4096
PIECES = 20


def events(word: str) -> Iterator[str]:
    try:
        yield f"{word} of {os.getpid()}"
        gevent.sleep(AGES)
    finally:
        log.info("closed %s", word)


async def events_later(word: str) -> AsyncIterator[str]:
    try:
        yield f"{word} of {os.getpid()}"
        await asyncio.sleep(AGES)
    finally:
        log.info("closed %s", word)


def pieces(word: str) -> Iterator[bytes]:
    """Give a MiB or so in a second."""
    try:
        for _ in range(PIECES):
            yield PIECE
            gevent.sleep(1 / PIECES)
    finally:
        log.info("closed %s", word)


async def pieces_later(word: str) -> AsyncIterator[bytes]:
    try:
        for _ in range(PIECES):
            yield PIECE
            await asyncio.sleep(1 / PIECES)
    finally:
        log.info("closed %s", word)


def without_end(word: str) -> Iterator[str]:
    try:
        while True:
            yield f"{word}\n"
            gevent.sleep(0.05)
    finally:
        log.info("closed %s", word)


async def without_end_later(word: str) -> AsyncIterator[str]:
    try:
        while True:
            yield f"{word}\n"
            await asyncio.sleep(0.05)
    finally:
        log.info("closed %s", word)


def deaf(word: str) -> Iterator[str]:
    yield word
    while True:
        try:
            gevent.sleep(AGES)
        except gevent.GreenletExit:
            log.info("ignored by %s", word)


async def deaf_later(word: str) -> AsyncIterator[str]:
    yield word
    while True:
        try:
            await asyncio.sleep(AGES)
        except asyncio.CancelledError:
            log.info("ignored by %s", word)


def work(seconds: float, word: str) -> None:
    log.info("begun %s", word)
    try:
        gevent.sleep(seconds)
        log.info("done %s", word)
    finally:
        log.info("left %s", word)


async def work_later(seconds: float, word: str) -> None:
    log.info("begun %s", word)
    try:
        await asyncio.sleep(seconds)
        log.info("done %s", word)
    finally:
        log.info("left %s", word)


def work_deaf(word: str) -> None:
    while True:
        try:
            gevent.sleep(AGES)
        except gevent.GreenletExit:
            log.info("ignored by %s", word)


async def work_deaf_later(word: str) -> None:
    while True:
        try:
            await asyncio.sleep(AGES)
        except asyncio.CancelledError:
            log.info("ignored by %s", word)


def after(function: Callable[..., Any], *arguments: Any) -> Response:
    return PlainTextResponse("task\n", background=BackgroundTask(function, *arguments))


ROUTES: dict[str, Callable[[str], Response]] = {
    "text": lambda word: PlainTextResponse(f"{os.getpid()}\n"),
    "events": lambda word: EventSourceResponse(events(word)),
    "async-events": lambda word: EventSourceResponse(events_later(word)),
    "deaf": lambda word: EventSourceResponse(deaf(word)),
    "async-deaf": lambda word: EventSourceResponse(deaf_later(word)),
    "file": lambda word: FileResponse("large.bin", root=FILES, background=BackgroundTask(work, 0, word)),
    "busy-file": lambda word: FileResponse("small.bin", root=FILES, background=BackgroundTask(work, AGES, word)),
    "busy-stream": lambda word: StreamingResponse([PIECE], background=BackgroundTask(work, AGES, word)),
    "busy-events": lambda word: EventSourceResponse([word], background=BackgroundTask(work, AGES, word)),
    "stream": lambda word: StreamingResponse(pieces(word)),
    "async-stream": lambda word: StreamingResponse(pieces_later(word)),
    "endless": lambda word: StreamingResponse(without_end(word)),
    "async-endless": lambda word: StreamingResponse(without_end_later(word)),
    "task": lambda word: after(work, 1, word),
    "async-task": lambda word: after(work_later, 1, word),
    "endless-task": lambda word: after(work, AGES, word),
    "async-endless-task": lambda word: after(work_later, AGES, word),
    "deaf-task": lambda word: after(work_deaf, word),
    "async-deaf-task": lambda word: after(work_deaf_later, word),
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
    """Answer ``/route/word``."""
    route, _, word = environ["PATH_INFO"].lstrip("/").partition("/")
    return ROUTES[route](word)(environ, start_response)
