"""A response with losses of its own, by which the tests see that the injector finds some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faults.scenarios import add

CHUNKS = [b"one|", b"two|"]


def add_all() -> None:
    """Add the scenario."""
    add("planted", lambda record: _Response(record.source(CHUNKS)), b"".join(CHUNKS))


class _Response:
    """Ends well whatever its source raises, and closes that only at its end."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __call__(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        try:
            yield from self._source
        except LookupError:
            return
        self._source.close()
