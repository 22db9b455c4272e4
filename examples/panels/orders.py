"""Orders that are answered at once, and the tasks that run after the answer, as events."""

from __future__ import annotations

import itertools
import logging
import os
import time
from collections.abc import Iterator

from journal import parse_number
from werkzeug.wrappers import Request

from wsgiresp import BackgroundTasks
from wsgiresp.responses import EventSourceResponse, JSONResponse, Response, ServerSentEvent

log = logging.getLogger("demo")

TASKS = {"confirm": 0.4, "pack": 0.8, "send": 0.4}  # s for each
LOOK_EVERY = 0.05  # s
KEPT = 50

numbers = itertools.count(1)
orders: dict[str, list[ServerSentEvent]] = {}


def take(request: Request) -> Response:
    """JSONResponse with BackgroundTasks: POST, 202, and three tasks after it"""
    # The number of one worker is not that of another.
    number = f"{os.getpid()}-{next(numbers)}"
    done: list[ServerSentEvent] = []
    orders[number] = done
    for old in list(orders)[:-KEPT]:
        del orders[old]
    tasks = BackgroundTasks()
    answered = time.monotonic()
    for name, seconds in TASKS.items():
        tasks.add_task(work, number, done, name, seconds, answered)
    log.info("order %s: answered", number)
    return JSONResponse({"order": number}, status_code=202, background=tasks)


def work(number: str, done: list[ServerSentEvent], name: str, seconds: float, answered: float) -> None:
    """Do what takes *seconds*, and tell that it is done."""
    time.sleep(seconds)
    took = round(1000 * (time.monotonic() - answered))
    log.info("order %s: %s is done", number, name)
    left = len(TASKS) - len(done) - 1
    done.append(ServerSentEvent({"task": name, "ms": took, "left": left}, event="task", id=len(done) + 1))


def follow(request: Request) -> Response:
    """EventSourceResponse: ?order=, its tasks as they are done; 204 where it is not known, or is known to be done"""
    done = orders.get(request.args.get("order", ""))
    if done is None or request.headers.get("Last-Event-ID") == str(len(TASKS)):
        return Response(status_code=204)  # a browser does not connect again

    def events(last_id: str | None) -> Iterator[ServerSentEvent]:
        seen = parse_number(last_id or "")
        deadline = time.monotonic() + 2 * sum(TASKS.values()) + 5
        while seen < len(TASKS) and time.monotonic() < deadline:
            for event in done[seen:]:
                seen += 1
                yield event
            time.sleep(LOOK_EVERY)

    return EventSourceResponse(events, retry=500)
