"""``StreamingResponse`` and ``JSONLinesResponse``: the body is made while it is sent."""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers as WerkzeugHeaders

from wsgiresp._protocol.content import OCTET_STREAM, TYPES, announced_length, without_content
from wsgiresp._protocol.header_validation import Field, extend
from wsgiresp._protocol.json_lines import line
from wsgiresp._protocol.status import BODILESS, parse
from wsgiresp._runtime.close_order import ClosingBody, Step
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams.asgi_body import ASGIStreamBody
from wsgiresp._streams.policy import MAY_FINISH, RUN_TO_END, StreamPolicy
from wsgiresp._streams.stream_source import (
    Encode,
    StreamContent,
    StreamSource,
    suits_loop,
    unwrap_stream_with_context,
)
from wsgiresp._streams.wsgi_body import WSGIStreamBody
from wsgiresp._types import Around, Background, HeaderFields, Prepared

from .base import Response
from .class_around import around_of, keep_unbound
from .close_steps import close_steps
from .json import JSONOptions
from .wrong_content import require_streamable

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment


class StreamingResponse(Response):
    """What *content* gives, sent as it comes.

    *content*: an iterator, a generator, any iterable, a file object, or one of the asynchronous kinds; its chunks are
    bytes, text, or a memoryview, and empty ones are left out. *media_type*: ``application/octet-stream`` where it is
    not given. A Content-Length in *headers* is held to: what is too much, or too little, raises. *status_code* and
    *background* are as for :class:`Response`.

    The content is stepped by a greenlet of its own, in one context, up to 256 KiB ahead of the client; chunks that are
    ready together leave together. What it raises before its first chunk is raised by the call of the response; after
    that, the transfer is broken off. When the client leaves, a generator gets ``GreenletExit`` where it waits, or
    ``GeneratorExit`` where it has yielded; of an asynchronous one the task is cancelled.

    An iterator can be sent once: a second call is a ``RuntimeError``. Raises ``TypeError`` for content that gives no
    chunks.
    """

    around: Around | None = None
    """A callable without arguments that returns a context manager, or None. It is called once for the content, whose
    context manager is entered before the first step and left after the content is closed, and once for each attempt of
    each background task. A function that is an attribute of the class does not become a method. Asynchronous content
    and tasks take an asynchronous context manager too.

    .. versionchanged:: 0.2
       A function is called without the response. The context manager is entered around the background tasks too.
    """

    _adapter_around: Around | None = None
    """The callable of an adapter for the content; it includes :attr:`around`. If set, the tasks are bound already."""

    resumable: bool | None = None
    """Whether the stream ends at once when its worker stops. None: only an event stream that answers a GET does.

    .. versionadded:: 0.2
    """

    _content: StreamContent
    _raw: type[bytes] | None = bytes  # what render_chunk() would return as it is

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        media_type: str | None = None,
        background: Background | None = None,
    ) -> None:
        self._take_content(content)
        self._status = parse(status_code)[0]
        if background is not None:
            self._take_background(background)
        if media_type is not None:
            self.media_type = media_type
        self._fields = [TYPES[self.charset][self.media_type or OCTET_STREAM]]
        if headers:
            self._take_content_fields(extend(self._fields, headers))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        keep_unbound(cls)
        cls._raw = bytes if cls.render_chunk is StreamingResponse.render_chunk else None

    def render_chunk(self, chunk: Any) -> bytes:
        """Return the bytes of one *chunk* of the content; a subclass puts its own encoding here."""
        if isinstance(chunk, bytes):
            return chunk
        if isinstance(chunk, str):
            return chunk.encode(self.charset)
        if isinstance(chunk, (bytearray, memoryview)):
            return bytes(chunk)
        raise TypeError(f"a chunk of {type(self).__name__} must be bytes or str, got {chunk!r}")

    def prepare(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer to the request of *environ*, with the first chunk made: see :class:`Prepared`.

        Raises what the content raises before its first chunk, and ``RuntimeError`` where it was sent already.
        """
        return self._prepared(environ, is_on_loop=False)

    def prepare_for_loop(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer for a server that runs on a loop of asyncio's: what is asynchronous is stepped on that.

        Then the body of the answer to the request of *environ* is an asynchronous iterable, begun by its first step or
        by ``await body.begin()``, which raises what the content raises before its first chunk. Otherwise it is that of
        :meth:`prepare`.
        """
        return self._prepared(environ, is_on_loop=True)

    def needs_thread(self, environ: WSGIEnvironment) -> bool:
        """Return whether :meth:`prepare_for_loop` may give a body that must be read and closed in the same thread.

        *environ*: that of the request, whose method may be one that needs no body.
        """
        return self._starts(environ) and not suits_loop(self._content.content)

    @property
    def response(self) -> Iterable[Any]:
        """The body as werkzeug's iterable; another one may be assigned."""
        # Only for those who ask: it makes a circle, which is freed late.
        self._content.encode = self.render_chunk
        return self._response

    @response.setter
    def response(self, iterable: Iterable[Any]) -> None:
        self._response = iterable

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> WerkzeugHeaders:
        """The fields of the answer to the request of *environ*; nothing is started for them."""
        if self._response is not self._content:
            return super().get_wsgi_headers(environ)
        return WerkzeugHeaders(self._answer_fields())

    def iter_encoded(self) -> Iterator[bytes]:
        """The chunks of the body as bytes."""
        return iter(self.response) if self._response is self._content else super().iter_encoded()

    def _take_content(self, content: Any) -> None:
        if isinstance(content, (str, bytes, bytearray, memoryview)):
            content = (content,)  # one chunk: by itself it would be sent character by character
        require_streamable(type(self).__name__, content)
        self._take_chunks(content)

    def _take_chunks(self, content: Any) -> None:
        self._response = self._content = StreamContent(unwrap_stream_with_context(content))

    def _starts(self, environ: WSGIEnvironment) -> bool:
        """Return whether the answer to the request of *environ* needs the content."""
        return (
            self._response is self._content and self.status_code not in BODILESS and environ["REQUEST_METHOD"] != "HEAD"
        )

    def _prepared(self, environ: WSGIEnvironment, *, is_on_loop: bool) -> Prepared:
        chunks = self._content
        if self._response is not chunks:
            return self._prepare_unfolded(environ)  # somebody has put another body in its place
        fields = self._answer_fields()
        chunks.mark_used()
        if not self._starts(environ):
            return Prepared(self._status, fields, self._unsent(chunks))
        unused: StreamContent | StreamSource = chunks
        body: Any
        try:
            around = self._adapter_around or around_of(self)
            encode, asked = self._encode(), self._asked(environ)
            if asked is not chunks.content:
                unused = StreamContent(asked)  # what a callable has returned
            source = unused = StreamSource(asked, encode, contextvars.copy_context(), around, self._raw)
            server = ServerProfile(environ)
            policy, length = self._policy(server, self._ends_with_worker(environ, source)), announced_length(fields)
            if is_on_loop and source.suits_loop:
                body = ASGIStreamBody(source, self._after(), policy, length)
                return Prepared(self._status, fields, body)
            body = WSGIStreamBody(server, source, self._after(), policy, length)
        except BaseException:
            self._unsent(unused).close()
            raise
        body.begin()
        return Prepared(self._status, fields, body)

    def _asked(self, environ: WSGIEnvironment) -> Any:
        """Return the content for this request."""
        return self._content.content

    def _encode(self) -> Encode:
        """Return the chunk encoder."""
        return self.render_chunk

    def _ends_with_worker(self, environ: WSGIEnvironment, source: StreamSource) -> bool:
        """Return whether the body for the request of *environ* ends at once when the worker stops.

        The client of an event stream connects again by itself, with GET (WHATWG HTML, Section 9.2.3). Any other client
        would take a part of the body for the whole, and would not repeat a POST.
        """
        resumable = self.resumable
        if resumable is None:
            resumable = environ["REQUEST_METHOD"] == "GET" and self._has_events
        # Content that is pushed to its streams has no end of its own.
        return resumable or source.brings_producer

    @property
    def _has_events(self) -> bool:
        """Whether the body is an event stream."""
        return self.mimetype == "text/event-stream"

    def _policy(self, server: ServerProfile, ends_with_worker: bool) -> StreamPolicy:
        """Return the stream policy of the body."""
        return MAY_FINISH if ends_with_worker else RUN_TO_END

    def _answer_fields(self) -> list[Field]:
        fields = self._field_list().copy()
        code = self.status_code
        return without_content(fields, code) if code in BODILESS else fields

    def _unsent(self, unused: StreamContent | StreamSource) -> ClosingBody:
        return ClosingBody((), [unused.close_unused, *self._after()])

    def _after(self) -> list[Step]:
        """What the body's ``close()`` does once the content is closed."""
        return close_steps(self, closes=bool(self._on_close))


class JSONLinesResponse(JSONOptions, StreamingResponse):
    """What *content* gives, each as a JSON document on a line of its own (``application/jsonl``), sent as it comes.

    *content*: an iterable or async iterable of what :class:`JSONResponse` takes; ``encoder`` and ``nan`` are as there,
    but for an encoder that writes more than one line, which is a ``ValueError``. U+0085, U+2028 and U+2029 are escaped:
    many readers take them for the end of a line.

    *status_code*, *headers*, *media_type* (``application/jsonl`` where it is not given) and *background* are as for
    :class:`StreamingResponse`, and so is what happens on the way.
    """

    media_type = "application/jsonl"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if b"\n" in cls.encoder.encode([{"name": 0, "other": 0}]):
            raise ValueError(f"encoder of {cls.__name__} must write a document on one line, got {cls.encoder!r}")

    def render_chunk(self, chunk: Any) -> bytes:
        """Return *chunk*, one item of the content, as its line, with the LF that ends it."""
        return line(self.encoder.encode(chunk))
