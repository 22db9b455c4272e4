"""Werkzeug's names for the body (``response``, ``data``, ``is_streamed`` ...), over a body that is kept as bytes.

What werkzeug's own code for them does wrong for us is here too: it reads and writes lists on every call, and it loses
the callbacks of ``call_on_close`` in direct passthrough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Self, cast, overload
from urllib.parse import urljoin

from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import get_current_url

from wsgiresp._protocol.content import LENGTHS, announced_length, settle_length, without_content
from wsgiresp._protocol.header_validation import Field
from wsgiresp._protocol.headers import Headers
from wsgiresp._protocol.length_counting import counted
from wsgiresp._protocol.status import BODILESS
from wsgiresp._runtime.close_order import ClosingBody, Step, run_each
from wsgiresp._runtime.server_profile import raise_for_server
from wsgiresp._types import Background, Prepared, send
from wsgiresp.responses._werkzeug.force_type import Adoptable
from wsgiresp.responses.close_steps import close_steps
from wsgiresp.responses.wrong_content import wrong_content

if TYPE_CHECKING:
    from wsgiresp._types import StartResponse, WSGIEnvironment


class WerkzeugBody(Adoptable, WerkzeugResponse):
    """The part of a response that answers to werkzeug's names for the body."""

    direct_passthrough = False
    background: Background | None
    charset: str

    # A body has one of two forms. Plain: _body, and _fields only where there are more than the type and the length.
    # Unfolded, once somebody asked for werkzeug's iterable, which can be changed in place: _response and _fields.
    # The headers are a view of _fields in both forms. Once there is a view, anybody may have changed or removed
    # Content-Length, so each call compares it with the body.
    _body: bytes | None = None
    _type_field: Field
    _fields: list[Field] | None = None
    _response: Iterable[Any] = ()
    _headers: Headers | None = None  # a view of _fields
    _on_close: list[Callable[[], Any]] = []  # noqa: RUF012 - replaced, never changed in place
    _is_spent = False

    if TYPE_CHECKING:

        def prepare(self, environ: WSGIEnvironment) -> Prepared: ...

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request of *environ* (PEP 3333)."""
        try:
            prepared = self.prepare(environ)
        except OSError as error:
            raise_for_server(error, environ)  # no descriptor is left, or a file cannot be read any more
        return send(prepared, start_response)

    def _field_list(self) -> list[Field]:
        """The fields, as the list that every later change is made in."""
        fields = self._fields
        if fields is None:
            # In one step: another thread may be here too, and all must see one list.
            fields = self.__dict__.setdefault("_fields", self._plain_fields(self._body or b""))
        return fields

    def _plain_fields(self, body: bytes) -> list[Field]:
        if self.automatically_set_content_length:
            return [self._type_field, LENGTHS[len(body)]]
        return [self._type_field]

    def _unfold(self) -> list[Field]:
        """Give the body its other form, and return the fields."""
        fields = self._field_list()
        body = self._body
        if body is not None:
            if not body:
                fields = self._view()._list  # without the length
            # In this order, since another thread may call the response in between any two lines.
            self._response = [body] if body else []
            self._body = None
        return fields

    def _view(self) -> Headers:
        fields = self._field_list()
        if self._body == b"":
            fields = _without_zero(fields)
        # In this order: a thread that calls the response and finds the new fields must find that there is a view. And
        # the first view is that of all threads, or a field that is set in another one would not be sent.
        headers: Headers = self.__dict__.setdefault("_headers", Headers.over(fields))
        self._fields = headers._list
        return headers

    @property  # type: ignore[override]  # an attribute of the base class
    def headers(self) -> Headers:
        """The header fields; each change is validated. What is assigned is copied."""
        headers = self._headers
        return self._view() if headers is None else headers

    @headers.setter
    def headers(self, headers: Any) -> None:
        fields: list[Field] = []
        view = Headers.over(fields)
        view.extend(headers)
        self._headers = view
        self._fields = fields

    @property
    def response(self) -> Iterable[Any]:
        """The body as werkzeug's iterable; it may be changed in place, or another one assigned."""
        self._unfold()
        return self._response

    @response.setter
    def response(self, iterable: Iterable[Any]) -> None:
        # The length of the old body goes with it; another one, set on purpose before, stays.
        length = self.calculate_content_length() if self.is_sequence else None
        if length is not None and announced_length(self._unfold()) == length:
            self.headers.remove("Content-Length")
        self._response = iterable
        self._is_spent = False

    @classmethod
    def force_type(cls, response: Any, environ: WSGIEnvironment | None = None) -> Self:
        """Return *response*, werkzeug's or any WSGI application called with *environ*, as one of this class.

        Flask calls it with what its views and error handlers return. One of ours keeps being what it is, too.
        """
        if not isinstance(response, WerkzeugResponse):
            response = WerkzeugResponse.force_type(response, environ)
        if not isinstance(response, WerkzeugBody):
            response = cls._of(response)
        response.__class__ = cls
        return cast(Self, response)

    @classmethod
    def _of(cls, foreign: WerkzeugResponse) -> Self:
        """Return a response of this class with the status, fields, body and callbacks of *foreign*."""
        response = cls.__new__(cls)
        # With what extensions put on it, but for the two that are properties here.
        response.__dict__.update(foreign.__dict__)
        del response.__dict__["headers"], response.__dict__["response"]
        response.headers = foreign.headers
        response.status = foreign.status
        response.response = foreign.response
        return response

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        # Without the views of this one: its headers and its stream.
        twin.__dict__.update(
            {name: value for name, value in self.__dict__.items() if name not in ("_headers", "stream")}
        )
        if self._fields is not None:
            twin._fields = self._fields.copy()
            if self._headers is not None:
                # A view of its own; and its call compares Content-Length, which somebody may have changed already.
                twin._headers = Headers.over(twin._fields)
        if isinstance(self._response, list):
            twin._response = self._response.copy()
        return twin

    @overload
    def get_data(self, as_text: Literal[False] = False) -> bytes: ...
    @overload
    def get_data(self, as_text: Literal[True]) -> str: ...
    def get_data(self, as_text: bool = False) -> bytes | str:
        """The bytes of the body, or with *as_text* its text."""
        body = super().get_data() if self._body is None else self._body
        return body.decode(self.charset) if as_text else body

    def set_data(self, value: bytes | bytearray | memoryview | str) -> None:
        """Replace the body by *value*, text or bytes; Content-Length follows it."""
        if isinstance(value, str):
            body = value.encode(self.charset)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            body = bytes(value)
        else:
            raise wrong_content(type(self).__name__, value)
        self.response = [body]
        if self.automatically_set_content_length:
            self.headers["Content-Length"] = str(len(body))

    # werkzeug's property holds its own functions, so ours must be named anew.
    data = property(get_data, set_data, doc="The bytes of the body: see get_data() and set_data().")

    def calculate_content_length(self) -> int | None:
        """The bytes of the body, or None where only sending it would tell."""
        return super().calculate_content_length() if self._body is None else len(self._body)

    @property
    def is_sequence(self) -> bool:
        """Whether the chunks are all there."""
        return self._body is not None or super().is_sequence

    @property
    def is_streamed(self) -> bool:
        """Whether the number of chunks is unknown."""
        return self._body is None and super().is_streamed

    def iter_encoded(self) -> Iterator[bytes]:
        """The chunks of the body as bytes."""
        return super().iter_encoded() if self._body is None else iter((self._body,))

    def call_on_close(self, func: Callable[[], Any]) -> Callable[[], Any]:
        """Run *func* once, at the first close after the response was called, and return it, so this is a decorator."""
        self._unfold()
        self._on_close = [*self._on_close, func]
        return func

    def close(self) -> None:
        """Close the iterable and run what ``call_on_close`` was given; a second call has no effect.

        The background tasks belong to an answer that is sent: its body's ``close()`` runs them, not this.
        """
        run_each(self._release())

    def _release(self) -> Iterator[Step]:
        close = getattr(self._response, "close", None)
        if close is not None:
            yield close
        callbacks, self._on_close = self._on_close, []
        yield from callbacks

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> WerkzeugHeaders:
        """The fields of the answer to the request of *environ*."""
        return WerkzeugHeaders(self.prepare(environ).headers)

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """The body of the answer to the request of *environ*."""
        return self.prepare(environ).body

    def get_wsgi_response(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[Field]]:
        """The body, the status line and the fields of the answer to the request of *environ*."""
        prepared = self.prepare(environ)
        return prepared.body, prepared.status, prepared.headers

    def _prepare_unfolded(self, environ: WSGIEnvironment) -> Prepared:
        fields = self._field_list().copy()
        if self.autocorrect_location_header:
            fields = absolute_location(fields, environ)
        chunks: Iterable[bytes]
        if self.status_code in BODILESS:
            fields = without_content(fields, self.status_code)
            chunks = ()
        else:
            chunks = self._unfolded_chunks(fields, is_head=environ.get("REQUEST_METHOD") == "HEAD")
        return Prepared(self._status, fields, self._closing(chunks))

    def _unfolded_chunks(self, fields: list[Field], is_head: bool) -> Iterable[bytes]:
        iterable = self._response
        if isinstance(iterable, (list, tuple)):
            chunks = tuple(self.iter_encoded())
            self._settle_length(fields, sum(map(len, chunks)), is_head)
            return () if is_head else chunks
        if isinstance(iterable, Iterator):
            if self._is_spent:
                raise RuntimeError("the body is an iterator that was sent already: make a response for each request")
            self._is_spent = True
        length = announced_length(fields)
        if is_head:
            return ()
        if self.direct_passthrough:
            return iterable
        return self.iter_encoded() if length is None else counted(length, self.iter_encoded())

    def _settled_fields(self, fields: list[Field], length: int, is_head: bool) -> list[Field]:
        """Return a copy of *fields* for an answer with a known body of *length* bytes.

        Raises ``ValueError`` where somebody has changed Content-Length to another number.
        """
        fields = fields.copy()
        if self._headers is not None:
            self._settle_length(fields, length, is_head)
        return fields

    def _settle_length(self, fields: list[Field], length: int, is_head: bool) -> None:
        if is_head and not length and announced_length(fields) is not None:
            return  # An empty body may stand for one that only GET makes (RFC 9110, Section 9.3.2).
        if self.automatically_set_content_length or announced_length(fields) is not None:
            settle_length(fields, length)

    def _closing(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """Return *chunks* with a ``close()`` that releases the response and then runs its background tasks."""
        if chunks is self._response and not self._on_close and self.background is None:
            return chunks  # direct passthrough: the server's own file wrapper is known to it by its type
        steps = close_steps(self, closes=bool(self._on_close or hasattr(self._response, "close")))
        return ClosingBody(chunks, steps) if steps else chunks


def _without_zero(fields: list[Field]) -> list[Field]:
    """Return *fields* without the length of an empty body: as in werkzeug, the call announces it."""
    return [field for field in fields if field is not LENGTHS[0]]


def absolute_location(fields: list[Field], environ: WSGIEnvironment) -> list[Field]:
    """Return *fields* with Location made absolute by the URL of the request: werkzeug's switch, for those who set it.

    Off unless a class sets ``autocorrect_location_header``, since ``Host`` is what the client says.
    """
    base = get_current_url(environ, strip_querystring=True)
    return [(name, urljoin(base, text) if name.lower() == "location" else text) for name, text in fields]
