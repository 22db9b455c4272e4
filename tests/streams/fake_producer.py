"""Content that brings its own producer, whose source the test steps by hand."""

from __future__ import annotations

from wsgiresp._streams.bounded_buffer import BoundedBuffer


class FakeProducer:
    """The producer of a :class:`ManualContent`: it does nothing by itself."""

    shares_thread = False

    def __init__(self, content, on_readable):
        self._content = content
        self.buffer = BoundedBuffer(on_readable, lambda: None)

    def begin(self):
        self._content.has_begun = True
        for chunk in self._content.chunks:
            self.buffer.put(chunk)
        if self._content.chunks:
            self._content.end()

    def stop(self):
        self._content.stops += 1
        if self._content.ends_when_stopped and not self.buffer.has_ended:
            self._content.end()


class ManualContent:
    """Content of a stream: the test calls :meth:`put` and :meth:`end`, unless it gives *chunks*.

    *ends_when_stopped*: whether the source is closed as soon as it is stopped. ``ends``: "closed", once for each end.
    """

    def __init__(self, ends_when_stopped=True, chunks=()):
        self.chunks = chunks
        self.ends_when_stopped = ends_when_stopped
        self.has_begun = False
        self.stops = 0
        self.ends: list[str] = []

    def __wsgiresp_producer__(self, source, runtime, on_readable):
        self.producer = FakeProducer(self, on_readable)
        return self.producer

    def __aiter__(self):
        raise AssertionError("content that brings a producer is not iterated")

    def put(self, chunk):
        """Make a chunk, unless the reader takes no more."""
        if not self.producer.buffer.is_closed:
            self.producer.buffer.put(chunk)

    def end(self, error=None):
        """End the source, which is closed now."""
        self.ends.append("closed")
        self.producer.buffer.end(error)
