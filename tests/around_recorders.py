"""Context managers for ``around`` that record when they are entered and left."""

from __future__ import annotations

import contextlib


class Recorder:
    """``words``: what was entered and left, by the *name* of this and the word of who adds to it."""

    def __init__(self, name="in", words=None):
        self.name = name
        self.words = [] if words is None else words

    @contextlib.contextmanager
    def blocking(self):
        self.words.append(self.name)
        try:
            yield
        finally:
            self.words.append(f"/{self.name}")

    @contextlib.asynccontextmanager
    async def asynchronous(self):
        with self.blocking():
            yield

    def step(self, chunk="chunk"):
        """Add *chunk* to the words and return it."""
        self.words.append(chunk)
        return chunk

    def chunks(self):
        yield self.step()

    async def async_chunks(self):
        yield self.step()

    async def async_task(self):
        self.step("task")


SURROUNDED = ["in", "chunk", "/in", "in", "task", "/in"]
"""The words of a stream of one chunk with a task."""
