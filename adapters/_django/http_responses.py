"""Subclasses of Django's HttpResponse that hold our answers: known bodies, streams, files."""

from __future__ import annotations

import functools
import http.client
from collections.abc import Iterable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.cookie import SimpleCookie
from django.http.response import HttpResponseBase, ResponseHeaders

from wsgiresp.adapters._django.cookies import add_cookie

_CONTENT_FORBIDDEN = frozenset({*range(100, 200), 204, 304})
_NO_NAMES: frozenset[str] = frozenset()
_LENGTH = frozenset({"content-length"})
_CODING = frozenset({"content-encoding"})


class _Converted(HttpResponseBase):
    # Fields that has_header() tells of though they are not there, for those who would add them.
    _kept_out = _NO_NAMES
    # Whether it answers HEAD. Middleware sees what it would of GET, so that the fields are those of GET (RFC 9110,
    # Section 9.3.2): one that compresses looks at the length. The server gets nothing.
    _is_head = False

    def has_header(self, header: str) -> bool:
        """Return whether there is a field of this name, or must be none."""
        return header.lower() in self._kept_out or super().has_header(header)

    @property
    def url(self) -> str:
        """The target of a redirect, as that of Django's own redirects."""
        try:
            return self.headers["Location"]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} without a Location has no url") from None

    def __getstate__(self) -> dict[str, Any]:
        # For caches: what ends with this request is no part of the answer.
        return {**self.__dict__, "_resource_closers": []}


class _Stream(_Converted, StreamingHttpResponse):
    _iterator: Any
    _body: Any
    """What was prepared; the iterator may be another one, which a middleware has put around it."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(()) if self._is_head else super().__iter__()

    def __aiter__(self) -> _Chunks:
        """Give the chunks under ASGI, one by one: Django would make a list of them first."""
        return _Chunks(self)


class _Chunks:
    """The chunks of *response*, for a server under ASGI. No generator: it is closed when the server says so."""

    def __init__(self, response: _Stream) -> None:
        self._response = response
        self._body = response._body
        self._is_over = False
        content: Any = iter(()) if response._is_head else response.streaming_content
        if response.is_async:
            self._step = functools.partial(anext, content, None)
        elif response._iterator is self._body and hasattr(self._body, "step"):
            self._step = self._body.step
        else:
            self._step = functools.partial(sync_to_async(next), content, None)

    def __aiter__(self) -> _Chunks:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk: bytes | None = await self._step()
        except Exception:
            # Django closes no response that failed. A cancellation is none: the client has left.
            await self.aclose()
            await sync_to_async(self._response.close)()
            raise
        if chunk is None:
            self._is_over = True
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close what is asynchronous on its loop; have what is not come to the end of its step."""
        if hasattr(self._body, "leave") and not self._is_over:
            self._body.leave()
        if hasattr(self._body, "aclose"):
            await self._body.aclose()


class DjangoResponse(_Converted, HttpResponse):
    """An answer whose body is known; its Content-Length follows what middleware makes of the content."""

    _container: list[bytes]

    @property
    def content(self) -> bytes:
        """The body; anything that Django takes may be assigned."""
        return b"".join(self._container)

    @content.setter
    def content(self, value: Any) -> None:
        HttpResponse.content.fset(self, value)  # type: ignore[attr-defined]  # no property in the stubs
        self._measure()

    def write(self, content: Any) -> None:
        """Add *content* to the body."""
        super().write(content)
        self._measure()

    def __iter__(self) -> Iterator[bytes]:
        return iter(()) if self._is_head else super().__iter__()

    def _measure(self) -> None:
        length = sum(map(len, self._container))
        # Who takes the body of an answer to HEAD away, as servers do, means that of GET.
        if "Content-Length" in self.headers and (length or not self._is_head):
            self.headers["Content-Length"] = str(length)


class DjangoStreamingResponse(_Stream):
    """An answer whose body is made while it is sent."""


