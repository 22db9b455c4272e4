"""Body of a synchronous stream under ASGI: a WSGI body in a thread of its own, instead of a list of all chunks."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp._types import Prepared


class ThreadBody:
    """The chunks of *body*, which belongs to the one thread of *thread*: for readers in any thread, and any loop."""

    def __init__(self, thread: ThreadPoolExecutor, body: WSGIStreamBody) -> None:
        self._thread = thread
        self._body = body
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._thread.submit(next, self._body, None).result()
        if chunk is None:
            raise StopIteration
        return chunk

    async def step(self) -> bytes | None:
        """Return the next chunk, None at the end; the loop goes on meanwhile."""
        return await asyncio.wrap_future(self._thread.submit(next, self._body, None))

    def leave(self) -> None:
        """Let a step that nobody waits for any more come to its end."""
        if not self._is_closed:
            self._body.stream.abort()

    def close(self) -> None:
        """Close the source, and take what steps come after it."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.submit(self._body.close).result()
            self._thread.shutdown(wait=False)


def in_thread(prepare: Callable[[], Prepared]) -> Prepared:
    """Return the answer of *prepare*, called in a new thread, in which a body that is bound to one is read too."""
    thread = ThreadPoolExecutor(1, "wsgiresp-stream")
    context = contextvars.copy_context()
    try:
        prepared = thread.submit(context.run, prepare).result()
        body: Any = prepared.body
    except BaseException:
        thread.shutdown(wait=False)
        raise
    if isinstance(body, WSGIStreamBody):
        prepared.body = ThreadBody(thread, body)
    else:
        thread.shutdown(wait=False)
    return prepared
