"""Encoder of server-sent events (WHATWG HTML, Section 9.2): what a reader would take apart is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .header_validation import exact

ToJSON: TypeAlias = Callable[[object], bytes]
"""What makes the data of an event that is no text: one JSON document in UTF-8, such as ``JSONEncoder.encode``."""

# Without a blank line, which would dispatch nothing by the standard. httpx-sse takes every blank line for the end of an
# event once it has seen an id, and a block of retry alone for an event too: its user would be given one without data.
PING = b": ping\n"
"""A comment, to be sent between two blocks while there is nothing else to send."""

SECOND_PING = b":\n"
"""A comment that says nothing, to be sent after PING where only a second write shows whether anybody is there."""


class ServerSentEvent:
    """One event, checked when it is made and immutable from then on, to be sent to any number of clients.

    *data*: a ``str`` goes out as it is, anything else as JSON; with ``None`` the event has no data, and a browser does
    not dispatch it. *raw_data*: text, for those who come from FastAPI; the same as ``data`` with a ``str``. *event*:
    the type, ``"message"`` for a browser where it is missing or empty. *id*: what the client sends back as
    Last-Event-ID; an ``int`` is taken as its digits, an empty one makes the client forget. *retry*: milliseconds until
    a client connects again. *comment*: text of one or several lines that no client shows.

    Line ends are LF, CR and CRLF; a reader gets LF for each of those in the data (WHATWG HTML, Section 9.2.6).

    Raises ``ValueError`` for a line end or NUL in *event* or *id*, for a negative *retry*, for lone surrogates, which
    have no UTF-8, and for *data* beside *raw_data*; ``TypeError`` for anything of a type not named here.
    """

    # The block is written once, here: that finds what has no UTF-8 while the one who made the event is on the stack,
    # and a thousand clients share the bytes. Data that becomes JSON may still change, so then only the head is kept.
    __slots__ = ("_block", "_comment", "_data", "_event", "_head", "_id", "_raw_data", "_retry")

    def __init__(
        self,
        data: Any = None,
        *,
        raw_data: str | None = None,
        event: str | None = None,
        id: str | int | None = None,
        retry: int | None = None,
        comment: str | None = None,
    ) -> None:
        head = ""
        if comment is not None:
            comment = _text("comment", comment)
            lines = line_feeds(comment).replace("\n", "\n: ")
            head = f": {lines}\n"
        if event is not None:
            # No line end, no NUL and no surrogate is printable: most names are known to be right in one look.
            if type(event) is not str or not event.isprintable():
                event = _line("event", event)
            head = f"{head}event: {event}\n"
        if id is not None:
            if type(id) is not str or not id.isprintable():
                id = _identifier(id)
            head = f"{head}id: {id}\n"
        if retry is not None:
            retry = _milliseconds(retry)
            head = f"{head}retry: {retry}\n"
        self._data = data
        self._raw_data = raw_data
        self._event = event
        self._id = id
        self._retry = retry
        self._comment = comment
        if type(data) is str and raw_data is None:
            if "\n" in data or "\r" in data:
                self._block: bytes | None = text_block(head, data)
                return
            try:
                # As there; but the call is a twentieth of what a short event costs.
                self._block = f"{head}data: {data}\n\n".encode()
            except UnicodeEncodeError:
                raise _lone_surrogate("data", data) from None
        else:
            # Where there is nothing to dispatch, and no id to be kept, a blank line would mean nothing: see PING.
            end = "" if event is None and id is None else "\n"
            self._head, self._block = _halves(head, data, raw_data, end)

    @property
    def data(self) -> Any:
        """The data as it was given."""
        return self._data

    @property
    def raw_data(self) -> str | None:
        """The text that was given as such."""
        return self._raw_data

    @property
    def event(self) -> str | None:
        """The type of the event."""
        return self._event

    @property
    def id(self) -> str | None:
        """The id, as text."""
        return self._id

    @property
    def retry(self) -> int | None:
        """The milliseconds until a client connects again."""
        return self._retry

    @property
    def comment(self) -> str | None:
        """The comment."""
        return self._comment

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, ServerSentEvent) else NotImplemented

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self._fields().items() if value is not None]
        return f"{type(self).__name__}({', '.join(given)})"

    def _fields(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in FIELDS}


FIELDS = ("data", "raw_data", "event", "id", "retry", "comment")
"""The keys that a dict may have which stands for an event: the arguments of ServerSentEvent."""


def encode(item: object, to_json: ToJSON) -> bytes:
    """Return *item* as one block of the stream, with the blank line after it that dispatches it.

    An event of a comment or retry alone has no blank line, and one without any field is no bytes.

    *item*: a ServerSentEvent, a ``dict`` of its arguments, or else the data of an event that has nothing but data; of
    these ``None`` is JSON's null. *to_json* writes the data that is no ``str``.

    Raises what ServerSentEvent and *to_json* raise, and ``ValueError`` for a ``dict`` that is empty or has another key:
    it is data, most likely, and that goes into ``{"data": ...}``. ``TypeError`` for bytes: they may be a block that
    was written elsewhere, or text.
    """
    if type(item) is str:
        return text_block("", item)
    # In one look for all but a subclass.
    if type(item) is ServerSentEvent or isinstance(item, ServerSentEvent):
        block = item._block
        return _json_block(item._head, to_json(item._data)) if block is None else block
    if isinstance(item, dict):
        return encode(_from_dict(item), to_json)
    if isinstance(item, str):
        return text_block("", _characters(item))
    if isinstance(item, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"an event must not be {item.__class__.__name__}: decode it, or send whole blocks by"
            ' StreamingResponse(blocks, media_type="text/event-stream")'
        )
    return _json_block(b"", to_json(item))


def preamble(retry: int | None) -> bytes:
    """Return the first bytes of a stream, which let a browser know that it is open; *retry* in ms, None to say nothing.

    Without a blank line: see PING. Raises as ServerSentEvent does for *retry*.
    """
    return b": open\n" if retry is None else b": open\n" + closing_bytes(retry)


def closing_bytes(retry: int) -> bytes:
    """Return the last bytes of a stream whose client is to connect again in *retry* ms, without a blank line: see PING.

    Raises as ServerSentEvent does for *retry*.
    """
    return b"retry: %d\n" % _milliseconds(retry)


def last_event_id(environ_value: str | None) -> str | None:
    """Return the id that a client saw last, of ``HTTP_LAST_EVENT_ID`` as it stands in the environ, or None.

    Browsers send UTF-8 (WHATWG HTML, Section 9.2.3), WSGI hands over latin-1 (PEP 3333, "Unicode Issues"). What is no
    UTF-8 is returned as it came: other clients send latin-1.
    """
    if environ_value is None or environ_value.isascii():
        return environ_value
    try:
        return environ_value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return environ_value


def line_feeds(text: str) -> str:
    """Return *text* with each line end as LF. Of CR, LF and CRLF only: no other is one in a stream of events."""
    # Not str.splitlines(), which also cuts at U+0085, U+2028 and others; and no re.split(), which takes three to five
    # times as long.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_dict(item: dict[Any, Any]) -> ServerSentEvent:
    if not item:
        raise ValueError('an event must have a field, got {}: a dict that is data goes into {"data": ...}')
    try:
        return ServerSentEvent(**item)
    except TypeError:
        unknown = [key for key in item if key not in FIELDS]
        if not unknown:
            raise
    raise ValueError(
        f"an event has the fields {', '.join(FIELDS)}, got {unknown[0]!r}: "
        'a dict that is data goes into {"data": ...}'
    )


def _halves(head: str, data: object, raw_data: str | None, end: str) -> tuple[bytes, bytes | None]:
    """Return the block up to its data, and the whole block, or None in its place where the data needs JSON.

    *end* is that of a block without data.
    """
    if raw_data is not None:
        if data is not None:
            raise ValueError(f"data and raw_data must not both be given, got {data!r} and {raw_data!r}")
        if not isinstance(raw_data, str):
            raise TypeError(f"raw_data must be a str, got {raw_data!r}")
        return b"", text_block(head, _characters(raw_data), "raw_data")
    if isinstance(data, str):
        return b"", text_block(head, _characters(data))
    if data is None:
        return b"", (head + end).encode()
    return head.encode(), None


def text_block(head: str, text: str, name: str = "data") -> bytes:
    """Return the block of an event whose data is *text*, of no subclass of ``str``, after the fields in *head*.

    *name*: the argument that *text* was, for the ``ValueError`` about a lone surrogate in it.
    """
    lines = line_feeds(text) if "\r" in text else text
    if "\n" in lines:
        lines = lines.replace("\n", "\ndata: ")
    try:
        # With a blank after each colon, for the reader drops one: it would take that of the text.
        return f"{head}data: {lines}\n\n".encode()
    except UnicodeEncodeError:
        raise _lone_surrogate(name, text) from None


def _json_block(head: bytes, document: bytes) -> bytes:
    # LF or CR, of an encoder with an indent. By number: for bytes within bytes CPython 3.11 takes ten times as long.
    if 10 in document or 13 in document:
        document = document.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
    return b"".join((head, b"data: ", document, b"\n\n"))


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {value!r}")
    text = _characters(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _lone_surrogate(name, text) from None
    return text


def _lone_surrogate(name: str, text: str) -> ValueError:
    place, surrogate = next(found for found in enumerate(text) if "\ud800" <= found[1] <= "\udfff")
    return ValueError(f"{name} must not hold a lone surrogate, got {surrogate!r} at {place}")


def _characters(text: str) -> str:
    # A proxy, such as werkzeug's LocalProxy, has the class of its text, but is no str.
    return exact(text) if issubclass(type(text), str) else str(text)


def _line(name: str, value: object) -> str:
    text = _text(name, value)
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"{name} must be one line without NUL (WHATWG HTML, Section 9.2.5), got {text!r}")
    return text


def _identifier(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return _line("id", value)


def _milliseconds(retry: object) -> int:
    if not isinstance(retry, int) or isinstance(retry, bool):
        raise TypeError(f"retry must be an int, in milliseconds, got {retry!r}")
    if retry < 0:
        raise ValueError(f"retry must not be negative, got {retry!r}")
    return int(retry)