class DjangoFileResponse(_Stream, FileResponse):
    """An answer that sends a file, by the server's file wrapper where it has one."""

    # What Django's constructor sets.
    file_to_stream: Any = None
    as_attachment, filename, _no_explicit_content_type = False, "", False

    def close(self) -> None:
        """Close the file, run what comes after it, and end the request.

        Raises ``EOFError`` where the file is shorter than was announced, so that the server breaks the transfer off.
        """
        try:
            # Not among the closers, of whose errors Django tells nobody. What HEAD sends may have none.
            getattr(self._body, "close", bool)()
        finally:
            super().close()


class _Shown:
    """*reader* as a file whose ``close`` is to be replaced: WSGIHandler puts that of the response there."""

    def __init__(self, reader: Any) -> None:
        self.read = reader.read
        self.seek = reader.seek
        self.tell = reader.tell
        self.seekable = reader.seekable
        if hasattr(reader, "fileno"):
            self.fileno = reader.fileno


def known(status: str, fields: Iterable[tuple[str, str]], content: bytes, *, is_head: bool = False) -> DjangoResponse:
    """Return the answer with *content* and the status line *status*."""
    response: DjangoResponse = _begun(DjangoResponse, status, fields)
    response._container = [content]
    if is_head:
        response._is_head = True
    if response.status_code in _CONTENT_FORBIDDEN:
        # CommonMiddleware would add one, and there MUST NOT be any: RFC 9110, Section 8.6.
        response._kept_out = _LENGTH
    return response


def streaming(
    kind: type[DjangoStreamingResponse | DjangoFileResponse],
    status: str,
    fields: Iterable[tuple[str, str]],
    body: Any,
    *,
    is_head: bool = False,
) -> DjangoStreamingResponse | DjangoFileResponse:
    """Return the answer of that *kind* that sends *body*, an iterable or an asynchronous iterable of bytes."""
    response: DjangoStreamingResponse | DjangoFileResponse = _begun(kind, status, fields)
    response._body = body
    response._is_head = is_head
    response.is_async = hasattr(body, "__aiter__")
    # An iterator is not asked yet: a stream that HTTP/1.0 ends by its connection takes that from then on.
    response._iterator = aiter(body) if response.is_async else body if hasattr(body, "__next__") else iter(body)
    _keep_from_compressing(response)
    return response


def file(status: str, fields: Iterable[tuple[str, str]], reader: Any, block: int) -> DjangoFileResponse:
    """Return the answer that sends *reader* in blocks of *block* bytes, by the server's wrapper where it has one."""
    response: DjangoFileResponse = _begun(DjangoFileResponse, status, fields)
    response._body = reader
    response.file_to_stream = shown = _Shown(reader)
    response.block_size = block
    response.is_async = False
    response._iterator = iter(lambda: shown.read(response.block_size), b"")
    _keep_from_compressing(response)
    return response


def _begun(kind: Any, status: str, fields: Iterable[tuple[str, str]]) -> Any:
    """Return a response of *kind* without a body.

    What its constructors do is done here: they look at each field again, which costs 9 of 24 us.
    """
    response = kind.__new__(kind)
    response.headers = headers = ResponseHeaders({})
    response.cookies = cookies = SimpleCookie()
    response._charset = response._handler_class = None
    response._resource_closers = []
    response.closed = False
    response.status_code = code = int(status[:3])
    phrase = status[4:]
    # None for the usual one, so that it follows a status that somebody sets later.
    response._reason_phrase = None if http.client.responses.get(code) == phrase else phrase
    store = headers._store
    repeated: dict[str, list[str]] = {}
    for name, value in fields:
        key = name.lower()
        if key == "set-cookie":
            add_cookie(cookies, value)
        elif key in store:
            repeated.setdefault(key, [store[key][1]]).append(value)
        else:
            store[key] = name, value
    for key, values in repeated.items():
        # RFC 9110, Section 5.3; Django has one line for each name.
        store[key] = store[key][0], ", ".join(values)
    return response


def _keep_from_compressing(response: Any) -> None:
    """Have GZipMiddleware leave it: the bytes of a part are those of the plain whole, and events must not wait."""
    if response.status_code == 206 or response.headers.get("Content-Type", "").startswith("text/event-stream"):
        response._kept_out = _CODING
