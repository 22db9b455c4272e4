"""``FileResponse``: a file, or the part of it that the request asks for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

from wsgiresp._files import transmit
from wsgiresp._files.content_names import content_name
from wsgiresp._files.file_sources import CAN_DELETE_WHAT_IS_OPEN, DeleteFile, HandleSource, OpenHandle, PathSource
from wsgiresp._files.length_check import UnsizedSource
from wsgiresp._files.safe_open import OpenFile, stat_regular
from wsgiresp._protocol.caching import MaxAge, cache_control
from wsgiresp._protocol.content import LENGTHS, TYPES
from wsgiresp._protocol.disposition import content_disposition
from wsgiresp._protocol.header_validation import Field, extend
from wsgiresp._protocol.ranges import select
from wsgiresp._protocol.representation import has, without
from wsgiresp._protocol.status import LINES_WITH_CONTENT, parse
from wsgiresp._runtime.close_order import ClosingBody, Step, run_each
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._types import Background, HeaderFields, Prepared

from ._werkzeug.body import WerkzeugBody
from .base import Response
from .close_steps import close_steps
from .etag_argument import ETag, checked_etag
from .file_answer import OK, file_answer
from .file_validators import add_content_tag, add_given_tag, add_validators
from .media_types import MediaTypes, guessed, unpacked
from .offload import Offload
from .range_rules import range_rule, refuse_ranges

if TYPE_CHECKING:
    from wsgiresp._protocol.file_endings import Compression
    from wsgiresp._types import WSGIEnvironment

_LENGTH = frozenset({"content-length"})


class FileResponse(Response):
    """The file at *path*, answered as RFC 9110 has it: preconditions, one range or several, HEAD.

    *path*: ``str``, ``PathLike``, or an open binary file object, which is sent from where it stands, once, and closed.
    *filename*: the name to save it by; it makes a Content-Disposition of *content_disposition_type*. *media_type*:
    by default that of the ending of *filename* or *path*. *stat_result* saves a look at the path; the answer depends on
    the open file alone. The attribute ``media_types`` of a subclass maps endings to media types of its own,
    ``{".ext": "type/subtype"}``; a mistake in it raises ``TypeError`` or ``ValueError`` when the class is made.

    *status_code*, *headers* and *background* are as for :class:`Response`.

    *root*: the folder that *path* is relative to and must stay in; give it whenever *path* comes from a request.
    *max_age*: seconds or a timedelta for Cache-Control, 0 to have it checked each time, ``"immutable"`` for a name that
    changes with the content. *delete_after* removes the file, whatever the answer is.
    *etag*: True for a tag of time and size, which copies of the file share; False for none; a text, which is an
    entity-tag (``"x"``, ``W/"x"``) or is put in quotes; or a function of the path, as it was given, and the ``stat``
    result of the file, called for each request, which returns such a text or None for no tag. An error of the
    function is not caught. A file object takes no function.
    *offload*: :class:`XAccelRedirect` or :class:`XSendfile`, to let the server in front send the file where the status
    is 200; a subclass may set it for all its responses. *accept_ranges*: False to send all of it for a Range too, with
    ``Accept-Ranges: none``; with *offload* the server in front answers ranges, so that this is a ``ValueError``.

    A part of a page that is compressed on disk (``app.js.gz``, ``pic.svgz``) has the type of its content and a
    Content-Encoding; other compressed files have the type of their compression. *media_type* and a given
    Content-Encoding take the place of that.

    A header that is given wins over the one of that name made here. Raises ``FileNotFoundError``,
    ``IsADirectoryError`` and ``PermissionError`` for the file, and ``ValueError`` for a device, and for an *etag* that
    can be no entity-tag.

    .. versionchanged:: 0.2
       *accept_ranges* is new. ``PermissionError`` comes from the constructor without *root* too. With *root*, names
       that lead elsewhere on Windows alone, such as ``aux.png``, are refused there alone. Media types do not depend on
       the machine; ``media_types``; Content-Encoding of parts of pages. *etag* may be a text or a function; the tag of
       a file no longer contains its inode number, and a file whose time is before 2001 has no Last-Modified.
    """

    direct_passthrough = True
    offload: Offload | None = None
    media_types: ClassVar[Mapping[str, str] | None] = None
    _source: PathSource | HandleSource
    _is_one_shot = False
    _accepts_ranges = True
    _deletion: DeleteFile | None = None
    _age: Field | None = None  # what max_age says

    def __init__(
        self,
        path: str | os.PathLike[str] | BinaryIO,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        media_type: str | None = None,
        background: Background | None = None,
        filename: str | None = None,
        stat_result: os.stat_result | None = None,
        content_disposition_type: str = "attachment",
        *,
        root: str | os.PathLike[str] | None = None,
        max_age: MaxAge | None = None,
        etag: ETag = True,
        delete_after: bool = False,
        offload: Offload | None = None,
        accept_ranges: bool = True,
    ) -> None:
        disposition = None if filename is None else content_disposition(filename, content_disposition_type)
        self.path = path
        self.filename = filename
        if type(path) is not str and hasattr(path, "read") and not hasattr(path, "__fspath__"):
            if root is not None or delete_after or offload is not None:
                raise ValueError(f"root, delete_after and offload are for a path, got the file object {path!r}")
            self._etag = checked_etag(etag, None)
            name, is_as_stored = self._take_object(path)
        else:
            name, is_as_stored = path if type(path) is str else os.fsdecode(path), True
            self._etag = etag if etag is True else checked_etag(etag, name)
            folder = root if root is None or type(root) is str else os.fsdecode(root)
            is_read_here = delete_after or status_code != 200 or (offload or self.offload) is None
            source = PathSource(name, folder, stat_result, is_read_here=is_read_here)
            self._take_path(source, delete_after, offload)
        if not accept_ranges:
            self._refuse_ranges()
        line = LINES_WITH_CONTENT.get(status_code)
        self._status = parse(status_code)[0] if line is None or type(status_code) is not int else line
        if background is not None:
            self._take_background(background)
        packed = None
        media_type = media_type or self.media_type
        if not media_type:
            media_type, packed = guessed(name, self.media_types)
            if filename:
                media_type, _ = guessed(filename, self.media_types)
        self.media_type = media_type
        self._fields = [TYPES[self.charset][media_type]]
        if headers:
            apart = extend(self._fields, headers)
            self._take_content_fields(apart)
            if "content-type" in apart:
                packed = None
        if disposition is not None:
            self._add("Content-Disposition", disposition)
        if packed is not None and is_as_stored:
            self._unpack(packed, filename, content_disposition_type)
        if max_age is not None:
            age = "Cache-Control", cache_control(max_age)
            if self._add(*age):
                self._age = age

    def prepare(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer to the request of *environ*, with the file open: see :class:`Prepared`.

        Raises as the constructor does where the file is no longer there, ``RuntimeError`` where it could be sent only
        once and was, and ``ValueError`` where the headers announce another length than it has.
        """
        source = self._source
        if self._response is not source:
            return self._prepare_unfolded(environ)  # somebody has put another body in its place
        if self.offload is not None and self._status == OK and (offloadable := self._offloadable()) is not None:
            return self._offloaded(offloadable, self.offload)
        opened = self._open_once() if self._is_one_shot else source.open()
        try:
            fields = self._field_list().copy()
            if self._status == OK:
                if not self._accepts_ranges:
                    refuse_ranges(fields)
                add_validators(fields, opened, self._etag)
                if self._etag is True and isinstance(opened, OpenHandle) and opened.length is not None:
                    add_content_tag(environ, fields, opened, self._accepts_ranges)
            spans_of = range_rule(opened, self._accepts_ranges) if "HTTP_RANGE" in environ else select
            status, fields, content = file_answer(environ, self._status, fields, opened.length, spans_of)
            steps = self._steps() if self._on_close or self.background is not None else ()
        except BaseException:
            opened.close()
            raise
        if self._age is not None and status[0] == "4" and status != self._status:
            # A cache that kept a 416 as long as the file would give it to those who ask for the whole.
            fields = [field for field in fields if field != self._age]
        if content is None:
            run_each([opened.close])
            return Prepared(status, fields, ClosingBody((), list(steps)) if steps else ())
        return Prepared(status, fields, transmit.file_body(ServerProfile(environ), opened, content, steps))

    # The shorter way of Response is for bodies that are known.
    __call__ = WerkzeugBody.__call__

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.media_types is not None:
            cls.media_types = MediaTypes.of(f"media_types of {cls.__name__}", cls.media_types)

    def make_conditional(self, *_: Any, **__: Any) -> Self:
        """Return the response as it is: werkzeug's word for what :meth:`prepare` does anyway."""
        return self

    def _take_path(self, source: PathSource, delete_after: bool, offload: Offload | None) -> None:
        self._response = self._source = source
        if offload is not None:
            if delete_after:
                raise ValueError("delete_after and offload exclude each other: the server in front opens it later")
            self.offload = offload
        if delete_after:
            self._is_one_shot = True
            self._deletion = DeleteFile(source)
            # Whatever becomes of the response, and where an open file cannot be deleted.
            self._on_close = [self._deletion]

    def _take_object(self, handle: Any) -> tuple[str, bool]:
        self._response = self._source = HandleSource(handle)
        self._is_one_shot = True
        if hasattr(handle, "close"):
            self._on_close = [handle.close]
        return content_name(handle)

    def _unpack(self, packed: Compression, filename: str | None, content_disposition_type: str) -> None:
        """Answer with a Content-Encoding, and the type of the content, if the client is to unpack the file."""
        if self._offloadable() is not None:
            return  # nginx drops a Content-Encoding beside X-Accel-Redirect, and mod_xsendfile does so too
        is_shown = filename is None or content_disposition_type.lower() == "inline"
        fields = self._field_list()
        found = unpacked(packed, filename or None, is_shown, fields, self.media_types)
        if found is not None:
            self.media_type, coding = found
            fields[0] = TYPES[self.charset][self.media_type]
            self._add("Content-Encoding", coding)

    def _refuse_ranges(self) -> None:
        if self._offloadable() is not None:
            raise ValueError("accept_ranges=False and offload exclude each other: the server in front answers ranges")
        self._accepts_ranges = False

    def _offloadable(self) -> PathSource | None:
        """Return the source that the server in front sends in answers with status 200; None if it is sent from here.

        Another status is never left to that server: nginx would make a 200 of it.
        """
        source = self._source
        is_left = self.offload is not None and self._deletion is None
        return source if is_left and isinstance(source, PathSource) else None

    def _add(self, name: str, text: str) -> bool:
        """Add a field, unless the user gave one of that *name*; return whether it was added."""
        fields = self._field_list()
        is_new = not has(fields, name.lower())
        if is_new:
            fields.append((name, text))
        return is_new

    def _open_once(self) -> OpenFile | OpenHandle | UnsizedSource:
        if self._is_spent:
            raise RuntimeError("the file can be sent only once, and was: make a response for each request")
        try:
            opened = self._source.open()
        except BaseException:
            if self._deletion is not None:  # the answer is an error, and nobody else knows of the file
                run_each([self._deletion])
            raise
        self._is_spent = True
        if self._deletion is not None and CAN_DELETE_WHAT_IS_OPEN:
            run_each([self._deletion])
        return opened

    def _offloaded(self, source: PathSource, offload: Offload) -> Prepared:
        """Return the 200 that leaves conditions, ranges and the length to the server in front."""
        status = stat_regular(source.path, source.root)
        fields = [*without(self._field_list(), _LENGTH), offload.field(source.real_path()), LENGTHS[0]]
        add_given_tag(fields, status, self._etag)
        steps = self._steps()
        return Prepared(self._status, fields, ClosingBody((), steps) if steps else ())

    def _steps(self) -> list[Step]:
        """What the body's ``close()`` does once the file is closed."""
        return close_steps(self, closes=bool(self._on_close))
