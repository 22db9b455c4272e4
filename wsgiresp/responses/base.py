"""``Response``: a known body with its status and its header fields, as a WSGI callable."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from werkzeug.utils import get_content_type

from wsgiresp._protocol.content import LENGTHS, OCTET_STREAM, TYPES, UTF8_TYPES, content_length
from wsgiresp._protocol.header_validation import Field, extend, pairs
from wsgiresp._protocol.status import BODILESS, LINES_WITH_CONTENT, parse
from wsgiresp._types import Background, HeaderFields, Prepared
from wsgiresp.background import BodyWithTask, require_callable
from wsgiresp.responses._werkzeug.body import WerkzeugBody, absolute_location
from wsgiresp.responses._werkzeug.cookie_methods import CookieMethods
from wsgiresp.responses.wrong_content import require_content, wrong_content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsgiresp._types import StartResponse, WSGIEnvironment

_RENDERED = (str, bytes, bytearray, memoryview, NoneType)


class WerkzeugWords(TypedDict, total=False):
    """The arguments of werkzeug's Response, by its own names."""

    response: Any
    status: int | str | None
    mimetype: str | None
    content_type: str | None
    direct_passthrough: bool


class Response(CookieMethods, WerkzeugBody):
    """An answer whose body is known: Starlette's ``Response``, as a WSGI callable that is werkzeug's ``Response`` too.

    *content*: ``str``, ``bytes``, ``bytearray``, ``memoryview`` or None. *status_code*: 100 to 999. *headers*: a
    mapping, or pairs that may repeat a name. *media_type*: the Content-Type; text gets ``; charset=utf-8``.
    *background*: a BackgroundTask or BackgroundTasks, run after the response.

    *words* are werkzeug's arguments, for factories that know no others: ``response``, ``status`` (also a line such as
    ``"404 Gone Fishing"``), ``mimetype``, ``content_type`` (taken as it is), ``direct_passthrough``. In a call that
    uses one of them the content may be an iterable of chunks, as in werkzeug.

    One response can answer many requests, also at once: calling it changes nothing in it.

    Raises ``TypeError`` for content of another type, and ``ValueError`` for a status, a header or a media type that
    HTTP does not allow, and for a ``Content-Length`` that is not the body's.
    """

    media_type: str | None = None
    charset = "utf-8"
    background: Background | None = None
    default_mimetype = None
    _is_prepared_plainly = True

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        media_type: str | None = None,
        background: Background | None = None,
        **words: Unpack[WerkzeugWords],
    ) -> None:
        line = LINES_WITH_CONTENT.get(status_code)
        if line is None or words or type(status_code) is not int:
            self._init_by_words(content, status_code, headers, media_type, background, words)
            return
        self._status = line
        if media_type is None:
            media_type = self.media_type
        else:
            self.media_type = media_type
        body = self.render(content)
        if type(body) is not bytes:
            body = _exact_bytes(body)
        self._body = body
        if media_type is None:
            media_type = OCTET_STREAM if body and not isinstance(content, str) else "text/plain"
        self._type_field = (UTF8_TYPES if self.charset == "utf-8" else TYPES[self.charset])[media_type]
        if background is not None:
            if not callable(background):
                require_callable("background", background)
            self.background = background
        if headers:
            apart = extend(self._field_list(), headers)
            if apart:
                self._take_content_fields(apart)

    def render(self, content: Any) -> bytes:
        """Return the body for *content*; a subclass puts its own encoding here, as in Starlette."""
        if isinstance(content, str):
            return content.encode(self.charset)
        if content is None:
            return b""
        if isinstance(content, (bytes, bytearray, memoryview)):
            return bytes(content)
        raise wrong_content(type(self).__name__, content)

    def prepare(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer to the request of *environ*, decided: see :class:`Prepared`.

        Raises ``ValueError`` where the headers announce another length than the body has, and ``RuntimeError`` where
        the body is an iterator that has been sent already.
        """
        fields = self._fields
        body = self._body
        if body is None:
            return self._prepare_unfolded(environ)
        is_head = environ.get("REQUEST_METHOD") == "HEAD"  # werkzeug takes get_wsgi_headers({})
        fields = self._plain_fields(body) if fields is None else self._settled_fields(fields, len(body), is_head)
        if self.autocorrect_location_header:
            fields = absolute_location(fields, environ)
        chunks: tuple[bytes, ...] = () if is_head else (body,)
        if self.background is not None:
            # Not close_steps(): there is nothing to close.
            return Prepared(self._status, fields, BodyWithTask(chunks, self.background))
        return Prepared(self._status, fields, chunks)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request of *environ* (PEP 3333)."""
        # The fields first: _unfold() takes the body away before it changes them.
        fields = self._fields
        body = self._body
        if body is not None and environ["REQUEST_METHOD"] != "HEAD" and self._is_prepared_plainly:
            # What prepare() would say, without its object: 0.25 us less, a fifth of the whole.
            if fields is None:
                fields = [self._type_field, LENGTHS[len(body)]]
            else:
                fields = self._settled_fields(fields, len(body), is_head=False)
                if self.autocorrect_location_header:  # set on this response: a class that sets it is not plain
                    fields = absolute_location(fields, environ)
            if self.background is None:
                start_response(self._status, fields)
                return (body,)
            body_with_task = BodyWithTask((body,), self.background)
            try:
                start_response(self._status, fields)
            except BaseException:
                body_with_task.close()
                raise
            return body_with_task
        return super().__call__(environ, start_response)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._is_prepared_plainly = (
            cls.prepare is Response.prepare
            and cls.automatically_set_content_length
            and not cls.autocorrect_location_header
        )

    @property
    def body(self) -> bytes:
        """The bytes of the body; text or bytes may be assigned, and Content-Length follows."""
        return self.get_data()

    @body.setter
    def body(self, body: bytes | str) -> None:
        self.set_data(body)

    @property
    def status_code(self) -> int:
        """The code of the status line; what is assigned takes the phrase of its code."""
        return int(self._status[:3])

    @status_code.setter
    def status_code(self, code: int) -> None:
        self.status = code

    def _clean_status(self, value: Any) -> tuple[str, int]:
        # Every assignment of status and status_code comes here; werkzeug's own lets a line break through.
        line, code = parse(value)
        if code in BODILESS:
            self._unfold()  # the plain form is for answers with content
        return line, code

    def _take_background(self, background: Background) -> None:
        require_callable("background", background)
        self.background = background

    def _take_content_fields(self, apart: dict[str, Field]) -> None:
        """Put the user's Content-Type in the place of ours; take a Content-Length that is true of the body.

        Where there is no body it may be that of the one which only GET makes (RFC 9110, Section 8.6).
        """
        fields = self._field_list()
        if "content-type" in apart:
            fields[0] = apart["content-type"]
        if "content-length" in apart:
            name, text = apart["content-length"]
            length = content_length(text)
            if self._body and length != len(self._body):
                raise ValueError(f"{name} must be the {len(self._body)} bytes of the body, got {length}")
            self.headers[name] = text

    def _init_by_words(
        self,
        content: Any,
        status_code: Any,
        headers: HeaderFields | None,
        media_type: str | None,
        background: Background | None,
        words: WerkzeugWords,
    ) -> None:
        unknown = words.keys() - WerkzeugWords.__annotations__.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__}() has no argument {min(unknown)!r}")
        given: dict[str, Any] = {word: value for word, value in words.items() if value is not None}
        line, _ = parse(given.get("status", self.default_status if status_code is None else status_code))
        fields: list[tuple[str, Any]] = pairs(headers) if headers else []
        # Behind the headers, where the last Content-Type wins: in werkzeug these two stand above them.
        if "content_type" in given:
            fields.append(("Content-Type", given["content_type"]))
        elif "mimetype" in given:
            fields.append(("Content-Type", _with_charset(given["mimetype"], self.charset)))
        chunks = given.get("response")
        if chunks is not None and content is not None:
            raise TypeError(f"content and response are two words for one argument, got {content!r} beside response=")
        if chunks is None and type(self).render is Response.render and not isinstance(content, _RENDERED):
            content, chunks = None, content
        Response.__init__(self, content, 200, fields, media_type, background)
        self.status = line
        if "direct_passthrough" in given:
            self.direct_passthrough = given["direct_passthrough"]
        if isinstance(chunks, (str, bytes, bytearray)):
            self.set_data(chunks)
        elif chunks is not None:
            require_content(type(self).__name__, chunks)
            self.response = chunks


def _exact_bytes(body: object) -> bytes:
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise TypeError(f"render() must return bytes, got {body!r}")


def _with_charset(mimetype: object, charset: str) -> str:
    if not isinstance(mimetype, str):
        raise TypeError(f"mimetype must be a str, got {mimetype!r}")
    return get_content_type(mimetype, charset)
