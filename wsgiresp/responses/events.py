"""``EventSourceResponse``: server-sent events (WHATWG HTML, Section 9.2)."""

from __future__ import annotations

import functools
import random
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any

from wsgiresp._protocol.event_stream import (
    PING,
    SECOND_PING,
    ToJSON,
    closing_bytes,
    encode,
    last_event_id,
    preamble,
    text_block,
)
from wsgiresp._protocol.header_validation import Field
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.blocking_warning import warn_of_blocking
from wsgiresp._streams.policy import StreamPolicy, outlasting_stop
from wsgiresp._streams.stream_source import Encode
from wsgiresp._types import Background, HeaderFields

from .json import JSONOptions
from .stream import StreamingResponse
from .wrong_content import require_content, require_source_function, require_streamable

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_MAX_SECONDS = 10**9  # s that a timer is set for

RETRY = 3000
"""Milliseconds from which on clients come back after a worker has stopped, where ``retry`` says nothing else."""

# A proxy that keeps, compresses or rewrites the stream keeps its events back; nginx buffers unless it is told.
_FIELDS: tuple[Field, ...] = (("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no"))


class EventSourceResponse(JSONOptions, StreamingResponse):
    """The events that *content* gives, as ``text/event-stream``, each sent as it comes.

    *content*: an iterable or async iterable of events, or a callable that gets the id which the client saw last (None
    at its first visit) and returns one. An event is a :class:`ServerSentEvent`, a ``dict`` of its arguments, or its
    data: ``str`` as it is, anything else as JSON, by ``encoder`` and ``nan`` as in :class:`JSONResponse`.

    *ping*: seconds without an event after which a comment is sent, 0 for none. On a server with threads the content is
    stepped in a thread of its own, with ``ping=0`` in the thread of the view. *retry*: milliseconds after which a
    client connects again. *send_timeout*: seconds, and up to 1.25 times as many, after which a client is dropped that
    acknowledges no bytes. *max_age*: seconds after which the stream ends, so that its client connects again, possibly
    to another worker. *resumable*: whether the stream ends at once when its worker stops, see below. *status_code*,
    *headers*, *media_type* and *background* are as for :class:`StreamingResponse`; Cache-Control and X-Accel-Buffering
    are set unless *headers* contain them.

    The headers are sent at once, with a comment, so that a browser knows that it is connected. When the worker stops,
    the answer to a GET ends at once, and a last ``retry`` spreads the reconnects of the clients. The answer to another
    method, such as POST, runs to its end within the grace period of the server, and is broken off after that.
    *resumable* overrides this for one response. True: its client reconnects and resumes, so it ends at once. False: it
    runs to its end. :class:`StreamingResponse` says what a disconnect does to the content.

    Raises ``TypeError`` for text as content and for a *resumable* that is not a ``bool``, ``ValueError`` for a time
    that is negative, or 0 where None means no limit.

    .. versionchanged:: 0.2
       *resumable* is new; before, every event stream ended at once when its worker stopped. With ``ping=0`` the content
       is stepped in the thread of the view. *send_timeout* took up to twice its time.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        media_type: str | None = None,
        background: Background | None = None,
        *,
        ping: float = 15.0,
        retry: int | None = None,
        send_timeout: float | None = None,
        max_age: float | None = None,
        resumable: bool | None = None,
    ) -> None:
        super().__init__(content, status_code, headers, media_type, background)
        fields = self._field_list()
        given = {name.lower() for name, _ in fields}
        fields.extend(field for field in _FIELDS if field[0].lower() not in given)
        self._every = _policy(
            preamble(retry),
            RETRY if retry is None else retry,
            _seconds("ping", ping),
            _limit("send_timeout", send_timeout),
            _limit("max_age", max_age),
        )
        if resumable is not None:
            if not isinstance(resumable, bool):
                raise TypeError(f"resumable must be a bool or None, got {resumable!r}")
            self.resumable = resumable

    def render_chunk(self, chunk: Any) -> bytes:
        """Return *chunk*, one item of the content, as the block of its event."""
        return encode(chunk, self.encoder.encode)

    def _encode(self) -> Encode:
        if type(self).render_chunk is EventSourceResponse.render_chunk:
            return _encoding(self.encoder.encode)
        return super()._encode()

    def _take_content(self, content: Any) -> None:
        if isinstance(content, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"content of {type(self).__name__} must be an iterable of events, got {content!r}")
        if not callable(content) or isinstance(content, Iterable | AsyncIterable):
            super()._take_content(content)
            return
        name = type(self).__name__
        require_content(name, content)  # our responses, and Flask's, are callable
        require_source_function(name, content)
        self._take_chunks(content)

    def _asked(self, environ: WSGIEnvironment) -> Any:
        content = self._content.content
        if isinstance(content, Iterable | AsyncIterable) or not callable(content):
            return content
        made = content(last_event_id(environ.get("HTTP_LAST_EVENT_ID")))
        require_streamable(f"{type(self).__name__}, as the callable gave it,", made)
        return made

    @property
    def _has_events(self) -> bool:
        return True  # whatever its media type

    def _policy(self, server: ServerProfile, ends_with_worker: bool) -> StreamPolicy:
        warn_of_blocking(server)
        return self._every if ends_with_worker else outlasting_stop(self._every)


@functools.lru_cache
def _policy(preamble: bytes, retry: int, ping: float, send_timeout: float, max_age: float) -> StreamPolicy:
    """Return one object for all streams that behave alike: there may be thousands at a time."""
    return StreamPolicy(
        preamble, PING, SECOND_PING, ping, send_timeout, max_age, functools.partial(_closing_bytes, retry), True
    )


@functools.lru_cache
def _encoding(to_json: ToJSON) -> Encode:
    """Return the encoder of events; it does not reference the response, which need not live as long as its stream."""
    return lambda item: text_block("", item) if type(item) is str else encode(item, to_json)


def _closing_bytes(retry: int) -> bytes:
    """Return the closing bytes: *retry* ms plus a random part of it, or of 1000 if that is more, to spread clients."""
    return closing_bytes(retry + random.randrange(max(retry, 1000)))


def _seconds(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, got {value!r}")
    if not 0 <= value <= _MAX_SECONDS:
        raise ValueError(f"{name} must be a number of seconds that is not negative, got {value!r}")
    return value


def _limit(name: str, value: float | None) -> float:
    if value is None:
        return 0
    seconds = _seconds(name, value)
    if not seconds:
        raise ValueError(f"{name} must be more than 0 seconds, or None, got {value!r}")
    return seconds
