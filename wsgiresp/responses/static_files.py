"""``serve_files``: the files of a folder, as a WSGI application.

The order in which a request looks for files is text, and decided in :mod:`wsgiresp._protocol.site_lookup`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from wsgiresp._files.beneath_root import stays_beneath
from wsgiresp._files.safe_open import NotRegularError, stat_regular
from wsgiresp._protocol.caching import MaxAge, cache_control
from wsgiresp._protocol.header_validation import Field, extend
from wsgiresp._protocol.representation import has, without
from wsgiresp._protocol.site_lookup import VARY, Site, Step, lookups, slash_location, varies
from wsgiresp._runtime.server_profile import raise_for_server
from wsgiresp._types import HeaderFields, Prepared, send

from .base import Response
from .etag_argument import CarriedError, ETag, carrying_errors, checked_etag
from .file import FileResponse
from .media_types import MediaTypes
from .offload import Offload
from .redirect import RedirectResponse
from .text import PlainTextResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from wsgiresp._types import StartResponse, WSGIEnvironment

AgeOfPath: TypeAlias = "Callable[[str], MaxAge | None]"

# The client gets one answer for all of them: a file that must not be read is like one that does not exist.
_UNSERVABLE = (FileNotFoundError, IsADirectoryError, PermissionError, NotRegularError)

# A cache may keep a 404 and a 414 for as long as it likes (RFC 9110, Section 15.1), and a file be deployed meanwhile.
_NO_CACHE: Field = ("Cache-Control", "no-cache")
_NOT_ALLOWED = PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})

_NOT_FOUND_PAGE = "404.html"
# Fields that are given for files, and are not true of the page that is sent because there is no file.
_OF_A_FILE = frozenset({"accept-ranges", "cache-control", "cdn-cache-control", "etag", "expires", "last-modified"})


def serve_files(
    root: str | os.PathLike[str],
    *,
    index: str | None = None,
    max_age: MaxAge | AgeOfPath | None = None,
    etag: ETag = True,
    headers: HeaderFields | None = None,
    offload: Offload | None = None,
    accept_ranges: bool = True,
    media_types: Mapping[str, str] | None = None,
    fallback: str | None = None,
) -> WSGIApplication:
    """Return a WSGI application that serves the files in the folder *root*, by the path of the request.

    *index*: the name of the file that stands for a folder; without it folders are not found. A folder that is asked for
    without a slash at the end is a redirect to the address with one; so is the mount point.

    *max_age* (seconds), *etag*, *headers*, *offload* and *accept_ranges* are those of :class:`FileResponse`, for each
    file. *max_age* may also be a function of the path (relative, with slashes), and a function as *etag* gets the same
    path; what these functions raise is raised by the application. Without *max_age*, and where the function returns
    None, files are sent with ``Cache-Control: no-cache``, unless *headers* has a Cache-Control or an Expires.
    *media_types*: the media types of endings, ``{".ext": "type/subtype"}``, asked before ours and in the place of
    ``FileResponse.media_types``.

    *fallback*: the page of a single-page application, relative to *root*. It is the answer, 200 with ``no-cache``, to a
    path that names no file, has no dot in its last segment and no segment that begins with one, where Accept names HTML
    or where it names no type at all and the request is not one of ``fetch()``, a script, an image and the like.

    A path that does not exist, is no regular file, must not be read, or lies outside *root* is a 404 with ``no-cache``.
    Its body is ``404.html`` of *root* if there is that file and an *index*. Another method than
    GET and HEAD is a 405, and a redirect that would be longer than 16384 characters is a 414.

    Raises ``NotADirectoryError`` where *root* is no folder, ``ValueError`` where *index* or *fallback* is no path
    beneath it, the errors of :class:`FileResponse` where *fallback* is no file, ``ValueError`` for an *etag* that can
    be no entity-tag, and ``TypeError`` or ``ValueError`` for *media_types* that map anything but endings to types.

    .. versionchanged:: 0.2
        *accept_ranges*, *media_types*, *fallback*, ``404.html``, and the redirect of the mount point are new; *etag*
        may be a function; ``no-cache`` is the default.
    """
    folder = os.path.abspath(os.fsdecode(root))
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"root must be a folder, got {root!r}")
    for argument, name in (("index", index), ("fallback", fallback)):
        if name is not None and not (name and stays_beneath(name)):
            raise ValueError(f"{argument} must be a path beneath root, got {name!r}")
    if fallback is not None:
        stat_regular(fallback, folder)
    if offload is not None and not accept_ranges:
        raise ValueError("accept_ranges=False and offload exclude each other: the server in front answers ranges")
    checked_etag(etag, folder)
    options: _FileOptions = {
        # An error that the function raises is not that of a missing file.
        "etag": carrying_errors(etag) if callable(etag) else etag,
        "offload": offload,
        "accept_ranges": accept_ranges,
    }
    return _Folder(folder, Site(index, fallback), max_age, headers, _with_types(media_types), options)


class _FileOptions(TypedDict):
    """Arguments of FileResponse that are the same for each file of the folder."""

    etag: ETag
    offload: Offload | None
    accept_ranges: bool


class _Folder:
    def __init__(
        self,
        root: str,
        site: Site,
        max_age: MaxAge | AgeOfPath | None,
        headers: HeaderFields | None,
        file_class: type[FileResponse],
        options: _FileOptions,
    ) -> None:
        self._root = root
        self._site = site
        self._max_age: MaxAge | AgeOfPath | None = carrying_errors(max_age) if callable(max_age) else max_age
        self._file_class = file_class
        # What is wrong with them is said now, not to a client.
        self._fields: list[Field] = []
        apart = extend(self._fields, headers or ())
        self._fields.extend(apart.values())
        self._options = options
        if max_age is not None and not callable(max_age):
            cache_control(max_age)
        # Beside an Expires, no-cache would win (RFC 9111, Section 5.3).
        self._default_age: MaxAge | None = None if has(self._fields, "expires") else 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request of *environ* (PEP 3333)."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _NOT_ALLOWED(environ, start_response)
        failed: Exception
        try:
            prepared = self._prepare(environ)
        except CarriedError as carried:
            failed = carried.error
        except OSError as error:
            failed = error
        else:
            return send(prepared, start_response)
        # Here, so that the error of a function keeps the cause and the context that the function gave it.
        if isinstance(failed, OSError):
            raise_for_server(failed, environ)
        raise failed

    def _prepare(self, environ: WSGIEnvironment) -> Prepared:
        path = _path_of(environ)
        if path is None:
            return self._not_found(path, environ)
        is_folder = not path
        for step, name in lookups(self._site, path, environ):
            if step is Step.REDIRECT and not is_folder:
                continue
            try:
                return self._answer(step, name, environ).prepare(environ)
            except _UNSERVABLE as error:
                if not stays_beneath(path):
                    break  # such a path is no route either
                is_folder = isinstance(error, IsADirectoryError)
        return self._not_found(path, environ)

    def _answer(self, step: Step, name: str, environ: WSGIEnvironment) -> Response:
        """Return the answer that *step* makes of the path *name*; raises where its file cannot be sent."""
        if step is Step.FILE:
            age = self._max_age(name) if callable(self._max_age) else self._max_age
            return self._file(name, self._fields, self._default_age if age is None else age)
        if step is Step.FALLBACK:
            # Not max_age: tomorrow there may be a file at this address.
            return self._file(name, [*self._fields, VARY], 0)
        location = slash_location(environ)
        if location is None:
            return PlainTextResponse("URI Too Long", 414, headers=[_NO_CACHE])
        return RedirectResponse(location, allowed_hosts=())

    def _file(self, name: str, fields: list[Field], age: MaxAge | None) -> FileResponse:
        return self._file_class(name, headers=fields, root=self._root, max_age=age, **self._options)

    def _not_found(self, path: str | None, environ: WSGIEnvironment) -> Prepared:
        fields = [_NO_CACHE, VARY] if path is not None and varies(self._site, path) else [_NO_CACHE]
        if self._site.index is not None:
            given = without(self._fields, _OF_A_FILE)
            try:
                page = self._file_class(_NOT_FOUND_PAGE, 404, [*given, *fields], root=self._root, **self._options)
                return page.prepare(environ)
            except _UNSERVABLE:
                pass
        return PlainTextResponse("Not Found", 404, fields).prepare(environ)


def _with_types(media_types: Mapping[str, str] | None) -> type[FileResponse]:
    if media_types is None:
        return FileResponse
    own = MediaTypes("media_types", media_types)

    class FileOfFolder(FileResponse):
        media_types = own

    return FileOfFolder


def _path_of(environ: WSGIEnvironment) -> str | None:
    """Return the requested path, relative to the folder; None where it can be no file name."""
    try:
        # PEP 3333, "Unicode Issues": the server has decoded the percent-encoding, and the bytes as latin-1.
        return os.fsdecode(environ.get("PATH_INFO", "").encode("latin-1")).removeprefix("/")
    except UnicodeError:  # not latin-1; on Windows also bytes that are not UTF-8
        return None
