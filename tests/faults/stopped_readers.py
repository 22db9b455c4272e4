"""Streams whose clients read nothing, closed while there is no memory: ``python stopped_readers.py COUNT``.

Prints, as JSON, how many streams are open then, how many sources are closed, and how many tasks have run. To be run by
``test_no_memory.py``.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from collections.abc import Iterator

import gevent
from responses.wsgi_calls import environ

from wsgiresp._runtime.process import part
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp.background import BackgroundTask
from wsgiresp.responses import StreamingResponse

CHUNK = bytes(16_000)  # one object for all streams: they wait with full buffers that take no memory
ROOM = 1 << 20  # bytes that are left before the rest is filled
PIECES = (140_000, 30_000)  # bytes: what fills it; the last is less than a copy of a buffer
PATIENCE = 8.0  # s

happened: Counter[str] = Counter()


def chunks() -> Iterator[bytes]:
    try:
        while True:
            yield CHUNK
    finally:
        happened["closed"] += 1


def begun():
    response = StreamingResponse(chunks(), background=BackgroundTask(happened.update, ["tasks"]))
    return response(environ(), lambda status, headers: None)


def main(count: int) -> None:
    bodies = [begun() for _ in range(count)]
    gevent.sleep(0.1)
    fill: list[bytes] = []
    with open("/proc/self/statm") as pages:
        size = int(pages.read().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, limits[1]))
    for much in PIECES:
        try:
            while True:
                fill.append(bytes(much))
        except MemoryError:
            continue
    del fill[-1:]
    for body in bodies:
        body.close()
    fill.clear()
    resource.setrlimit(resource.RLIMIT_AS, limits)
    with gevent.Timeout(PATIENCE, False):
        while happened["closed"] < count or happened["tasks"] < count:
            gevent.sleep(0.01)
    print(json.dumps({"open": len(part(OpenStreams).streams), **happened}))


gevent.spawn(main, int(sys.argv[1])).join()
