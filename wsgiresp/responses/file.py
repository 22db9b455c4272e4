"""``FileResponse``: a file, or the part of it that the request asks for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from wsgiresp._files import transmit
from wsgiresp._files.file_sources import CAN_DELETE_WHAT_IS_OPEN, DeleteFile, HandleSource, OpenHandle, PathSource
from wsgiresp._files.safe_open import OpenFile, stat_regular
from wsgiresp._protocol.caching import MaxAge, cache_control
from wsgiresp._protocol.content import LENGTHS, TYPES
from wsgiresp._protocol.disposition import content_disposition
from wsgiresp._protocol.header_validation import Field, extend
from wsgiresp._protocol.representation import without
from wsgiresp._protocol.status import LINES_WITH_CONTENT, parse
from wsgiresp._runtime.close_order import ClosingBody, Step, run_each
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._types import Background, HeaderFields, Prepared

from .base import Response
from .close_steps import close_steps
from .file_answer import OK, file_answer
from .file_validators import add_validators
from .media_types import guessed
from .offload import Offload

if TYPE_CHECKING:
    from wsgiresp._types import WSGIEnvironment

_LENGTH = frozenset({"content-length"})


class FileResponse(Response):
    """The file at *path*, answered as RFC 9110 has it: preconditions, one range or several, HEAD.

    *path*: ``str``, ``PathLike``, or an open binary file object, which is sent from where it stands, once, and closed.
    *filename*: the name to save it by; it makes a Content-Disposition of *content_disposition_type*. *media_type*:
    where it is not given, what the end of *filename* or *path* stands for. *stat_result* saves a look at the path; what
    is sent is told from the open file alone.

    *status_code*, *headers* and *background* are as for :class:`Response`.

    *root*: the folder that *path* is relative to and must stay in; give it whenever *path* comes from a request.
    *max_age*: seconds or a timedelta for Cache-Control, 0 to have it checked each time, ``"immutable"`` for a name that
    changes with the content. *etag*: False for none. *delete_after* removes the file, whatever the answer is.
    *offload*: :class:`XAccelRedirect` or :class:`XSendfile`, to let the server in front send the file; a subclass may
    set it for all its responses.

    A header that is given wins over the one of that name made here. Raises ``FileNotFoundError``,
    ``IsADirectoryError`` and ``PermissionError`` for the file, and ``ValueError`` for a device.
    """

    direct_passthrough = True
    offload: Offload | None = None
    _source: PathSource | HandleSource
    _is_one_shot = False
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
        etag: bool = True,
        delete_after: bool = False,
        offload: Offload | None = None,
    ) -> None:
        disposition = None if filename is None else content_disposition(filename, content_disposition_type)
        self.path = path
        self.filename = filename
        self._has_etag = etag
        if hasattr(path, "read") and not hasattr(path, "__fspath__"):
            if root is not None or delete_after or offload is not None:
                raise ValueError(f"root, delete_after and offload are for a path, got the file object {path!r}")
            name = self._take_object(path)
        else:
            name = os.fsdecode(path)
            self._take_path(
                PathSource(name, None if root is None else os.fsdecode(root), stat_result), delete_after, offload
            )
        line = LINES_WITH_CONTENT.get(status_code)
        self._status = parse(status_code)[0] if line is None or type(status_code) is not int else line
        if background is not None:
            self._take_background(background)
        media_type = self.media_type = media_type or self.media_type or guessed(filename or name)
        self._fields = [TYPES[self.charset][media_type]]
        if headers:
            self._take_content_fields(extend(self._fields, headers))
        if disposition is not None:
            self._add("Content-Disposition", disposition)
        if max_age is not None:
            self._age = "Cache-Control", cache_control(max_age)
            self._add(*self._age)

    def prepare(self, environ: WSGIEnvironment) -> Prepared:
        """Return the answer to the request of *environ*, with the file open: see :class:`Prepared`.

        Raises as the constructor does where the file is no longer there, ``RuntimeError`` where it could be sent only
        once and was, and ``ValueError`` where the headers announce another length than it has.
        """
        source = self._source
        if self._response is not source:
            return self._prepare_unfolded(environ)  # somebody has put another body in its place
        if self.offload is not None and self._deletion is None and isinstance(source, PathSource):
            return self._offloaded(source, self.offload)
        opened = self._open_once() if self._is_one_shot else source.open()
        try:
            fields = self._field_list().copy()
            if opened.length is not None and self._status == OK:
                add_validators(fields, opened.status, self._has_etag)
            status, fields, content = file_answer(environ, self._status, fields, opened.length)
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

    def _take_object(self, handle: Any) -> str:
        self._response = self._source = HandleSource(handle)
        self._is_one_shot = True
        if hasattr(handle, "close"):
            self._on_close = [handle.close]
        name = getattr(handle, "name", None)
        return name if isinstance(name, str) else ""

    def _add(self, name: str, text: str) -> None:
        """Add a field, unless the user gave one of that *name*."""
        fields = self._field_list()
        if not any(known.lower() == name.lower() for known, _ in fields):
            fields.append((name, text))

    def _open_once(self) -> OpenFile | OpenHandle:
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
        """Return the answer that leaves conditions, ranges and the length to the server in front."""
        stat_regular(source.path, source.root)
        fields = [*without(self._field_list(), _LENGTH), offload.field(source.real_path()), LENGTHS[0]]
        steps = self._steps()
        return Prepared(self._status, fields, ClosingBody((), steps) if steps else ())

    def _steps(self) -> list[Step]:
        """What the body's ``close()`` does once the file is closed."""
        return close_steps(self, closes=bool(self._on_close))
