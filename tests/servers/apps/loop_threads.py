"""Asynchronous streams that work in threads of the loop: see ``test_loop_threads.py``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from gevent import monkey

from wsgiresp.responses import StreamingResponse

allocate_lock = monkey.get_original("_thread", "allocate_lock")
PATIENCE = 20


async def words() -> AsyncIterator[str]:
    """Give one word, made in a thread."""
    yield await asyncio.to_thread("from a thread".strip)


async def look_up() -> AsyncIterator[str]:
    """Give what a look-up finds that ends only once another stream has gone on meanwhile."""
    loop = asyncio.get_running_loop()
    release = allocate_lock()
    release.acquire()

    def slow() -> bool:
        return bool(release.acquire(timeout=PATIENCE))

    ticking = asyncio.ensure_future(tick(release.release))
    found = await loop.getaddrinfo("127.0.0.1", 80)
    has_ticked = await asyncio.to_thread(slow)
    await ticking
    yield f"{found[0][4][0]} {has_ticked}"


async def tick(then: Callable[[], object]) -> None:
    """Let the loop run a while before *then* is called."""
    for _ in range(10):
        await asyncio.sleep(0.01)
    then()


async def program() -> AsyncIterator[bytes]:
    """Give what a program prints."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('child')", stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    yield out + str(child.returncode).encode()


SOURCES = {"/words": words, "/look-up": look_up, "/program": program}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the source of the path."""
    return StreamingResponse(SOURCES[environ["PATH_INFO"]](), media_type="text/plain")(environ, start_response)
